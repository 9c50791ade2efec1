"""Hints: live counts, somebody typing. Not in any log; at most two frames a second to one socket, the newest wins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import msgspec

from homeroom.realtime import frames
from homeroom.realtime.connection import Connection, Stream

if TYPE_CHECKING:
    from homeroom.realtime.identity import Identity

HINT_EVERY = 0.5
TOPICS_AT_MOST = 30


class Watching:
    """The part of the hub that shows hints."""

    loop: asyncio.AbstractEventLoop
    streams: dict[str, Stream]
    topics: dict[str, set[Connection]]

    def write(self, connection: Connection, data: bytes) -> None:
        raise NotImplementedError

    def hint(self, keys: Collection[str], payload: bytes, *, whom: Callable[[Identity], bool] | None = None) -> None:
        """Show `payload` (JSON) to whoever watches these topics or hears these streams; the newest one wins.

        A stream's key may go on after a slash (`p12/read`): several hints of one stream that do not replace each other.
        """
        raw = msgspec.Raw(payload)
        for key in keys:
            stream = self.streams.get(key.partition("/")[0])
            for connection in (*self.topics.get(key, ()), *(stream.live if stream else ())):
                if whom is None or whom(connection.identity):
                    self._hint_one(connection, key, raw)

    def greet(self, greetings: Collection[tuple[Connection, Mapping[str, bytes]]]) -> None:
        """Hints for connections that have just come."""
        for connection, hints in greetings:
            if hints and not connection.closed:
                connection.hints = {**(connection.hints or {}), **{key: msgspec.Raw(one) for key, one in hints.items()}}
                self._plan_hints(connection)

    def _hint_one(self, connection: Connection, key: str, raw: msgspec.Raw) -> None:
        if connection.closed:
            return
        if connection.hints is None:
            connection.hints = {}
        connection.hints[key] = raw
        self._plan_hints(connection)

    def _plan_hints(self, connection: Connection) -> None:
        if connection.hint_timer is None:
            wait = connection.hinted_at + HINT_EVERY - time.monotonic()
            if wait <= 0:
                self._flush_hints(connection)
            else:
                connection.hint_timer = self.loop.call_later(wait, self._flush_hints, connection)

    def _flush_hints(self, connection: Connection) -> None:
        connection.hint_timer = None
        hints, connection.hints = connection.hints, None
        if hints and not connection.closed and not connection.blocked:  # a client that is behind needs no hints
            connection.hinted_at = time.monotonic()
            self.write(connection, frames.control("hint", d=hints))

    def watching(self, connection: Connection, topics: Mapping[str, bytes], refused: Collection[str]) -> None:
        """The answer to `watch`: what each topic shows now; tokens that are too old or not allowed are refused."""
        if connection.closed:
            return
        for key, payload in topics.items():
            if connection.topics is None:
                connection.topics = set()
            if len(connection.topics) < TOPICS_AT_MOST:
                connection.topics.add(key)
                self.topics.setdefault(key, set()).add(connection)
                self._hint_one(connection, key, msgspec.Raw(payload))
        if refused:
            self.write(connection, frames.control("unwatched", k=list(refused)))

    def _unwatch(self, connection: Connection, topic: str) -> None:
        if connection.topics is not None and not connection.closed:
            connection.topics.discard(topic)
        watchers = self.topics.get(topic)
        if watchers is not None:
            watchers.discard(connection)
            if not watchers:
                del self.topics[topic]
