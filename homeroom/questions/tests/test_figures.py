"""The figures a page shows, and to whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from homeroom.questions import figures, services
from homeroom.questions.models import Rating
from homeroom.semantics.public import Period, metrics

SECRET = "班主任当众批评孩子"


@pytest.fixture
def november(nine) -> Period:
    return Period.month_of(nine.date())


def by_name(rows) -> dict[str, str]:
    return {one.name: one.shown for one in rows}


def test_a_teacher_sees_their_own_of_one_family_and_a_leader_too_few(school, question, nine, november) -> None:
    services.answer(actor=school.class_teacher, question=question, text="第35页", now=nine + timedelta(minutes=25))
    later = nine + timedelta(days=1)
    mine = by_name(figures.own(school.class_teacher, period=november, now=later))
    theirs = by_name(figures.in_charge(school.leader, period=november, now=later))
    assert mine["questions.first_reply_time"] == "25 分钟"
    assert theirs["questions.first_reply_time"] == "–"
    assert theirs["questions.asked"] == "1"


def test_a_grade_leader_counts_the_grade_and_no_complaint(school, ask, nine, november) -> None:
    ask()
    ask(SECRET, under="投诉建议")
    grade = by_name(figures.in_charge(school.grade_leader, period=november, now=nine))
    whole = by_name(figures.in_charge(school.leader, period=november, now=nine))
    assert (grade["questions.asked"], whole["questions.asked"]) == ("1", "2")
    assert "questions.auto_answer_rate" not in grade


def test_ones_own_satisfaction_tells_nothing_of_what_became_a_complaint(
    school, question, topic, nine, november
) -> None:
    services.answer(actor=school.class_teacher, question=question, text="第35页", now=nine)
    Rating.objects.create(
        school=school.school, question=question, teacher=school.class_teacher, person=school.mother,
        student=school.child_a, asked_at=nine, rated_at=nine, score=1,
    )  # fmt: skip
    mine = by_name(figures.own(school.class_teacher, period=november, now=nine))
    assert mine["questions.satisfaction"] == "1.0"
    services.reroute(actor=school.leader, question=question, topic=topic("投诉建议"), circle="leaders", now=nine)
    mine = by_name(figures.own(school.class_teacher, period=november, now=nine))
    assert mine["questions.satisfaction"] == "–"
    assert mine["questions.first_reply_time"] == "–"


def test_the_pages_show_every_figure_with_its_meaning(school, client_for) -> None:
    page = client_for(school.leader).get("/questions/overview/").content.decode()
    for metric in metrics():
        if metric.name in figures.SHOWN:
            assert str(metric.meaning)[:20] in page
    mine = client_for(school.class_teacher).get("/questions/ratings/?month=last").content.decode()
    assert "首次答复用时" in mine


def test_the_overview_costs_the_same_with_more_questions(school, ask, client_for) -> None:
    client = client_for(school.leader)
    client.get("/questions/overview/")

    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            client.get("/questions/overview/")
        return len(statements)

    ask()
    before = cost()
    for _number in range(6):
        ask()
    assert cost() <= before
    assert before <= 70
