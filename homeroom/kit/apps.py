"""Kit's two tables: the shared cache and the periodic jobs' clock."""

from __future__ import annotations

from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "homeroom.kit"
