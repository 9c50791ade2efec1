"""Work that is slow on purpose, such as checking a password, is done by a few at a time; said beside the view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def takes_turns(view: View) -> View:
    """Let those who post to this view wait for one another, each address for itself first.

    Put it outermost. The server lets them wait without a thread, and keeps threads free for everybody else.
    """
    view.takes_turns = True  # type: ignore[attr-defined]
    return view


def must_wait(view: Callable[..., Any]) -> bool:
    """Whether whoever posts to a view takes turns."""
    return bool(getattr(view, "takes_turns", False))
