"""Reading the log: events in the order of their commits, and streams after a number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db import connection

from homeroom.eventlog.models import LoggedEvent

Place = tuple[int, int]  # (transaction, event id): the order in which events became visible

_COLUMNS = ("id", "name", "school_id", "body", "created_at")
_decode_fanout = msgspec.json.Decoder(list[str | int]).decode


@dataclass(frozen=True, slots=True)
class EventRecord:
    """A stored event. `fanout` is filled only where a reader asks for it: stream key, number, about, and again."""

    id: int
    name: str
    school_id: int
    body: dict[str, Any]
    created_at: datetime
    fanout: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """One event in one stream, about a student (0: nobody in particular)."""

    stream: str
    number: int
    about_id: int
    event_id: int


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream's newest number, and the number up to which entries are no longer kept."""

    last_number: int = 0
    pruned_number: int = 0


def read_after(place: Place, limit: int, names: Collection[str] = ()) -> list[tuple[Place, EventRecord]]:
    """The next events after `place`, each with its own place; with `names`, only those.

    On PostgreSQL an event is given only once no older transaction is still open: its events would come in before.
    """
    events = LoggedEvent.objects.all()
    if names:
        events = events.filter(name__in=names)
    if connection.vendor == "postgresql":
        events = events.extra(
            where=[
                "(xact, id) > (%s, %s)",
                "xact < pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
            ],
            params=list(place),
        ).order_by("xact", "id")
    else:
        events = events.filter(id__gt=place[1]).order_by("id")  # one writer at a time: ids are in commit order
    rows = events.values_list("xact", *_COLUMNS)[:limit]
    return [((row[0], row[1]), EventRecord(*row[1:])) for row in rows]


def last_event_id() -> int:
    """The newest event's id, 0 when there is none."""
    return LoggedEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0


def events_after(event_id: int, limit: int) -> list[EventRecord]:
    """Events with a larger id, oldest first, with their fan-out. Only SQLite commits them in this order."""
    return _read_events("id > %s", [event_id], limit=limit, with_fanout=True)


def events_by_id(event_ids: Collection[int], *, with_fanout: bool = False) -> list[EventRecord]:
    """Those of `event_ids` that are stored, oldest first."""
    if not event_ids:
        return []
    if connection.vendor == "postgresql":
        return _read_events("id = ANY(%s)", [list(event_ids)], with_fanout=with_fanout)
    wanted = msgspec.json.encode(list(event_ids)).decode()
    return _read_events("id IN (SELECT value FROM json_each(%s))", [wanted], with_fanout=with_fanout)


def _read_events(
    condition: str, parameters: list[Any], *, limit: int | None = None, with_fanout: bool
) -> list[EventRecord]:
    # Read for every event the gateway sends: without the ORM, which costs as much as three hundred deliveries.
    fanout = "fanout" if with_fanout else "'[]'"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, name, school_id, body, created_at, {fanout} FROM eventlog_loggedevent"  # noqa: S608
            f" WHERE {condition} ORDER BY id" + (f" LIMIT {limit:d}" if limit is not None else ""),
            parameters,
        )
        rows = cursor.fetchall()
    return [
        EventRecord(
            id=row[0],
            name=row[1],
            school_id=row[2],
            body=msgspec.json.decode(row[3]),
            created_at=row[4] if row[4].tzinfo else row[4].replace(tzinfo=UTC),
            fanout=_decode_fanout(row[5]) if with_fanout else (),
        )
        for row in rows
    ]


def stream_states(streams: Collection[str]) -> dict[str, StreamState]:
    """The state of each stream; one that never had an entry is at 0."""
    if not streams:
        return {}
    if connection.vendor == "postgresql":
        condition = "key = ANY(%s)"
        parameter: list[str] | str = list(streams)
    else:
        condition = "key IN (SELECT value FROM json_each(%s))"
        parameter = msgspec.json.encode(list(streams)).decode()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT key, last_number, pruned_number FROM eventlog_stream WHERE {condition}",  # noqa: S608
            [parameter],
        )
        found = {key: StreamState(last, pruned) for key, last, pruned in cursor.fetchall()}
    return {key: found.get(key, StreamState()) for key in streams}


def last_numbers(streams: Collection[str]) -> dict[str, int]:
    """The newest number of each stream, 0 when it has none."""
    return {key: state.last_number for key, state in stream_states(streams).items()}


def read_stream(stream: str, after: int, limit: int) -> list[StreamEntry]:
    """The entries of one stream after a number, in order."""
    return read_streams({stream: after}, limit)


def read_streams(after: Mapping[str, int], limit: int) -> list[StreamEntry]:
    """The entries of several streams after their numbers, at most `limit` of each, stream by stream and in order."""
    if not after:
        return []
    if connection.vendor == "postgresql":
        wanted = "unnest(%s::text[], %s::bigint[]) AS wanted (key, value)"
        parameters: list[Any] = [list(after), list(after.values())]
    else:
        wanted = "json_each(%s) AS wanted"
        parameters = [msgspec.json.encode(after).decode()]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stream.key, entry.number, entry.about_id, entry.event_id"  # noqa: S608  (constants only)
            f" FROM {wanted} JOIN eventlog_stream AS stream ON stream.key = wanted.key"
            " JOIN eventlog_entry AS entry ON entry.stream_id = stream.id"
            " AND entry.number > wanted.value AND entry.number <= wanted.value + %s"
            " ORDER BY stream.key, entry.number",
            [*parameters, limit],
        )
        return [StreamEntry(*row) for row in cursor.fetchall()]
