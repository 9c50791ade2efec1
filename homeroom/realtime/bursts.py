"""Several events at once: what goes to the same connection is written together.

Ten notices in one commit are ten frames for each of five thousand sockets. Written one event after the other that is
fifty thousand system calls. Here each turn takes the next stretch of every waiting event, and as events of a burst
mostly go to the same people, one write carries all their frames to a socket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from homeroom.realtime.connection import Connection, Stream
from homeroom.realtime.frames import Delivery


class Pending:
    """An event with those who have not got it yet; `held` is an entry that was looked at and not written."""

    __slots__ = ("_entries", "delivery", "held")

    def __init__(self, delivery: Delivery, entries: Iterator[Any]) -> None:
        self.delivery = delivery
        self.held: tuple[Any, ...] = ()
        self._entries = entries

    def take(self) -> Iterator[Any]:
        """Stream, number, about, and again, from where the last turn ended."""
        held, self.held = self.held, ()
        return chain(held, self._entries) if held else self._entries


def next_stretch(
    work: Iterable[Pending],
    share: int,
    find: Callable[[str], Stream | None],
    is_next: Callable[[Stream, int], bool],
) -> tuple[dict[Connection, list[bytes]], list[Pending]]:
    """Frames by connection of at most `share` entries of each event, and the events that are not finished.

    An event behind an unfinished one gives no more than what comes next in its stream; the rest waits for its turn.
    """
    frames: dict[Connection, list[bytes]] = {}
    rest: list[Pending] = []
    for pending in work:
        delivery = pending.delivery
        flow = pending.take()
        taken = 0
        for key, number, about in zip(flow, flow, flow, strict=True):
            stream = find(key)
            if stream is None:
                continue
            if not stream.plain or number != stream.last + 1:  # type: ignore[operator]
                if rest:
                    pending.held = (key, number, about)
                    break
                if not is_next(stream, number):
                    continue
            stream.last = number
            frame = delivery.to(stream.head, number, about)
            for connection in stream.told_of(about):
                frames.setdefault(connection, []).append(frame)
            taken += 1
            if taken == share:
                break
        else:
            continue
        rest.append(pending)
    return frames, rest
