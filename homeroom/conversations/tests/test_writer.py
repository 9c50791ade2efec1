"""The hot writer: dense numbers, each key once, whatever arrives at once, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from django.db import connection, connections
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from homeroom.conversations.models import Conversation, Membership, Message
from homeroom.conversations.services import open_channel, open_family_thread, post_message
from homeroom.conversations.writer import Writer, writer
from homeroom.conversations.writing import Posting, Written, write
from homeroom.demo.cast import build_cast
from homeroom.kit.errors import NotVisible
from homeroom.kit.ids import new_id

NOW = timezone.now


def posting(where: Conversation, who, key=None, text="您好") -> Posting:
    where.refresh_from_db()
    return Posting(where.pk, where.membership_version, where.school_id, who.pk, text, key or new_id(), NOW())


@pytest.fixture
def places(school):
    """Three conversations in which the class teacher may write, and two more people for the first."""
    thread = open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=NOW())
    other = open_family_thread(
        actor=school.guardian_of_two, student=school.sibling_a, teacher=school.class_teacher, now=NOW()
    )
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=NOW())
    for where in (thread, other, channel):
        where.refresh_from_db()
    return thread, other, channel


@pytest.mark.django_db
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_batches_give_dense_numbers_and_each_key_once(data):
    # Each example in a transaction of its own that is undone: pytest's covers all of them together.
    from django.db import transaction

    with transaction.atomic():
        cast = build_cast()
        thread = open_family_thread(actor=cast.mother, student=cast.child_a, teacher=cast.class_teacher, now=NOW())
        channel = open_channel(actor=cast.class_teacher, school_class=cast.class_a, now=NOW())
        people = [cast.mother, cast.father, cast.class_teacher, cast.guardian_b]  # the last is no member
        keys = [new_id() for _number in range(5)]
        answers: dict[tuple[int, int, object], int] = {}
        drawn = st.tuples(st.sampled_from([thread, channel]), st.sampled_from(people), st.sampled_from(keys))
        for batch in data.draw(st.lists(st.lists(drawn, max_size=12), max_size=5)):
            wanted = [posting(where, who, key) for where, who, key in batch]
            # As though members had changed since the check: everybody is asked about again.
            wanted = [Posting(*[getattr(p, f) for f in ("conversation_id",)], -1, p.school_id, p.author_id, p.text,
                              p.client_key, p.sent_at) for p in wanted]  # fmt: skip
            for one, outcome in zip(wanted, write(wanted), strict=True):
                may = one.author_id == cast.class_teacher.pk or (
                    one.conversation_id == thread.pk and one.author_id in {cast.mother.pk, cast.father.pk}
                )
                assert isinstance(outcome, Written) is may
                if isinstance(outcome, Written):
                    assert answers.setdefault(one.key, outcome.number) == outcome.number
        for where in (thread, channel):
            where.refresh_from_db()
            numbers = list(
                Message.objects.filter(conversation=where).order_by("number").values_list("number", flat=True)
            )
            assert numbers == list(range(1, where.last_number + 1))
            assert len(numbers) == len([key for key in answers if key[0] == where.pk])
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_batch_takes_the_same_statements_as_one(school, places, django_assert_num_queries):
    thread, other, channel = places
    notification = connection.vendor == "postgresql"  # to other processes, with the commit
    with django_assert_num_queries(5 + notification):
        write([posting_of(thread, school.mother)])
    with django_assert_num_queries(5 + notification):
        write([posting_of(where, school.class_teacher) for where in (thread, other, channel) for _n in range(30)])


def posting_of(where, who):
    version = where.membership_version
    return Posting(where.pk, version, where.school_id, who.pk, "您好", new_id(), NOW())


@pytest.fixture
def live(transactional_db):
    """The cast in a database that other threads see."""
    cast = build_cast()
    yield cast
    writer().stop()


def together(count, work):
    """Run `work(n)` on so many threads that begin in the same moment."""
    ready = threading.Barrier(count)

    def run(number):
        ready.wait(20)
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_many_threads_with_the_same_keys_write_each_once(live):
    thread = open_family_thread(actor=live.mother, student=live.child_a, teacher=live.class_teacher, now=NOW())
    people = [live.mother, live.father, live.class_teacher]
    keys = {person.pk: [new_id() for _number in range(6)] for person in people}

    def work(number):
        person = people[number % 3]
        order = keys[person.pk] * 2  # two devices of each, each sending everything twice in an order of its own
        Random(number).shuffle(order)
        return [
            (person.pk, key, post_message(
                actor=person, conversation=thread, text=str(key), client_key=key, now=NOW()).number)
            for key in order
        ]  # fmt: skip

    answered: dict[tuple[int, object], set[int]] = {}
    for answers in together(6, work):
        for person_id, key, number in answers:
            answered.setdefault((person_id, key), set()).add(number)
    assert all(len(numbers) == 1 for numbers in answered.values())
    stored = list(Message.objects.order_by("number").values_list("number", "text"))
    assert [number for number, _text in stored] == list(range(1, 19))
    assert {text: number for number, text in stored} == {str(key): n for (_who, key), (n,) in answered.items()}


def test_what_arrives_during_a_commit_is_written_together(live, monkeypatch):
    thread = open_family_thread(actor=live.mother, student=live.child_a, teacher=live.class_teacher, now=NOW())
    thread.refresh_from_db()
    from homeroom.conversations import writer as module

    batches, first, go = [], threading.Event(), threading.Event()
    real = module.write

    def slow(postings):
        batches.append(len(postings))
        if len(batches) == 1:
            first.set()
            assert go.wait(20)
        return real(postings)

    monkeypatch.setattr(module, "write", slow)
    made, done = Writer(), threading.Semaphore(0)
    made.submit(posting_of(thread, live.mother), lambda _outcome: done.release())
    assert first.wait(20)
    for _number in range(40):
        made.submit(posting_of(thread, live.class_teacher), lambda _outcome: done.release())
    go.set()
    assert all(done.acquire(timeout=20) for _number in range(41))
    made.stop()
    assert batches == [1, 40]
    assert Message.objects.count() == 41


def test_one_that_cannot_be_stored_takes_no_other_with_it(live):
    thread = open_family_thread(actor=live.mother, student=live.child_a, teacher=live.class_teacher, now=NOW())
    thread.refresh_from_db()
    good, bad = posting_of(thread, live.mother), posting_of(thread, live.mother)
    bad = Posting(*[getattr(bad, f) for f in ("conversation_id", "membership_version")], 10**15, bad.author_id,
                  bad.text, bad.client_key, bad.sent_at)  # fmt: skip
    outcomes = Writer()._store([bad, good])
    assert not isinstance(outcomes[0], Written)
    assert isinstance(outcomes[1], Written)
    assert list(Message.objects.values_list("client_key", flat=True)) == [good.client_key]


def test_a_right_taken_between_the_check_and_the_commit_counts(live):
    thread = open_family_thread(actor=live.mother, student=live.child_a, teacher=live.class_teacher, now=NOW())
    thread.refresh_from_db()
    checked = posting_of(thread, live.father)
    Membership.objects.filter(person=live.father).update(left_at=NOW())
    Conversation.objects.update(membership_version=thread.membership_version + 1)
    with pytest.raises(NotVisible):
        writer().post(checked)
    assert not Message.objects.exists()


def test_a_writer_that_is_stopped_writes_what_waits_and_can_begin_again(live):
    thread = open_family_thread(actor=live.mother, student=live.child_a, teacher=live.class_teacher, now=NOW())
    thread.refresh_from_db()
    made, outcomes = Writer(), []
    for _number in range(20):
        made.submit(posting_of(thread, live.mother), outcomes.append)
    made.stop()
    assert [outcome.number for outcome in outcomes] == list(range(1, 21))
    assert made.post(posting_of(thread, live.mother)).number == 21
    made.stop()
    connection.close()


@pytest.mark.django_db
def test_each_answer_names_the_row_of_its_own_message(places, school):
    thread, other, channel = places
    wanted = [posting(where, school.class_teacher, text=str(n)) for n, where in enumerate([thread, other, channel] * 5)]
    for one, outcome in zip(wanted, write(wanted), strict=True):
        assert isinstance(outcome, Written)
        assert Message.objects.get(pk=outcome.id).text == one.text
