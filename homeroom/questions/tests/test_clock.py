"""Reply times in working time, escalation, and a job that may stop and start at any time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from homeroom.delivery.models import Item
from homeroom.questions import due, services
from homeroom.questions.models import Question
from homeroom.questions.states import Act, State
from homeroom.school.models import CalendarDay


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}:00+08:00")


def told(question: Question) -> list[str]:
    return [event.detail for event in question.events.filter(act__in=[Act.WARN, Act.ESCALATE])]


def fresh(question: Question) -> Question:
    return Question.objects.select_related("school", "owner", "asker").get(pk=question.pk)


def test_a_reply_is_due_after_a_school_day_of_working_time(question) -> None:
    assert question.reply_due_at == at("24T09:00")  # asked Monday at nine: seven hours ten, then fifty minutes


def test_it_goes_from_the_owner_to_the_grade_leader_to_the_school(school, question) -> None:
    for moment, expected in (
        ("23T15:00", []),
        ("23T16:40", ["reply"]),  # 75 % of eight working hours
        ("24T08:30", ["reply"]),
        ("24T09:00", ["reply", "grade"]),
        ("24T09:01", ["reply", "grade"]),
        ("24T14:40", ["reply", "grade", "school"]),
        ("25T09:00", ["reply", "grade", "school"]),
    ):
        due.watch_clocks(now=at(moment))
        assert told(question) == expected, moment
    watching = set(question.watchers.values_list("person__name", flat=True))
    assert watching == {school.grade_leader.name, school.leader.name}
    assert Item.objects.filter(kind="question", recipients__person=school.grade_leader).count() >= 1


def test_what_was_missed_while_nothing_ran_is_done_once_at_its_height(school, question) -> None:
    assert due.watch_clocks(now=at("26T10:00")) == 1
    assert told(question) == ["school"]
    before = Item.objects.count()
    assert due.watch_clocks(now=at("26T10:00")) == 0
    assert due.watch_clocks(now=at("26T10:01")) == 0
    assert Item.objects.count() == before
    names = set(question.watchers.values_list("person__name", flat=True))
    assert {school.grade_leader.name, school.leader.name} <= names


def test_a_clock_set_back_fires_nothing_and_forgets_nothing(question) -> None:
    due.watch_clocks(now=at("24T09:00"))
    assert told(question) == ["grade"]
    due.watch_clocks(now=at("20T09:00"))
    due.watch_clocks(now=at("23T09:30"))
    assert told(question) == ["grade"]
    due.watch_clocks(now=at("24T14:40"))
    assert told(question) == ["grade", "school"]


def test_a_holiday_entered_later_moves_the_deadline(school, question) -> None:
    CalendarDay.objects.create(school=school.school, on="2026-11-24", kind="closed")
    due.watch_clocks(now=at("24T09:00"))
    assert told(question) == ["reply"]
    assert fresh(question).reply_due_at == at("25T09:00")


def test_the_clock_stands_still_while_the_family_is_waited_for(school, question) -> None:
    services.ask_back(actor=question.owner, question=question, text="哪一科？", now=at("23T10:00"))
    due.watch_clocks(now=at("27T17:00"))
    assert told(question) == []
    row = fresh(question)
    assert (row.reply_due_at, row.resolve_due_at, row.resolve_minutes_used) == (None, None, 60)
    services.add_line(actor=school.mother, question=question, text="数学", now=at("30T08:00"))
    row = fresh(question)
    assert row.state == State.ASSIGNED
    assert row.reply_due_at == at("30T08:00") + timedelta(days=1)
    minutes = [event.working_minutes for event in question.events.all()]
    assert minutes[:3] == [None, 0, 60]


def test_an_answer_nobody_objects_to_is_closed_with_its_reason(school, question) -> None:
    services.answer(actor=question.owner, question=question, text="第35页", now=at("23T10:00"))
    due.watch_clocks(now=at("27T10:00"))
    assert fresh(question).state == State.ANSWERED
    due.watch_clocks(now=at("30T10:00"))
    row = fresh(question)
    assert row.state == State.CLOSED
    assert row.events.get(act=Act.CLOSE).detail == "no_objection"
    assert row.check_at is None
    services.add_line(actor=school.mother, question=question, text="还是不对", now=at("30T11:00"))
    assert fresh(question).state == State.REOPENED


def test_an_answer_with_an_open_promise_is_not_closed_by_itself(question) -> None:
    services.answer(actor=question.owner, question=question, text="12月18日前给您答复。", now=at("23T10:00"))
    services.take_over_promise(actor=question.owner, task=question.tasks.get(), now=at("23T10:00"))
    due.watch_clocks(now=at("30T10:00"))
    row = fresh(question)
    assert row.state == State.ANSWERED
    assert row.check_at > at("30T10:00")


def test_the_whole_matter_has_its_own_time(school, question) -> None:
    services.wait(actor=question.owner, question=question, text="等厂家回复", now=at("23T10:00"))
    for day in ("24", "25", "26", "27"):
        services.wait(actor=question.owner, question=question, text="还在等", now=at(f"{day}T10:00"))
    due.watch_clocks(now=at("27T17:00"))
    assert "resolution" not in told(question)
    due.watch_clocks(now=at("30T09:05"))
    assert told(question).count("resolution") == 1
    due.watch_clocks(now=at("30T09:10"))
    assert told(question).count("resolution") == 1


def test_a_worker_that_dies_in_the_middle_has_done_nothing(question, monkeypatch) -> None:
    class Killed(BaseException):
        pass

    def die(*_arguments: object, **_named: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(due.telling, "tell_staff", die)
        with pytest.raises(Killed):
            due.watch_clocks(now=at("24T09:00"))
    assert told(question) == []
    due.watch_clocks(now=at("24T09:00"))
    assert told(question) == ["grade"]


def test_promises_are_reminded_of_and_told_when_late_once(school, question) -> None:
    services.answer(actor=question.owner, question=question, text="周五前回复您。", now=at("23T10:00"))
    task = services.take_over_promise(actor=question.owner, task=question.tasks.get(), now=at("23T10:00"))
    assert (task.due_at, task.remind_at) == (at("27T17:30"), at("27T15:30"))
    assert due.watch_promises(now=at("27T15:00")) == 0
    assert due.watch_promises(now=at("27T15:30")) == 1
    assert due.watch_promises(now=at("27T15:31")) == 0
    assert due.watch_promises(now=at("27T17:31")) == 1
    assert due.watch_promises(now=at("28T17:31")) == 0
    services.answer(
        actor=question.owner, question=question, text="抱歉晚了，结果是……", keeps_promises=True, now=at("30T09:00")
    )
    assert question.tasks.get().state == "late"


def test_a_complaint_that_is_late_is_told_to_leaders_only(school, ask) -> None:
    complaint = ask("对班主任的处理不满意", under="投诉建议")
    due.watch_clocks(now=at("26T10:00"))
    people = Item.objects.filter(source_id=complaint.pk, kind="question").values_list("recipients__person", flat=True)
    assert set(people) == {school.leader.pk}
    assert complaint.watchers.count() == 0
