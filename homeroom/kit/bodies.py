"""How large a request may be, said beside the view that reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings

View = TypeVar("View", bound=Callable[..., Any])


def accepts(*, megabytes: int) -> Callable[[View], View]:
    """Let a view take bodies up to `megabytes`; without it the setting DATA_UPLOAD_MAX_MEMORY_SIZE is the limit.

    Put it outermost. The server keeps larger bodies from ever reaching a thread.
    """

    def mark(view: View) -> View:
        view.body_limit = megabytes * 2**20  # type: ignore[attr-defined]
        return view

    return mark


def body_limit(view: Callable[..., Any]) -> int:
    """The bytes a view takes."""
    return int(getattr(view, "body_limit", settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0))
