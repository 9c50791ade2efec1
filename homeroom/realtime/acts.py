"""What clients do over the socket: an `act` frame is handed to the module that has entered its name.

Handlers run on the event loop and must not block: they look at what they keep in memory, put work into a queue, and
answer from wherever it is done (`answer`). What a handler cannot decide it refuses with `http`: the client then sends
the same over HTTP, under the same key, and gets its answer in words there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from homeroom.realtime import frames
from homeroom.realtime.connection import Connection
from homeroom.realtime.identity import Identity

log = logging.getLogger(__name__)

USE_HTTP = "http"


class Act(NamedTuple):
    """One act of one client: `id` is its own key, `data` what it says, still as JSON."""

    connection: Connection
    id: str
    do: str
    data: msgspec.Raw

    @property
    def identity(self) -> Identity:
        return self.connection.identity


Handler = Callable[[Sequence[Act]], Iterable[tuple[Act, str]]]

_handlers: dict[str, Handler] = {}


def register_act(name: str, handler: Handler) -> None:
    """`handler(acts)` begins what clients ask for under this name and returns those it refuses, each with why."""
    _handlers[name] = handler


def hand_over(asked: Sequence[Act]) -> dict[Connection, bytes]:
    """Begin these acts; returns what is to be said at once to those who are refused."""
    by_name: dict[str, list[Act]] = {}
    for act in asked:
        by_name.setdefault(act.do, []).append(act)
    refused: list[tuple[Act, str]] = []
    for name, same in by_name.items():
        handler = _handlers.get(name)
        try:
            refused += [(act, USE_HTTP) for act in same] if handler is None else handler(same)
        except Exception:
            log.exception("acts were not understood: %s", name)
            refused += [(act, USE_HTTP) for act in same]
    return joined((act.connection, refusal(act.id, why)) for act, why in refused)


def refusal(key: str, why: str) -> bytes:
    return frames.control("refused", id=key, why=why)


def done(key: str, data: Mapping[str, Any] | None = None) -> bytes:
    """The answer to an act that is done and stored."""
    return frames.control("acked", id=key, d=data or {})


def joined(answers: Iterable[tuple[Connection, bytes]]) -> dict[Connection, bytes]:
    """One piece of bytes for each connection."""
    pieces: dict[Connection, list[bytes]] = {}
    for connection, data in answers:
        pieces.setdefault(connection, []).append(data)
    return {connection: b"".join(parts) for connection, parts in pieces.items()}
