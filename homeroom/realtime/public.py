"""What other modules may call, and what the server starts."""

from __future__ import annotations

from homeroom.realtime.gateway import (
    cut,
    hint,
    rights_moved,
    sessions_revoked,
    signed_out,
    start,
    stop,
    touch,
)
from homeroom.realtime.opening import UpgradingHttp
from homeroom.realtime.registries import register_arrivals, register_frames, register_topic
from homeroom.realtime.tokens import topic_token

__all__ = [
    "UpgradingHttp",
    "cut",
    "hint",
    "register_arrivals",
    "register_frames",
    "register_topic",
    "rights_moved",
    "sessions_revoked",
    "signed_out",
    "start",
    "stop",
    "topic_token",
    "touch",
]
