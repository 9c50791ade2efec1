"""Red lines as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class RedlinesConfig(AppConfig):
    name = "homeroom.redlines"
