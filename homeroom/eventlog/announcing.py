"""Storing an event and its entries, set-based: the number of statements does not depend on the recipients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, ClassVar

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

import homeroom.eventlog.jobs  # noqa: F401  (registers the job that is woken here)
from homeroom.eventlog import readers
from homeroom.kit import jobs

NOTIFY_CHANNEL = "homeroom_events"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened. Subclasses are frozen dataclasses with a `name`; fields hold ids, never names or text.

    ```
    @dataclass(frozen=True, kw_only=True)
    class NoticePublished(Event):
        name: ClassVar[str] = "notice.published"
        notice_id: int

        def streams(self): ...
    ```
    """

    name: ClassVar[str] = ""
    school_id: int

    def streams(self) -> Iterable[tuple[str, int]]:
        """(stream key, about) for each entry: the key of a person is `p<id>`, about is a student's person id or 0."""
        return ()

    def body(self) -> dict[str, Any]:
        """The fields as stored; sets become sorted lists."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "school_id"}
        return {
            name: sorted(value) if isinstance(value, set | frozenset) else value
            for name, value in values.items()
            if not name.startswith("_")
        }


_in_transaction: dict[str, list[Callable[[Any, int], None]]] = {}
_wakes: list[Callable[[int], None]] = []


def same_transaction(event_name: str, reaction: Callable[[Any, int], None]) -> None:
    """Call `reaction(event, event_id)` inside the transaction of each such event: both hold, or neither."""
    reactions = _in_transaction.setdefault(event_name, [])
    if reaction not in reactions:
        reactions.append(reaction)


def register_wake(wake: Callable[[int], None]) -> None:
    """Call `wake(event_id)` after each commit, on the committing thread; it may only wake, never do."""
    if wake not in _wakes:
        _wakes.append(wake)


def announce(event: Event) -> int:
    """Store `event` and its entries in the running transaction; returns the event's id.

    Raises RuntimeError outside a transaction: an event must not survive a change that does not.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("announce() belongs inside the transaction of the change it announces")
    if not event.name:
        raise TypeError(f"{type(event).__name__} has no name")
    entries = list(event.streams())
    event_id = _postgresql(event, entries) if connection.vendor == "postgresql" else _sqlite(event, entries)
    for reaction in _in_transaction.get(event.name, ()):
        reaction(event, event_id)
    transaction.on_commit(partial(_wake, event_id), robust=True)
    if readers.wait_for(event.name):
        jobs.wake("eventlog.hand_out_events")
    return event_id


def _wake(event_id: int) -> None:
    for wake in _wakes:
        wake(event_id)


def _sqlite(event: Event, entries: Sequence[tuple[str, int]]) -> int:
    with connection.cursor() as cursor:
        numbered = []
        if entries:
            cursor.execute(
                "INSERT INTO eventlog_stream (key, last_number, pruned_number)"
                " SELECT key, value, 0 FROM json_each(%s) WHERE true"
                " ON CONFLICT (key) DO UPDATE SET last_number = last_number + excluded.last_number"
                " RETURNING key, id, last_number",
                [_json(_counts(entries))],
            )
            numbered = _numbered(entries, cursor.fetchall())
        cursor.execute(
            "INSERT INTO eventlog_loggedevent (name, school_id, body, fanout, xact, created_at)"
            " VALUES (%s, %s, %s, %s, 0, %s) RETURNING id",
            [
                event.name,
                event.school_id,
                _json(event.body()),
                _fanout(numbered),
                _now(),
            ],
        )
        event_id = int(cursor.fetchone()[0])
        if entries:
            cursor.execute(
                "INSERT INTO eventlog_entry (stream_id, number, event_id, about_id)"
                " SELECT value ->> 0, value ->> 2, %s, value ->> 3 FROM json_each(%s)",
                [event_id, _json(numbered)],
            )
    return event_id


def _postgresql(event: Event, entries: Sequence[tuple[str, int]]) -> int:
    with connection.cursor() as cursor:
        numbered = []
        if entries:
            counts = sorted(_counts(entries).items())
            # In the order of the keys: two changes to the same streams wait for each other and never lock crosswise.
            cursor.execute(
                "INSERT INTO eventlog_stream (key, last_number, pruned_number)"
                " SELECT key, count, 0 FROM unnest(%s::text[], %s::bigint[]) AS wanted (key, count)"
                ' ORDER BY key COLLATE "C"'
                " ON CONFLICT (key) DO UPDATE SET last_number = eventlog_stream.last_number + excluded.last_number"
                " RETURNING key, id, last_number",
                [[key for key, _count in counts], [count for _key, count in counts]],
            )
            numbered = _numbered(entries, cursor.fetchall())
        cursor.execute(
            "INSERT INTO eventlog_loggedevent (name, school_id, body, fanout, xact, created_at)"
            " VALUES (%s, %s, %s, %s, pg_current_xact_id()::text::bigint, %s) RETURNING id",
            [
                event.name,
                event.school_id,
                _json(event.body()),
                _fanout(numbered),
                timezone.now(),
            ],
        )
        event_id = int(cursor.fetchone()[0])
        if entries:
            cursor.execute(
                "INSERT INTO eventlog_entry (stream_id, number, event_id, about_id)"
                " SELECT stream_id, number, %s, about_id"
                " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS entries (stream_id, number, about_id)",
                [event_id, *([row[column] for row in numbered] for column in (0, 2, 3))],
            )
        if not settings.REDIS_URL:
            # Part of the transaction: listeners get it at the commit, in the order of commits, or never.
            cursor.execute("SELECT pg_notify(%s, %s)", [NOTIFY_CHANNEL, str(event_id)])
    return event_id


def _counts(entries: Sequence[tuple[str, int]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for key, _about in entries:
        counts[key] = counts.get(key, 0) + 1
    return counts


def _numbered(
    entries: Sequence[tuple[str, int]], streams: Iterable[tuple[str, int, int]]
) -> list[tuple[int, str, int, int]]:
    """(stream id, stream key, number, about) in the order given; a stream's newest entry has its last number."""
    ids: dict[str, int] = {}
    following: dict[str, int] = {}
    counts = _counts(entries)
    for key, stream_id, last_number in streams:
        ids[key] = stream_id
        following[key] = last_number - counts[key]
    rows = []
    for key, about in entries:
        number = following[key] = following[key] + 1
        rows.append((ids[key], key, number, about))
    return rows


def _fanout(numbered: Iterable[tuple[int, str, int, int]]) -> str:
    return _json([part for row in numbered for part in row[1:]])


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _now() -> str:
    return connection.ops.adapt_datetimefield_value(timezone.now()) or ""
