"""Wording as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class WordingConfig(AppConfig):
    name = "homeroom.wording"
