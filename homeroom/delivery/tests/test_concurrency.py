"""Two at the same moment: each on its own connection and thread, on whichever database the tests run."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from homeroom.delivery import dispatching, due
from homeroom.delivery.models import Dispatch, Recipient
from homeroom.delivery.public import ReminderPolicy, confirm, remind_unfinished, send_item
from homeroom.demo.cast import build_cast, nine_o_clock
from homeroom.eventlog.models import LoggedEvent

from .conftest import everyone_about

pytestmark = pytest.mark.django_db(transaction=True)


def together(*works):
    """Run all at once; returns their results, raises the first failure."""
    start = threading.Barrier(len(works))
    results, failures = [None] * len(works), []

    def run(index, work):
        try:
            start.wait(timeout=10)
            results[index] = work()
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    if failures:
        raise failures[0]
    return results


@pytest.fixture
def world(settings):
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    cast = build_cast()
    for person in cast.guardians:
        person.email = f"p{person.pk}@example.cn"
        person.save()
    return cast


def sent(world, **options):
    return send_item(
        actor=world.class_teacher,
        school=world.school,
        kind="plain",
        source_id=None,
        sender=world.class_teacher,
        title="秋游",
        lead="",
        level="confirm",
        recipients=everyone_about(world, *world.pupils_a),
        now=nine_o_clock(),
        **options,
    )


def test_two_teachers_reminding_at_the_same_moment(world):
    item = sent(world)
    now = nine_o_clock() + timedelta(hours=1)
    counts = together(
        *[
            lambda who=who: remind_unfinished(actor=who, item=item, now=now)
            for who in (world.class_teacher, world.leader)
        ]
    )
    assert sorted(counts)[0] == 0
    assert sorted(counts)[1] > 0
    assert LoggedEvent.objects.filter(name="delivery.reminders_queued").count() == 1
    assert not Recipient.objects.filter(item=item, reminders__gt=1).exists()


def test_many_workers_remind_by_plan_once(world):
    item = sent(world, policy=ReminderPolicy(first_after=timedelta(hours=1)))
    now = nine_o_clock() + timedelta(hours=2)
    together(*[lambda: due.remind(now=now)] * 4)
    assert LoggedEvent.objects.filter(name="delivery.reminders_queued").count() == 1
    assert not Recipient.objects.filter(item=item, reminders__gt=1).exists()


def test_many_workers_close_once(world):
    sent(world, deadline_at=nine_o_clock() + timedelta(hours=1))
    now = nine_o_clock() + timedelta(hours=2)
    together(*[lambda: due.close(now=now)] * 4)
    assert LoggedEvent.objects.filter(name="delivery.item_closed").count() == 1


def test_a_dispatch_is_claimed_by_one_worker(world):
    sent(world)
    now = nine_o_clock() + timedelta(minutes=1)
    claimed = together(*[lambda: [row.pk for row in dispatching.claim(now=now, channel="email", limit=500)]] * 4)
    everything = [pk for rows in claimed for pk in rows]
    assert len(everything) == len(set(everything)) == Dispatch.objects.count()


def test_a_dead_workers_claim_runs_out(world):
    sent(world)
    now = nine_o_clock() + timedelta(minutes=1)
    lost = dispatching.claim(now=now, channel="email", limit=500)
    assert dispatching.claim(now=now, channel="email") == []
    again = dispatching.claim(now=now + dispatching.LEASE + timedelta(seconds=1), channel="email", limit=500)
    assert {row.pk for row in again} == {row.pk for row in lost}


def test_a_clock_set_back_frees_claims_and_due_times(world):
    sent(world)
    ahead = nine_o_clock() + timedelta(days=400)
    assert dispatching.claim(now=ahead, channel="email", limit=500)
    Dispatch.objects.update(due_at=ahead)
    assert dispatching.claim(now=nine_o_clock(), channel="email", limit=500)


def test_both_guardians_confirm_at_the_same_moment(world):
    item = sent(world)
    now = nine_o_clock() + timedelta(minutes=1)
    together(*[lambda who=who: confirm(actor=who, item=item, now=now) for who in (world.mother, world.father)])
    copies = Recipient.objects.filter(item=item, student=world.child_a)
    assert not copies.filter(settled_at__isnull=True).exists()
    assert set(copies.filter(done_at__isnull=False).values_list("person_id", flat=True)) == {
        world.mother.pk,
        world.father.pk,
    }
