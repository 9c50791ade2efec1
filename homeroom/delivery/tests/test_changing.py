"""Recall and correction: a visible trace, and nobody is asked about what no longer stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from homeroom.delivery import due
from homeroom.delivery.models import Dispatch, Recipient, Signature
from homeroom.delivery.public import (
    card_of,
    confirm,
    correct_item,
    feed,
    funnel,
    recall_item,
    remind_unfinished,
    sign,
    todo,
)
from homeroom.eventlog.public import events_by_id, read_stream
from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.people.models import Guardianship

from .conftest import everyone_about


def test_what_was_withdrawn_stays_as_withdrawn_without_its_text(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    recall_item(actor=school.class_teacher, item=item, reason="日期写错了", now=now)
    card = feed(school.mother, now=now).cards[0]
    assert card.recalled_at == now
    assert card.lead == ""
    assert card.recall_reason == "日期写错了"
    assert todo(school.mother, now=now) == []


def test_messages_not_sent_yet_are_cancelled(school, send, now, settings):
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    school.mother.email = "m@example.cn"
    school.mother.save()
    item = send(to=everyone_about(school, school.child_a))
    recall_item(actor=school.class_teacher, item=item, now=now)
    assert Dispatch.objects.get(item=item).state == "cancelled"


@pytest.mark.parametrize("who", ["mother", "subject_teacher", "leader_elsewhere", "office"])
def test_these_people_may_neither_recall_nor_correct(school, send, now, who):
    item = send(to=everyone_about(school, school.child_a))
    actor = getattr(school, who)
    with pytest.raises(NotAllowed):
        recall_item(actor=actor, item=item, now=now)
    with pytest.raises(NotAllowed):
        correct_item(actor=actor, item=item, title="x", lead="", now=now)
    item.refresh_from_db()
    assert item.recalled_at is None
    assert item.text_version == 1


def test_a_correction_keeps_what_was_done_unless_it_asks_again(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    confirm(actor=school.mother, item=item, now=now)
    correct_item(actor=school.class_teacher, item=item, title="秋游改期", lead="改到周四", now=now, note="日期")
    assert Recipient.objects.get(item=item, person=school.mother).done_at
    assert [version.number for version in item.versions.all()] == [1, 2]
    correct_item(actor=school.class_teacher, item=item, title="秋游改期", lead="改到周三", now=now, ask_again=True)
    assert funnel([item.pk])[item.pk].done == 0
    assert card_of(school.mother, item, now=now).asks


def test_a_signature_stays_under_the_version_it_was_given_for(school, send, now):
    item = send(level="sign", to=everyone_about(school, school.child_a))
    sign(actor=school.mother, item=item, typed_name=school.mother.name, text_version=1, now=now)
    correct_item(actor=school.class_teacher, item=item, title="知情书", lead="", now=now, ask_again=True)
    sign(actor=school.mother, item=item, typed_name=school.mother.name, text_version=2, now=now)
    assert list(Signature.objects.order_by("pk").values_list("text_version", flat=True)) == [1, 2]


def test_a_new_deadline_opens_the_item_again(school, send, now):
    item = send(to=everyone_about(school, school.child_a), deadline_at=now + timedelta(hours=1))
    type(item).objects.filter(pk=item.pk).update(closed_at=now + timedelta(hours=2))
    later = now + timedelta(hours=3)
    correct_item(
        actor=school.class_teacher,
        item=item,
        title=item.title,
        lead="",
        now=later,
        deadline_at=later + timedelta(days=1),
    )
    item.refresh_from_db()
    assert item.closed_at is None
    with pytest.raises(Invalid):
        correct_item(actor=school.class_teacher, item=item, title="x", lead="", now=later, deadline_at=now)


def told_of(person, name: str) -> list[object]:
    numbers = read_stream(f"p{person.pk}", 0, 500)
    return [event for event in events_by_id([entry.event_id for entry in numbers]) if event.name == name]


def test_a_guardian_barred_since_hears_nothing_of_what_becomes_of_it(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    Guardianship.objects.filter(guardian=school.father, student=school.child_a).update(restriction="no_contact")
    later = now + timedelta(hours=1)
    remind_unfinished(actor=school.class_teacher, item=item, now=later, quiet_for=timedelta(0))
    correct_item(actor=school.class_teacher, item=item, title="改期", lead="周四", now=later, ask_again=True)
    recall_item(actor=school.class_teacher, item=item, now=later)
    for name in ("delivery.reminders_queued", "delivery.item_corrected", "delivery.item_recalled"):
        assert told_of(school.mother, name)
        assert not told_of(school.father, name)
    Recipient.objects.filter(item=item).update(sent_at=None, surfaces_at=now)
    due.surface_digests(now=later)
    assert told_of(school.mother, "delivery.item_surfaced")
    assert not told_of(school.father, "delivery.item_surfaced")
