"""The state machine, by itself and through the services."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeroom.kit.errors import Invalid, NotAllowed, Trouble
from homeroom.questions import services
from homeroom.questions.models import Question, QuestionEvent
from homeroom.questions.states import FINAL, LIVE, OVER, TRANSITIONS, Act, Part, State, acts_from, after

MOVING = sorted({act for act, _state in TRANSITIONS})


@given(st.lists(st.tuples(st.sampled_from(MOVING), st.sampled_from(list(Part))), max_size=40))
def test_however_people_act_a_question_is_over_only_by_an_end(steps) -> None:
    state = State.OPEN
    for act, part in steps:
        to = after(act, state, part)
        if to is None:
            continue
        if to in OVER:
            assert act in {Act.CLOSE, Act.WITHDRAW, Act.MERGE}
            assert state not in OVER
            assert to != State.CLOSED or state in {State.CONFIRMED, State.ANSWERED, State.WAITING_ASKER}
        assert state not in FINAL
        state = to


def test_from_every_state_but_the_final_ones_somebody_can_go_on() -> None:
    for state in set(State) - FINAL:
        assert acts_from(state, Part.ASKER) or acts_from(state, Part.HANDLER)
    for state in LIVE:
        assert Act.ANSWER in acts_from(state, Part.HANDLER)
        assert Act.WITHDRAW in acts_from(state, Part.ASKER)
    for state, part in product(FINAL, Part):
        assert acts_from(state, part) == frozenset()


def test_only_the_asker_confirms_and_withdraws_and_only_the_school_answers() -> None:
    for (act, _state), (_to, parts) in TRANSITIONS.items():
        if act in {Act.CONFIRM, Act.WITHDRAW, Act.ADD}:
            assert parts == {Part.ASKER}
        if act in {Act.ANSWER, Act.ASK_BACK, Act.WAIT, Act.MERGE}:
            assert parts == {Part.HANDLER}


STEPS = {
    "answer": lambda q, s, now: services.answer(actor=q.owner, question=q, text="答", now=now),
    "ask_back": lambda q, s, now: services.ask_back(actor=q.owner, question=q, text="问", now=now),
    "wait": lambda q, s, now: services.wait(actor=q.owner, question=q, text="等教务处", now=now),
    "resume": lambda q, s, now: services.resume(actor=q.owner, question=q, now=now),
    "add": lambda q, s, now: services.add_line(actor=s.mother, question=q, text="补", now=now),
    "take_up": lambda q, s, now: services.take_up(actor=s.mother, question=q, now=now),
    "confirm": lambda q, s, now: services.confirm(actor=s.mother, question=q, now=now),
    "close": lambda q, s, now: services.close(actor=q.owner, question=q, reason="", word="已当面说明", now=now),
    "reopen": lambda q, s, now: services.reopen(actor=q.owner, question=q, text="再查一下", now=now),
    "assign": lambda q, s, now: services.assign(actor=s.leader, question=q, person=s.grade_leader, now=now),
    "withdraw": lambda q, s, now: services.withdraw(actor=s.mother, question=q, reason="知道了", now=now),
    "promise": lambda q, s, now: services.answer(actor=q.owner, question=q, text="三天内回复您。", now=now),
}  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(sorted(STEPS)), max_size=10))
def test_any_row_of_acts_leaves_a_whole_history(school, ask, nine, names) -> None:
    """Each act either moves the question with one dated event along the table, or changes nothing at all."""
    question, now = ask(), nine
    for name in names:
        now += timedelta(minutes=7)
        before = (question.state, question.events.count(), question.lines.count())
        try:
            STEPS[name](question, school, now)
        except Trouble:
            question.refresh_from_db()
            assert (question.state, question.events.count(), question.lines.count()) == before
        question = Question.objects.select_related("owner", "school", "asker").get(pk=question.pk)
        assert (question.over_at is not None) == (question.state in OVER)
        assert (question.reply_since is None) == (
            question.state not in {"open", "assigned", "reopened", "waiting_other"}
        )
    moved = [event for event in question.events.all() if event.from_state != event.to_state or event.act == "ask"]
    for event in moved[1:]:
        part = {"guardian": Part.ASKER, "system": Part.SYSTEM}.get(event.role, Part.HANDLER)
        assert after(Act(event.act), State(event.from_state), part) == event.to_state
        assert event.working_minutes is not None
    if question.state in OVER:
        assert question.events.filter(to_state=question.state).exclude(detail="").exists()
    question.state = State.WITHDRAWN  # so that the next example's rating is not the month's second
    question.over_at = question.over_at or now
    question.save()


def test_history_is_never_rewritten(question) -> None:
    event = QuestionEvent.objects.first()
    for wrong in (event.save, event.delete, lambda: QuestionEvent.objects.update(act="ask"),
                  lambda: QuestionEvent.objects.all().delete()):  # fmt: skip
        with pytest.raises(TypeError):
            wrong()


@pytest.mark.parametrize(
    "who", ["father", "guardian_of_two", "other_class_teacher", "office", "leader_elsewhere", "pupil"]
)
def test_strangers_to_a_question_do_nothing_to_it(school, question, nine, who) -> None:
    actor = getattr(school, who)
    for act in (
        lambda: services.answer(actor=actor, question=question, text="答", now=nine),
        lambda: services.confirm(actor=actor, question=question, now=nine),
        lambda: services.withdraw(actor=actor, question=question, reason="不用了", now=nine),
        lambda: services.note(actor=actor, question=question, text="记", now=nine),
        lambda: services.assign(actor=actor, question=question, person=school.leader, now=nine),
        lambda: services.add_line(actor=actor, question=question, text="补", now=nine),
    ):
        with pytest.raises(NotAllowed):
            act()
    question.refresh_from_db()
    assert question.events.count() == 2


def test_nothing_ends_without_a_reason(school, question, nine) -> None:
    services.answer(actor=question.owner, question=question, text="答", now=nine)
    with pytest.raises(Invalid):
        services.close(actor=question.owner, question=question, reason="", word=" ", now=nine)
    with pytest.raises(Invalid):
        services.withdraw(actor=school.mother, question=question, reason="", now=nine)
    question.refresh_from_db()
    assert question.state == State.ANSWERED


def test_a_confirmed_question_with_an_open_promise_closes_when_it_is_kept(school, question, nine) -> None:
    services.answer(actor=question.owner, question=question, text="周五前回复您。", now=nine)
    services.take_over_promise(actor=question.owner, task=question.tasks.get(), now=nine)
    services.confirm(actor=school.mother, question=question, now=nine)
    question.refresh_from_db()
    assert question.state == State.CONFIRMED
    services.end_task(actor=question.owner, task=question.tasks.get(), now=nine + timedelta(days=1))
    question.refresh_from_db()
    assert (question.state, question.tasks.get().state) == (State.CLOSED, "done")


def test_a_duplicate_goes_on_in_the_same_familys_earlier_question_only(school, ask, question, nine) -> None:
    second = ask("还是作业的事：今天的作业是哪几页？")
    other = ask("作业在哪里交？", by=school.guardian_of_two, about=school.sibling_a)
    with pytest.raises(Invalid):
        services.merge(actor=question.owner, question=second, into=other, now=nine)
    services.merge(actor=question.owner, question=second, into=question, now=nine)
    second.refresh_from_db()
    assert (second.state, second.merged_into) == (State.MERGED, question)
