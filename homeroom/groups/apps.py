"""Groups as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class GroupsConfig(AppConfig):
    name = "homeroom.groups"
