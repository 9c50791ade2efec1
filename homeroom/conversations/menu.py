"""The place of conversations in the main menu, and how many messages wait there."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from homeroom.ui.public import MenuEntry

from . import queries


def _of(request: Any) -> tuple[bool, int]:
    """Both answers, asked once a request."""
    person = getattr(request, "person", None)
    if person is None:
        return False, 0
    if not hasattr(request, "waiting_messages"):
        request.waiting_messages = queries.unread_of(person, now=timezone.now())
    found: tuple[bool, int] = request.waiting_messages
    return found


def _shown(request: Any) -> bool:
    return _of(request)[0]


def _badge(request: Any) -> int:
    return _of(request)[1]


MENU = MenuEntry(
    "conversations", _("Messages"), "message-circle", "conversations:list", shown=_shown, badge=_badge, order=15
)
