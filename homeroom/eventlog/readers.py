"""Readers of all events: each has its own stored place, gets every event at least once and in order, and never blocks.

A reader's function runs in one transaction with the step of its place, so what it writes to the database happens
exactly once; whatever else it does must be safe to repeat for the same event id. An event that fails is put aside and
tried again later, at growing intervals.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max

from homeroom.eventlog.models import Entry, LoggedEvent, ReaderFailure, ReaderPlace, Stream
from homeroom.eventlog.reading import EventRecord, read_after

log = logging.getLogger(__name__)

_BATCH = 100
_LONGEST_PAUSE = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class _Reader:
    name: str
    event_names: frozenset[str]
    function: Callable[[EventRecord], None]


_readers: dict[str, _Reader] = {}


def register_reader(name: str, event_names: Collection[str], function: Callable[[EventRecord], None]) -> None:
    """Hand every event of these names to `function(event)`, at least once; `name` keeps the place, so never rename it.

    A reader registered for the first time starts with the oldest event kept.
    """
    _readers[name] = _Reader(name, frozenset(event_names), function)


def wait_for(event_name: str) -> bool:
    """Whether some reader handles events of this name."""
    return any(event_name in reader.event_names for reader in _readers.values())


def run_readers(*, now: datetime) -> int:
    """Hand every waiting event to its readers, when woken and once a minute; returns how many were handled."""
    handled = 0
    for reader in list(_readers.values()):
        handled += _retry(reader, now)
        while step := _step(reader, now):
            handled += step
    return handled


def _step(reader: _Reader, now: datetime) -> int:
    """One batch of one reader; returns how many events were handled, 0 when there are none or another worker has it."""
    place, _new = ReaderPlace.objects.get_or_create(name=reader.name)
    if not read_after((place.xact, place.event_id), 1, reader.event_names):
        return 0  # asked before the write lock is taken: readers with nothing to do must not queue for it
    with transaction.atomic():
        locked = ReaderPlace.objects.select_for_update(skip_locked=True).filter(name=reader.name).first()
        if locked is None:
            return 0
        events = read_after((locked.xact, locked.event_id), _BATCH, reader.event_names)
        for position, event in events:
            try:
                with transaction.atomic():
                    reader.function(event)
            except Exception as error:
                log.exception("reader %s failed on event %s (%s)", reader.name, event.id, event.name)
                _put_aside(reader, event.id, error, now)
            locked.xact, locked.event_id = position
        locked.save()
    return len(events)


def _put_aside(reader: _Reader, event_id: int, error: Exception, now: datetime) -> None:
    failure, new = ReaderFailure.objects.get_or_create(
        reader=reader.name,
        event_id=event_id,
        defaults={"retry_at": now + timedelta(seconds=10), "error": type(error).__name__},
    )
    if not new:
        failure.attempts += 1
        failure.retry_at = now + min(timedelta(seconds=10 * 2 ** min(failure.attempts, 12)), _LONGEST_PAUSE)
        failure.error = type(error).__name__
        failure.save()


def _retry(reader: _Reader, now: datetime) -> int:
    done = 0
    due = ReaderFailure.objects.filter(reader=reader.name, retry_at__lte=now)
    for failure_id in list(due.values_list("id", flat=True)[:_BATCH]):
        with transaction.atomic():
            waiting = due.select_for_update(skip_locked=True, of=("self",)).select_related("event")
            failure = waiting.filter(id=failure_id).first()
            if failure is None:
                continue
            event = failure.event
            try:
                with transaction.atomic():
                    reader.function(EventRecord(event.id, event.name, event.school_id, event.body, event.created_at))
            except Exception as error:
                log.exception("reader %s failed again on event %s", reader.name, event.id)
                _put_aside(reader, event.id, error, now)
            else:
                failure.delete()
                done += 1
    return done


def prune(*, before: datetime, batch: int = 5_000) -> int:
    """Delete entries and events announced before `before`; a client that was away longer is told to load afresh.

    In batches, each a short transaction. An event some reader has still to handle is kept. Returns entries deleted.
    """
    bound = LoggedEvent.objects.filter(created_at__lt=before).aggregate(newest=Max("id"))["newest"]
    if bound is None:
        return 0
    deleted = 0
    while batch_deleted := _prune_entries(bound, batch):
        deleted += batch_deleted
    places = ReaderPlace.objects.filter(name__in=_readers).values_list("event_id", flat=True)
    behind = min([bound, *places]) if len(places) == len(_readers) else 0
    LoggedEvent.objects.filter(id__lte=behind, failures__isnull=True).delete()
    return deleted


@transaction.atomic
def _prune_entries(bound: int, batch: int) -> int:
    # By entry id, oldest first: entries are written in the order of their events, or nearly.
    candidates = Entry.objects.order_by("id").values("id")[:batch]
    pruned = Entry.objects.filter(event_id__lte=bound, id__in=candidates).order_by("id")
    oldest = list(pruned.values_list("id", "stream_id", "number"))
    if not oldest:
        return 0
    highest: dict[int, int] = {}
    for _id, stream_id, number in oldest:
        highest[stream_id] = max(number, highest.get(stream_id, 0))
    streams = list(Stream.objects.select_for_update().filter(id__in=highest).order_by("key"))
    for stream in streams:
        stream.pruned_number = max(stream.pruned_number, highest[stream.id])
    Stream.objects.bulk_update(streams, ["pruned_number"], batch_size=500)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM eventlog_entry WHERE id <= %s AND event_id <= %s", [oldest[-1][0], bound])
    return len(oldest)
