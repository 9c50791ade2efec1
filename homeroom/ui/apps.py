"""The ui app."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class UiConfig(AppConfig):
    name = "homeroom.ui"

    def ready(self) -> None:
        if settings.DEBUG or settings.TESTING:
            # A translation edited a second ago shows at the next start; an installation compiles with `homeroom build`.
            from . import messages

            messages.compile_all()
