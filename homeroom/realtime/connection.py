"""What the hub keeps of each socket and of each stream somebody hears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from homeroom.realtime import frames, logs
from homeroom.realtime.identity import Identity


class Channel(Protocol):
    """What the hub needs of a WebSocket: `GatewayProtocol`, or a list in a test."""

    transport: asyncio.Transport

    def close_with(self, code: int, reason: str) -> None: ...


class Connection:
    """One socket: whose it is, where it stands in each stream, and what it watches."""

    __slots__ = (
        "again",
        "arrived",
        "blocked",
        "channel",
        "closed",
        "expiry",
        "frame_count",
        "frame_window",
        "greeted",
        "hint_timer",
        "hinted_at",
        "hints",
        "identity",
        "live",
        "pinged",
        "places",
        "streams",
        "topics",
        "transport",
        "wheel",
    )

    def __init__(self, channel: Channel, identity: Identity) -> None:
        self.channel = channel
        self.transport = channel.transport
        self.identity = identity
        self.blocked = False
        self.closed = False
        self.greeted = False
        self.live = False
        self.again = False
        self.pinged = False
        self.places: dict[str, int] | None = None  # while catching up
        self.arrived: dict[str, int] | None = None
        self.streams: tuple[Stream, ...] = ()
        self.topics: set[str] | None = None
        self.hints: dict[str, msgspec.Raw] | None = None
        self.hint_timer: asyncio.TimerHandle | None = None
        self.hinted_at = 0.0
        self.frame_window = 0.0
        self.frame_count = 0
        self.wheel = 0
        self.expiry: asyncio.TimerHandle | None = None

    def is_below(self, stream: str, number: int) -> bool:
        """Whether a row of this stream is from before the time its person sees."""
        heard = self.identity.streams.get(stream)
        return heard is not None and number <= heard.floor


class Stream:
    """A stream some connection of this process hears; `last` is the number all live connections have.

    `plain` says that the next number may simply be written, `direct` how, when one connection hears it and keeps up:
    nearly always. Both are kept by `settle`, so that a delivery touches as few objects as possible.
    """

    __slots__ = ("again", "direct", "filling", "head", "joining", "key", "last", "live", "plain", "sparse")

    def __init__(self, key: str) -> None:
        self.key = key
        self.head = frames.stream_head(key)
        self.sparse = logs.is_sparse(key)
        self.last: int | None = None
        self.live: list[Connection] = []
        self.joining: set[Connection] = set()
        self.filling = False
        self.again = False
        self.plain = False
        self.direct: Callable[[bytes], None] | None = None

    def settle(self) -> None:
        """Work out `plain` and `direct` after anything else has changed."""
        self.plain = self.last is not None and not self.joining and not self.filling
        alone = len(self.live) == 1 and len(self.head) <= frames.SHORT_HEAD and not self.sparse
        only = self.live[0] if alone else None
        self.direct = only.transport.write if only is not None and not only.blocked else None

    def told_of(self, about: int) -> list[Connection]:
        """The live ones who may hear of the row with this number."""
        if not self.sparse:
            return self.live
        return [connection for connection in self.live if not connection.is_below(self.key, about)]
