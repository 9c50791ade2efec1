"""The site: joins the modules when Django starts."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "homeroom.site"

    def ready(self) -> None:
        import_module("homeroom.site.reactions")
        import_module("homeroom.site.jobs").load_module_jobs()
