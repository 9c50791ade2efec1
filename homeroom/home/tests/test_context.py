"""What stands beside a conversation about a child, for each who may see the child, and for nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from homeroom.delivery.public import Asked, Category, HouseholdRule, Level, Priority, send_item
from homeroom.people.models import Guardianship, Role


def send(school, title="春游回执", student=None, sender=None, to=None):
    student = student or school.child_a
    sender = sender or school.class_teacher
    return send_item(
        actor=sender, school=school.school, kind="test", source_id=1, sender=sender, title=title, lead="请确认",
        link="/", level=Level.CONFIRM, household_rule=HouseholdRule.ANY, priority=Priority.ROUTINE,
        category=Category.NOTICE, recipients=[Asked((to or school.mother).pk, student.pk)], now=timezone.now(),
    )  # fmt: skip


def panel(client, student):
    return client.get(f"/context/{student.uuid}/", headers={"HX-Request": "true"})


def test_a_guardian_and_the_class_teacher_see_what_was_sent(school, client_for):
    send(school)
    for who in ("mother", "class_teacher", "leader"):
        page = panel(client_for(getattr(school, who)), school.child_a).content.decode()
        assert "春游回执" in page, who
        assert "待办" in page
        assert "没有未了结的提问" in page


@pytest.mark.parametrize("who", ["guardian_b", "teacher_elsewhere", "other_class_teacher"])
def test_others_do_not_see_the_child(school, client_for, who):
    send(school)
    answer = panel(client_for(getattr(school, who)), school.child_a)
    assert answer.status_code == 404
    assert "春游" not in answer.content.decode()


def test_another_guardians_copy_and_a_colleagues_notice_are_not_shown(school, client_for):
    send(school, sender=school.class_teacher)
    assert "春游回执" not in panel(client_for(school.father), school.child_a).content.decode()
    assert "春游回执" not in panel(client_for(school.subject_teacher), school.child_a).content.decode()


def test_whose_custody_ended_sees_nothing(school, client_for):
    send(school)
    Guardianship.objects.filter(guardian=school.mother, student=school.child_a).update(
        ends_on=school.today - timedelta(days=1)
    )
    assert panel(client_for(school.mother), school.child_a).status_code == 404


def test_a_class_teacher_sees_what_was_sent_since_they_have_the_class(school, client_for):
    send(school, sender=school.leader)
    client = client_for(school.class_teacher)
    assert "春游回执" in panel(client, school.child_a).content.decode()
    Role.objects.filter(person=school.class_teacher).update(starts_on=school.today)
    assert "春游回执" in panel(client, school.child_a).content.decode()
    from homeroom.delivery.models import Item

    Item.objects.update(sent_at=timezone.now() - timedelta(days=3))
    assert "春游回执" not in panel(client, school.child_a).content.decode()


def test_statements_do_not_grow(school, client_for):
    client = client_for(school.class_teacher)

    def count():
        with CaptureQueriesContext(connection) as caught:
            assert panel(client, school.child_a).status_code == 200
        return len(caught)

    send(school)
    count()
    few = count()
    for number in range(6):
        send(school, f"通知{number}")
    assert count() == few
    assert few <= 14
