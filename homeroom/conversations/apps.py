"""Conversations as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "homeroom.conversations"
