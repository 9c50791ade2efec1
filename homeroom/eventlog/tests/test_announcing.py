"""Announcing: numbers without gaps, stored with the change or not at all, in as many statements for 3 as for 3,000."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from homeroom.eventlog import announcing, readers
from homeroom.eventlog.models import Entry, LoggedEvent, ReaderFailure, Stream
from homeroom.eventlog.public import (
    Event,
    EventRecord,
    announce,
    events_after,
    events_by_id,
    last_numbers,
    prune,
    read_after,
    read_stream,
    register_reader,
    register_wake,
    run_readers,
    same_transaction,
    stream_states,
)

pytestmark = pytest.mark.alone


@dataclass(frozen=True, kw_only=True)
class SomethingHappened(Event):
    name: ClassVar[str] = "test.something_happened"
    school_id: int = 1
    item_id: int = 7
    person_ids: frozenset[int] = frozenset()
    _entries: tuple[tuple[str, int], ...] = ()

    def streams(self) -> Iterable[tuple[str, int]]:
        return self._entries


def happened(*entries: tuple[str, int]) -> int:
    with transaction.atomic():
        return announce(SomethingHappened(_entries=entries))


@pytest.fixture
def no_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_readers", {})


@pytest.mark.django_db
def test_each_entry_takes_the_next_number_of_its_stream() -> None:
    first = happened(("p1", 0), ("p2", 5), ("p1", 9))
    second = happened(("p2", 0))
    assert [(entry.number, entry.about_id, entry.event_id) for entry in read_stream("p1", 0, 10)] == [
        (1, 0, first),
        (2, 9, first),
    ]
    assert [(entry.number, entry.about_id, entry.event_id) for entry in read_stream("p2", 1, 10)] == [(2, 0, second)]
    assert last_numbers(["p1", "p2", "p3"]) == {"p1": 2, "p2": 2, "p3": 0}


@pytest.mark.django_db
def test_the_event_holds_ids_and_its_own_fan_out() -> None:
    with transaction.atomic():
        event_id = announce(SomethingHappened(person_ids=frozenset({3, 1, 2}), _entries=(("p1", 4),)))
    (event,) = events_by_id([event_id], with_fanout=True)
    assert (event.name, event.body) == ("test.something_happened", {"item_id": 7, "person_ids": [1, 2, 3]})
    assert event.fanout == ["p1", 1, 4]
    assert events_after(event_id - 1, 10) == [event]
    assert event.created_at.tzinfo is not None


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_can_be_announced() -> None:
    with pytest.raises(RuntimeError):
        announce(SomethingHappened())
    assert not LoggedEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_leaves_no_number_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[int] = []
    monkeypatch.setattr(announcing, "_wakes", [])
    register_wake(woken.append)
    happened(("p1", 0))
    with transaction.atomic():
        announce(SomethingHappened(_entries=(("p1", 0),)))
        assert len(woken) == 1  # not before the commit
        transaction.set_rollback(True)
    happened(("p1", 0))
    assert [entry.number for entry in read_stream("p1", 0, 10)] == [1, 2]
    assert len(woken) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("recipients", [3, 1_000])
def test_the_number_of_statements_does_not_depend_on_the_recipients(recipients: int) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        happened(*((f"p{number}", number) for number in range(recipients)))
    expected = ["INSERT INTO eventlog_stream", "INSERT INTO eventlog_loggedevent", "INSERT INTO eventlog_entry"]
    if connection.vendor == "postgresql":
        expected.append("SELECT pg_notify")
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert [sql[: len(start)] for sql, start in zip(statements, expected, strict=True)] == expected


class Numbering(TestCase):
    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(
            st.lists(st.tuples(st.sampled_from(["p1", "p2", "p3", "c9"]), st.integers(0, 3)), max_size=6), max_size=8
        )
    )
    def test_whatever_is_announced_every_stream_counts_up_by_one(self, events: list[list[tuple[str, int]]]) -> None:
        for entries in events:
            happened(*entries)
        told = [entry for entries in events for entry in entries]
        for stream in ("p1", "p2", "p3", "c9"):
            entries = read_stream(stream, 0, 100)
            assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
            assert [entry.about_id for entry in entries] == [about for key, about in told if key == stream]
            assert last_numbers([stream]) == {stream: len(entries)}


@pytest.mark.django_db(transaction=True)
def test_many_threads_leave_no_gap_and_no_double() -> None:
    def announce_some() -> None:
        for _count in range(10):
            happened(("p2", 0), ("p1", 0), ("p3", 0))
            happened(("p3", 0), ("p2", 0))
        connection.close()

    threads = [threading.Thread(target=announce_some) for _count in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for stream, count in {"p1": 40, "p2": 80, "p3": 80}.items():
        assert [entry.number for entry in read_stream(stream, 0, 100)] == list(range(1, count + 1))


@pytest.mark.django_db
def test_a_reaction_of_the_same_transaction_holds_with_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "_in_transaction", {})
    seen: list[tuple[int, int]] = []
    same_transaction("test.something_happened", lambda event, event_id: seen.append((event.item_id, event_id)))
    event_id = happened()
    assert seen == [(7, event_id)]


# --- readers


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_readers")
def test_a_reader_gets_every_event_of_its_names_once() -> None:
    seen: list[int] = []
    register_reader("test", ["test.something_happened"], lambda event: seen.append(event.id))
    register_reader("other", ["test.never"], lambda event: seen.append(-1))
    ids = [happened(("p1", 0)) for _count in range(3)]
    assert run_readers(now=timezone.now()) == 3
    assert run_readers(now=timezone.now()) == 0
    ids.append(happened())
    run_readers(now=timezone.now())
    assert seen == ids


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_readers")
def test_an_event_that_fails_is_tried_again_and_holds_up_nobody() -> None:
    seen: list[int] = []
    broken = True

    def react(event: EventRecord) -> None:
        if broken and event.id == ids[0]:
            Stream.objects.create(key="half done")
            raise ValueError("a name that must not be logged into the table")
        seen.append(event.id)

    ids = [happened(), happened()]
    register_reader("test", ["test.something_happened"], react)
    now = timezone.now()
    run_readers(now=now)
    assert seen == [ids[1]]
    assert not Stream.objects.filter(key="half done").exists()
    failure = ReaderFailure.objects.get()
    assert (failure.event_id, failure.error, failure.attempts) == (ids[0], "ValueError", 1)
    run_readers(now=now + timedelta(minutes=1))
    assert ReaderFailure.objects.get().attempts == 2
    broken = False
    run_readers(now=now + timedelta(hours=1))
    assert seen == [ids[1], ids[0]]
    assert not ReaderFailure.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_readers")
def test_a_place_survives_the_process() -> None:
    """Killed between two batches, the next process goes on where the last commit stands."""
    ids = [happened() for _count in range(3)]
    places = [place for place, _event in read_after((0, 0), 10)]
    assert [event.id for _place, event in read_after(places[0], 10)] == ids[1:]
    assert read_after(places[-1], 10) == []


# --- forgetting


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_readers")
def test_old_entries_are_forgotten_and_the_stream_says_up_to_where() -> None:
    for _count in range(4):
        happened(("p1", 0), ("p2", 0))
    LoggedEvent.objects.filter(id__in=LoggedEvent.objects.order_by("id").values("id")[:3]).update(
        created_at=timezone.now() - timedelta(days=90)
    )
    assert prune(before=timezone.now() - timedelta(days=60), batch=4) == 6
    assert stream_states(["p1"])["p1"].pruned_number == 3
    assert [entry.number for entry in read_stream("p1", 0, 10)] == [4]
    assert (Entry.objects.count(), LoggedEvent.objects.count()) == (2, 1)
    happened(("p1", 0))
    assert last_numbers(["p1"]) == {"p1": 5}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_readers")
def test_an_event_some_reader_still_needs_is_kept() -> None:
    register_reader("test", ["test.something_happened"], lambda event: None)
    happened(("p1", 0))
    LoggedEvent.objects.update(created_at=timezone.now() - timedelta(days=90))
    prune(before=timezone.now())
    assert LoggedEvent.objects.count() == 1
    run_readers(now=timezone.now())
    prune(before=timezone.now())
    assert LoggedEvent.objects.count() == 0
