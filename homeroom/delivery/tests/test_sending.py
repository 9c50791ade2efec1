"""Sending: who gets a copy, and how much work it is."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from homeroom.delivery.models import Recipient
from homeroom.delivery.public import Asked, feed, funnel, funnel_by_class
from homeroom.eventlog.models import LoggedEvent
from homeroom.kit.errors import Invalid

from .conftest import everyone_about


def people_with(item):
    return set(Recipient.objects.filter(item=item).values_list("person_id", flat=True))


def test_each_guardian_gets_a_copy_for_each_child(school, send):
    item = send(to=everyone_about(school, school.sibling_a, school.sibling_c))
    copies = Recipient.objects.filter(item=item, person=school.guardian_of_two)
    assert {copy.student_id for copy in copies} == {school.sibling_a.pk, school.sibling_c.pk}


def test_siblings_are_one_card_with_two_chips(school, send, now):
    send(to=everyone_about(school, school.sibling_a, school.sibling_c))
    page = feed(school.guardian_of_two, now=now)
    assert len(page.cards) == 1
    assert {child.name for child in page.cards[0].children} == {"陈子轩", "陈子涵"}


def test_a_barred_guardian_gets_nothing_even_when_asked_for(school, send, now):
    item = send(to=[Asked(school.restricted_guardian.pk, school.restricted_child.pk)])
    assert people_with(item) == set()
    assert feed(school.restricted_guardian, now=now).cards == []


def test_nobody_gets_what_is_about_a_child_of_others(school, send):
    item = send(to=[Asked(school.guardian_b.pk, school.child_a.pk), Asked(school.mother.pk, school.child_a.pk)])
    assert people_with(item) == {school.mother.pk}


def test_nobody_of_another_school_gets_a_copy(school, send):
    item = send(
        to=[Asked(school.guardian_elsewhere.pk), Asked(school.guardian_elsewhere.pk, school.child_elsewhere.pk)]
    )
    assert people_with(item) == set()


def test_a_delegate_is_asked_to_confirm_but_only_told_what_must_be_signed(school, send):
    confirming = send(to=everyone_about(school, school.child_a))
    signing = send(level="sign", to=everyone_about(school, school.child_a))
    assert Recipient.objects.get(item=confirming, person=school.delegate).asks
    assert not Recipient.objects.get(item=signing, person=school.delegate).asks


def test_staff_and_pupils_are_asked_for_themselves(school, send, now):
    item = send(level="read", to=[Asked(school.subject_teacher.pk), Asked(school.pupil.pk)])
    assert people_with(item) == {school.subject_teacher.pk, school.pupil.pk}
    assert feed(school.subject_teacher, now=now).cards[0].children == []


def test_the_same_pair_twice_is_one_copy(school, send):
    item = send(to=[Asked(school.mother.pk, school.child_a.pk)] * 3)
    assert Recipient.objects.filter(item=item).count() == 1


def test_a_deadline_in_the_past_is_refused(school, send, now):
    with pytest.raises(Invalid):
        send(deadline_at=now)
    assert not LoggedEvent.objects.filter(name="delivery.item_sent").exists()


def test_statements_do_not_grow_with_recipients(school, send):
    few = [Asked(school.mother.pk, school.child_a.pk)]
    everybody = everyone_about(school, *school.pupils) + [Asked(person.pk) for person in school.staff]
    school.class_teacher.current_roles  # noqa: B018  (kept on the person, as a request does)
    with CaptureQueriesContext(
        connection,
    ) as small:
        send(to=few)
    with CaptureQueriesContext(connection) as large:
        send(to=everybody)
    assert len(large) == len(small)
    assert len(large) <= 15


def test_the_event_goes_into_the_stream_of_each_copy(school, send):
    item = send(to=everyone_about(school, school.sibling_a, school.sibling_c))
    event = LoggedEvent.objects.get(name="delivery.item_sent")
    assert event.body == {"item_id": item.pk}
    for person in (school.guardian_of_two, school.father_of_two):
        assert event.fanout.count(f'"p{person.pk}"') == 2


def test_the_funnel_counts_children_by_class(school, send):
    item = send(to=everyone_about(school, school.sibling_a, school.sibling_c, school.child_a))
    whole = funnel([item.pk])[item.pk]
    assert (whole.subjects, whole.settled, whole.read) == (3, 0, 0)
    by_class = funnel_by_class(item)
    assert [(each.class_name, each.subjects) for each in by_class] == [
        (school.class_a.name, 2),
        (school.class_c.name, 1),
    ]
