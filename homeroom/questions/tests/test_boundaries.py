"""What reaches somebody by a side way: a merge, a task, a figure, a message after custody ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from homeroom.delivery.models import Recipient
from homeroom.kit.errors import Stale
from homeroom.kit.ids import new_id
from homeroom.people.models import Guardianship
from homeroom.questions import due, queries, services
from homeroom.questions.models import TEXT_AT_MOST, Line, Question, Rating, Task
from homeroom.questions.services.asking import AN_HOUR, TooMany

SECRET = "班主任当众批评孩子，不公平"


def test_what_goes_on_in_a_complaint_does_not_name_it(school, ask, client_for, nine) -> None:
    question, complaint = ask(), ask(SECRET, under="投诉建议")
    services.merge(actor=school.leader, question=question, into=complaint, now=nine)
    address = f"/questions/{question.uuid}/"
    teacher = client_for(school.class_teacher).get(address)
    assert teacher.status_code == 200
    assert "不公平" not in teacher.content.decode()
    assert str(complaint.uuid) not in teacher.content.decode()
    for who in (school.leader, school.mother):
        assert SECRET in client_for(who).get(address).content.decode()


def test_two_merges_that_cross_do_not_end_in_a_circle(school, ask, nine) -> None:
    first, second = ask(), ask("默写也要签字吗？")
    services.merge(actor=school.leader, question=first, into=second, now=nine)
    with pytest.raises(Stale):
        services.merge(actor=school.leader, question=second, into=first, now=nine)  # as it was read before
    assert Question.objects.filter(merged_into__isnull=False).count() == 1


@pytest.mark.parametrize("circle", ["office", "leaders", "class_teacher"])
def test_whoever_answers_for_the_child_no_more_is_told_nothing(school, ask, nine, circle) -> None:
    question = ask(circle=circle)
    Guardianship.objects.filter(guardian=school.mother, student=school.child_a).update(restriction="no_contact")
    services.answer(actor=school.leader, question=question, text="第35页", now=nine)
    assert not Recipient.objects.filter(person=school.mother, item__kind="question_answer").exists()


def test_what_a_teacher_had_to_do_falls_to_the_leaders_with_the_complaint(school, ask, topic, nine) -> None:
    question, teacher = ask(), school.class_teacher
    services.add_task(
        actor=teacher, question=question, kind=Task.Kind.PROMISE, text="查一查", due_at=nine + timedelta(days=1),
        now=nine, person=teacher,
    )  # fmt: skip
    services.reroute(actor=school.leader, question=question, topic=topic("投诉建议"), circle="leaders", now=nine)
    told = Recipient.objects.filter(item__kind="question")
    before = told.filter(person=teacher).count()
    assert due.watch_promises(now=nine + timedelta(days=2)) == 1
    assert told.filter(person=teacher).count() == before
    assert told.filter(person=school.leader, item__title__contains="投诉建议").exists()


def test_how_much_a_leader_owes_counts_complaints_for_leaders_alone(school, ask, nine) -> None:
    ask(SECRET, under="投诉建议")
    shared = ask()
    services.assign(actor=school.leader, question=shared, person=school.leader, now=nine)

    def owed(person) -> list[int]:
        whole = queries.overview(person, since=nine - timedelta(days=1), now=nine)
        return [load.owed for load in whole.loads]

    assert owed(school.grade_leader) == [1]
    assert owed(school.leader) == [2]


def test_a_rating_leaves_the_teacher_with_its_question(school, question, topic, nine) -> None:
    services.answer(actor=school.class_teacher, question=question, text="第35页", now=nine)
    Rating.objects.create(
        school=school.school, question=question, teacher=school.class_teacher, person=school.mother,
        student=school.child_a, asked_at=nine, rated_at=nine, score=1, comment=SECRET,
    )  # fmt: skip
    assert len(queries.ratings_of(school.class_teacher)) == 1
    services.reroute(actor=school.leader, question=question, topic=topic("投诉建议"), circle="leaders", now=nine)
    assert queries.ratings_of(school.class_teacher) == []


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_at_the_end_of_the_calendar_is_none(school, question, client_for, day) -> None:
    page = client_for(school.class_teacher)
    data = {"kind": "promise", "task": "查一查", "due_at": day}
    assert page.post(f"/questions/{question.uuid}/tasks/", data).status_code == 422
    assert not question.tasks.exists()


def test_a_text_is_kept_without_zero_bytes(school, ask) -> None:
    assert Line.objects.get(question=ask("要带\x00伞吗？")).text == "要带伞吗？"


def test_the_schools_answers_are_looked_for_in_no_more_than_one_may_write(school, client_for, monkeypatch) -> None:
    looked = []
    monkeypatch.setattr("homeroom.questions.services.show_answers", lambda **given: looked.append(given["text"]) or [])
    client_for(school.mother).post("/questions/ask/", {"do": "look", "text": "雨" * (TEXT_AT_MOST + 1)})
    assert [len(text) for text in looked] == [TEXT_AT_MOST]


def test_one_person_asks_so_much_in_an_hour_and_no_more(school, ask, nine) -> None:
    key = new_id()
    ask(key=key)
    for _number in range(AN_HOUR - 1):
        ask()
    with pytest.raises(TooMany):
        ask()
    ask(key=key)  # the same again is no new one
    ask(by=school.father)
    ask(at=nine + timedelta(hours=1))
    assert Question.objects.count() == AN_HOUR + 2
