"""Reminders: to those who have not done it, within caps, once however many press."""

from __future__ import annotations

from datetime import timedelta

import pytest

from homeroom.delivery import due
from homeroom.delivery.models import Dispatch, Item, Recipient
from homeroom.delivery.public import ReminderPolicy, confirm, recall_item, remind_unfinished, snooze
from homeroom.delivery.services.reminding import MOST_REMINDERS, ItemNotOpen
from homeroom.eventlog.models import LoggedEvent
from homeroom.kit.errors import NotAllowed

from .conftest import everyone_about

HOUR = timedelta(hours=1)


@pytest.fixture
def with_mail(school, settings):
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    for person in (school.mother, school.father, school.guardian_of_two):
        person.email = f"p{person.pk}@example.cn"
        person.save()


def reminded(item):
    return set(Recipient.objects.filter(item=item, reminded_at__isnull=False).values_list("person_id", flat=True))


def test_only_those_still_asked_are_reminded(school, send, now):
    item = send(to=everyone_about(school, school.child_a, school.sibling_a))
    confirm(actor=school.mother, item=item, now=now)  # settles the father too
    assert remind_unfinished(actor=school.class_teacher, item=item, now=now + HOUR) == 2
    assert reminded(item) == {school.guardian_of_two.pk, school.father_of_two.pk}


def test_each_guardian_is_reminded_when_each_is_asked(school, send, now):
    item = send(household_rule="each", to=everyone_about(school, school.child_a))
    confirm(actor=school.mother, item=item, now=now)
    remind_unfinished(actor=school.class_teacher, item=item, now=now + HOUR)
    assert reminded(item) == {school.father.pk, school.delegate.pk}


def test_who_is_only_told_is_not_reminded(school, send, now):
    item = send(level="sign", to=everyone_about(school, school.child_a))
    remind_unfinished(actor=school.class_teacher, item=item, now=now + HOUR)
    assert school.delegate.pk not in reminded(item)


def test_a_second_press_sends_nothing(school, send, now, with_mail):
    item = send(to=everyone_about(school, school.child_a))
    assert remind_unfinished(actor=school.class_teacher, item=item, now=now + HOUR)
    assert remind_unfinished(actor=school.leader, item=item, now=now + HOUR) == 0
    assert Dispatch.objects.filter(item=item, reason="reminder").count() == 2  # mother and father, once each
    assert LoggedEvent.objects.filter(name="delivery.reminders_queued").count() == 1


def test_nobody_is_reminded_without_end(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    for day in range(1, MOST_REMINDERS + 3):
        remind_unfinished(actor=school.class_teacher, item=item, now=now + timedelta(days=day))
    assert LoggedEvent.objects.filter(name="delivery.reminders_queued").count() == MOST_REMINDERS


@pytest.mark.parametrize("who", ["leader_elsewhere", "mother", "subject_teacher", "other_class_teacher", "office"])
def test_these_people_may_not_remind(school, send, now, who):
    item = send()
    with pytest.raises(NotAllowed):
        remind_unfinished(actor=getattr(school, who), item=item, now=now)
    assert not reminded(item)


@pytest.mark.parametrize("who", ["class_teacher", "substitute", "leader"])
def test_these_people_may_remind(school, send, now, who):
    assert remind_unfinished(actor=getattr(school, who), item=send(), now=now) > 0


def test_what_was_put_away_is_not_reminded_of_before_its_time(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    snooze(actor=school.mother, item=item, until=now + 5 * HOUR, reason="time", now=now)
    remind_unfinished(actor=school.class_teacher, item=item, now=now + HOUR)
    assert school.mother.pk not in reminded(item)
    remind_unfinished(actor=school.class_teacher, item=item, now=now + 6 * HOUR)
    assert school.mother.pk in reminded(item)


def test_nothing_is_reminded_of_what_was_withdrawn(school, send, now):
    item = send()
    recall_item(actor=school.class_teacher, item=item, now=now)
    with pytest.raises(ItemNotOpen):
        remind_unfinished(actor=school.class_teacher, item=item, now=now)


def test_a_reminder_by_mail_waits_for_the_end_of_quiet_hours(school, send, now, with_mail):
    item = send(to=everyone_about(school, school.child_a))
    late = now.replace(hour=22, minute=10)
    remind_unfinished(actor=school.class_teacher, item=item, now=late)
    due_at = Dispatch.objects.get(item=item, person=school.mother, reason="reminder").due_at
    assert due_at == (late + timedelta(days=1)).replace(hour=7, minute=0)


def test_an_emergency_waits_for_nothing(school, send, now, with_mail):
    late = now.replace(hour=23)
    item = send(priority="emergency", to=everyone_about(school, school.child_a), now=late)
    assert Dispatch.objects.get(item=item, person=school.mother).due_at == late


# --- by plan

PLAN = ReminderPolicy(first_after=4 * HOUR, before_deadline=2 * HOUR, every=4 * HOUR, at_most=2)


def test_the_plan_reminds_escalates_and_closes(school, send, now):
    item = send(to=everyone_about(school, school.child_a), deadline_at=now + 30 * HOUR, policy=PLAN)
    assert due.remind(now=now + 3 * HOUR) == 0
    assert due.remind(now=now + 4 * HOUR) == 1
    assert due.remind(now=now + 4 * HOUR) == 0
    assert due.remind(now=now + 8 * HOUR) == 1
    assert due.remind(now=now + 12 * HOUR) == 0  # at most two
    assert due.escalate(now=now + 11 * HOUR) == 0
    assert due.escalate(now=now + 12 * HOUR) == 1
    assert due.escalate(now=now + 12 * HOUR) == 0
    assert due.close(now=now + 29 * HOUR) == 0
    assert due.close(now=now + 30 * HOUR) == 1
    assert due.close(now=now + 31 * HOUR) == 0
    reports = Item.objects.filter(kind="report", source_id=item.pk)
    assert [report.recipients.get().person_id for report in reports] == [school.class_teacher.pk] * 2


def test_after_a_week_without_power_there_is_one_reminder(school, send, now):
    item = send(to=everyone_about(school, school.child_a), policy=PLAN)
    assert due.remind(now=now + timedelta(days=7)) == 1
    assert due.remind(now=now + timedelta(days=7)) == 0
    item.refresh_from_db()
    assert item.next_reminder_at == now + timedelta(days=7) + 4 * HOUR


def test_a_clock_set_back_silences_nobody(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    remind_unfinished(actor=school.class_teacher, item=item, now=now + timedelta(days=300))
    assert remind_unfinished(actor=school.class_teacher, item=item, now=now + HOUR) == 3


def test_everybody_done_means_no_note_to_the_sender(school, send, now):
    item = send(to=everyone_about(school, school.child_a), policy=PLAN, deadline_at=now + 30 * HOUR)
    confirm(actor=school.mother, item=item, now=now)
    for hours in (4, 8, 12, 20):
        due.remind(now=now + hours * HOUR)
        due.escalate(now=now + hours * HOUR)
    assert not reminded(item)
    assert not Item.objects.filter(kind="report").exists()
