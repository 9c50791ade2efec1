"""Conversations over the socket: what is entered at the gateway."""

from __future__ import annotations

from homeroom.realtime.public import register_log

from .log import MOVED, MOVED_BY, SAID, Messages


def wire() -> None:
    """Enter conversations at the gateway; called by the site."""
    register_log(SAID, Messages(), moves=MOVED, moved_by=MOVED_BY)
