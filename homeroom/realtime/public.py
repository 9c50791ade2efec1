"""What other modules may call, and what the server starts."""

from __future__ import annotations

from homeroom.realtime.gateway import (
    cut,
    hint,
    rights_moved,
    sessions_revoked,
    signed_out,
    socket_app,
    start,
    stop,
    touch,
)
from homeroom.realtime.protocol import GatewayProtocol
from homeroom.realtime.registries import register_arrivals, register_frames, register_topic
from homeroom.realtime.tokens import topic_token

__all__ = [
    "GatewayProtocol",
    "cut",
    "hint",
    "register_arrivals",
    "register_frames",
    "register_topic",
    "rights_moved",
    "sessions_revoked",
    "signed_out",
    "socket_app",
    "start",
    "stop",
    "topic_token",
    "touch",
]
