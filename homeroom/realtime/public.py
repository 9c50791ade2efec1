"""What other modules may call, and what the server starts."""

from __future__ import annotations

from homeroom.realtime.acts import USE_HTTP, Act, done, refusal, register_act
from homeroom.realtime.frames import event_tail
from homeroom.realtime.gateway import (
    answer,
    cut,
    hint,
    hint_whom,
    on_source,
    rights_moved,
    sessions_revoked,
    signed_out,
    start,
    stop,
    touch,
    wake_log,
)
from homeroom.realtime.logs import Heard, LogEntry, register_log
from homeroom.realtime.opening import UpgradingHttp
from homeroom.realtime.registries import register_arrivals, register_frames, register_greeting, register_topic
from homeroom.realtime.tokens import topic_token

__all__ = [
    "USE_HTTP",
    "Act",
    "Heard",
    "LogEntry",
    "UpgradingHttp",
    "answer",
    "cut",
    "done",
    "event_tail",
    "hint",
    "hint_whom",
    "on_source",
    "refusal",
    "register_act",
    "register_arrivals",
    "register_frames",
    "register_greeting",
    "register_log",
    "register_topic",
    "rights_moved",
    "sessions_revoked",
    "signed_out",
    "start",
    "stop",
    "topic_token",
    "touch",
    "wake_log",
]
