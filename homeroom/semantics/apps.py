"""Semantics as an application of Django: its words on screen."""

from __future__ import annotations

from django.apps import AppConfig


class SemanticsConfig(AppConfig):
    name = "homeroom.semantics"
