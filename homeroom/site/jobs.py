"""Finding the modules' jobs."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings


def load_module_jobs() -> None:
    """Import every module's jobs.py, which registers what is in it."""
    for module in settings.MODULES:
        if module != "homeroom.site" and find_spec(f"{module}.jobs"):
            import_module(f"{module}.jobs")
