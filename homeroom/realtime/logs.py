"""Logs beside the event log: tables whose rows are their own events, each in a stream with numbers of its own.

A chat message needs no event row: its conversation is the stream, its number the place in it. Such a table is entered
once (`register_log`) with the letter its streams begin with. It may have a second letter for what *moves* in rows that
were read already: those numbers have gaps, because of many changes of one row only the newest is told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from homeroom.eventlog.public import StreamState


class Heard(NamedTuple):
    """A stream somebody may hear: as which of their persons, above which number (the floor), and until when (Unix)."""

    person_id: int
    floor: int = 0
    until: float | None = None


class LogEntry(NamedTuple):
    """One row in its stream. `about` of a moved row is the row's own number: whose floor is above it is not told."""

    stream: str
    number: int
    about: int
    tail: bytes


class Log(Protocol):
    """What the gateway asks of such a table, on its source thread. Streams carry their letter: `c12`."""

    def last_place(self) -> int:
        """Where the table ends; only asked on SQLite."""

    def moved_after(self, place: int, limit: int) -> tuple[int, Collection[str]]:
        """The streams of at most `limit` rows after a place, and the place of the last; only asked on SQLite."""

    def stream_states(self, streams: Collection[str]) -> Mapping[str, StreamState]:
        """The newest number of each stream; one that does not exist is at 0."""

    def read_streams(self, after: Mapping[str, int], limit: int, *, fresh: bool = False) -> Sequence[LogEntry]:
        """The rows of several streams after their numbers, at most `limit` numbers of each, each stream in order.

        `fresh`: these streams are said to have moved just now, and what this process wrote itself it need not read.
        """

    def streams_of(self, person_ids: Collection[int]) -> Sequence[tuple[str, Heard]]:
        """What each of these persons hears now."""


_logs: dict[str, Log] = {}
_sparse: set[str] = set()
_movers: dict[str, str] = {}


def register_log(letter: str, log: Log, *, moves: str = "", moved_by: Mapping[str, str] = {}) -> None:
    """Enter a table as a log; `moves` is the letter of its streams with gaps.

    `moved_by` names events of the event log that say that such a stream moved, each with the field of the event that
    holds the stream's id.
    """
    _logs[letter] = log
    if moves:
        _logs[moves] = log
        _sparse.add(moves)
        _movers.update({name: f"{moves}:{field}" for name, field in moved_by.items()})


def is_sparse(stream: str) -> bool:
    """Whether the numbers of this stream have gaps."""
    return stream[:1] in _sparse


def is_of_a_log(stream: str) -> bool:
    return stream[:1] in _logs


def moved_by(event_name: str, body: Mapping[str, object]) -> str | None:
    """The stream that an event of the event log says has moved."""
    mover = _movers.get(event_name)
    if mover is None:
        return None
    letter, _colon, field = mover.partition(":")
    return f"{letter}{body[field]}"


def _all() -> list[Log]:
    return list({id(log): log for log in _logs.values()}.values())


def _by_log(streams: Collection[str]) -> list[tuple[Log, list[str]]]:
    parts: dict[int, tuple[Log, list[str]]] = {}
    for stream in streams:
        log = _logs[stream[:1]]
        parts.setdefault(id(log), (log, []))[1].append(stream)
    return list(parts.values())


def last_places() -> list[int]:
    """Where each log ends."""
    return [log.last_place() for log in _all()]


def moved_after(places: list[int], limit: int) -> set[str]:
    """The streams that got rows after these places, which move along."""
    streams: set[str] = set()
    for at, log in enumerate(_all()):
        while True:
            place, moved = log.moved_after(places[at], limit)
            streams.update(moved)
            if place == places[at]:
                break
            places[at] = place
    return streams


def stream_states(streams: Collection[str]) -> dict[str, StreamState]:
    found: dict[str, StreamState] = {}
    for log, mine in _by_log(streams):
        found.update(log.stream_states(mine))
    return found


def read_streams(after: Mapping[str, int], limit: int, *, fresh: bool = False) -> list[LogEntry]:
    found: list[LogEntry] = []
    for log, mine in _by_log(after):
        found.extend(log.read_streams({stream: after[stream] for stream in mine}, limit, fresh=fresh))
    return found


def streams_of(person_ids: Collection[int]) -> dict[int, dict[str, Heard]]:
    """What each of these persons hears beside their own stream."""
    found: dict[int, dict[str, Heard]] = {}
    if person_ids:
        for log in _all():
            for stream, heard in log.streams_of(person_ids):
                found.setdefault(heard.person_id, {})[stream] = heard
    return found
