"""What the first pages cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from homeroom.delivery.public import Asked, send_item
from homeroom.people.public import guardian_pairs


@pytest.fixture
def twenty(school):
    pairs = guardian_pairs([school.sibling_a.pk, school.sibling_c.pk], on=school.today)
    for number in range(20):
        send_item(
            actor=school.class_teacher,
            school=school.school,
            kind="notice",
            source_id=None,
            sender=school.class_teacher,
            title=f"通知{number}",
            lead="内容",
            level="confirm",
            recipients=[Asked(pair.person_id, pair.student_id) for pair in pairs],
            now=timezone.now() - timedelta(minutes=1),
        )


def test_a_familys_page_of_twenty_cards_takes_at_most_ten_statements(school, twenty, client_for):
    client = client_for(school.guardian_of_two)
    client.get("/")
    with CaptureQueriesContext(connection) as queries:
        content = client.get("/").content.decode()
    assert content.count('<article class="card item') >= 20
    assert len(queries) <= 10


def test_a_teachers_page_does_not_cost_more_with_more_items(school, twenty, client_for):
    client = client_for(school.class_teacher)
    client.get("/")
    with CaptureQueriesContext(connection) as queries:
        content = client.get("/").content.decode()
    assert "通知19" in content
    assert len(queries) <= 20


def test_what_tells_one_family_of_a_step_is_not_among_what_a_teacher_sent(school, client_for):
    (pair, *_others) = guardian_pairs([school.child_a.pk], on=school.today)
    send_item(
        actor=school.class_teacher, school=school.school, kind="question_answer", source_id=None,
        sender=school.class_teacher, title="学校答复了您的提问", lead="", level="read",
        recipients=[Asked(pair.person_id, pair.student_id)], now=timezone.now(),
    )  # fmt: skip
    assert "学校答复了您的提问" not in client_for(school.class_teacher).get("/").content.decode()
