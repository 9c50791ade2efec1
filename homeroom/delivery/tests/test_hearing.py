"""Whoever was barred from a child hears nothing of what becomes of an item about that child."""

from __future__ import annotations

from datetime import timedelta

import pytest

from homeroom.delivery import due
from homeroom.delivery.public import (
    answer_reply,
    confirm,
    reply,
    settle_children,
    snooze,
    unsettle_children,
)
from homeroom.eventlog.models import Entry, LoggedEvent
from homeroom.people.models import Guardianship, Person

HOUR = timedelta(hours=1)


def heard_by(person: Person) -> list[str]:
    """The names of the events in a person's stream, oldest first."""
    events = Entry.objects.filter(stream__key=f"p{person.pk}").order_by("number").values_list("event_id", flat=True)
    names = dict(LoggedEvent.objects.values_list("id", "name"))
    return [names[event_id] for event_id in events]


@pytest.fixture
def item(school, send):
    return send(household_rule="any")


@pytest.fixture
def bar(school, item):
    """The father is barred from the child after the item reached him."""

    def do_bar() -> list[str]:
        Guardianship.objects.filter(guardian=school.father, student=school.child_a).update(restriction="no_contact")
        return heard_by(school.father)

    return do_bar


def test_the_other_guardian_hears_that_it_is_done(school, item, now):
    confirm(actor=school.mother, item=item, student_ids=None, now=now + HOUR)
    assert heard_by(school.father)[-1] == "delivery.item_done"


def test_a_barred_guardian_does_not_hear_that_the_other_has_done_it(school, item, bar, now):
    before = bar()
    confirm(actor=school.mother, item=item, student_ids=None, now=now + HOUR)
    assert heard_by(school.father) == before
    assert item.recipients.get(person=school.father).settled_at is not None


def test_a_barred_guardian_does_not_hear_that_the_school_has_settled_it(school, item, bar, now):
    before = bar()
    settle_children(actor=school.office, item=item, student_ids=[school.child_a.pk], now=now + HOUR)
    unsettle_children(actor=school.office, item=item, student_ids=[school.child_a.pk], now=now + HOUR)
    assert heard_by(school.father) == before
    assert heard_by(school.mother)[-2:] == ["delivery.item_done", "delivery.item_surfaced"]


def test_what_a_barred_guardian_put_away_does_not_come_back(school, item, bar, now):
    for guardian in (school.mother, school.father):
        snooze(actor=guardian, item=item, until=now + HOUR, reason="time", now=now)
    before = bar()
    assert due.return_snoozed(now=now + 2 * HOUR) == 2
    assert heard_by(school.father) == before
    assert heard_by(school.mother)[-1] == "delivery.item_surfaced"
    assert Entry.objects.filter(stream__key=f"p{school.mother.pk}").latest("number").about_id == school.child_a.pk


def test_a_barred_guardian_does_not_hear_an_answer_about_the_child(school, item, bar, now):
    for guardian in (school.mother, school.father):
        reply(actor=guardian, item=item, text="他今天发烧了", now=now)
    before = bar()
    for guardian in (school.mother, school.father):
        answer_reply(actor=school.class_teacher, item=item, person=guardian, text="好的，请好好休息", now=now + HOUR)
    assert heard_by(school.father) == before
    assert heard_by(school.mother)[-1] == "delivery.item_replied"
