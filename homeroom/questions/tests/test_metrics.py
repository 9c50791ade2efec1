"""Every figure of questions against an answer worked out by hand.

The school works Monday to Friday, 7:50–11:50 and 13:30–17:30 (480 minutes), as the cast's calendar says. The
fixtures write rows as they would be stored. November 2026; 23 is a Monday. Times are Shanghai's.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from homeroom.kit.ids import new_id
from homeroom.questions import metrics, services
from homeroom.questions.models import Question, QuestionEvent, Rating
from homeroom.semantics.public import WEEK, Period, Scope, State, evaluate, evaluate_by

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


def at(day: int, hour: int = 9, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


LATER = at(20, month=12)


@pytest.fixture
def scope(school) -> Scope:
    return Scope(school.school.pk, SHANGHAI)


@pytest.fixture
def askers(school) -> list:
    """Seven guardians of the school."""
    found = [school.mother, school.father, school.guardian_c, school.guardian_of_two]
    return [*found, school.delegate, school.teacher_parent, school.grandfather]


@pytest.fixture
def asked(school, topic, askers):
    """`asked(0, day)`: a question of the first guardian, as a row."""

    def put(who: int, day: int, **more) -> Question:
        given = {
            "school": school.school, "asker": askers[who], "asker_label": "家长", "student": school.child_a,
            "school_class": school.class_a, "topic": topic("作业"), "circle": "class_teacher", "title": "问",
            "owner": school.class_teacher, "key": new_id(), "asked_at": at(day), "moved_at": at(day),
        }  # fmt: skip
        return Question.objects.create(**(given | more))

    return put


@pytest.fixture
def step(school):
    def put(question: Question | None, act: str, when: datetime, **more) -> QuestionEvent:
        given = {"school": school.school, "question": question, "act": act, "at": when, "role": "guardian"}
        if question is not None:
            given |= {"student_id": question.student_id, "class_id": question.school_class_id}
        return QuestionEvent.objects.create(**(given | more))

    return put


def figure(metric, scope, period=NOVEMBER, now=LATER):
    return evaluate(metric, scope=scope, period=period, now=now)


def test_questions_asked_are_counted_by_the_day_at_the_school(asked, step, scope) -> None:
    """30 November 23:30 in Shanghai is November, half an hour later is December: 2 of these 4 asks; 1 October 31.

    | ask at (Shanghai)  | November |
    | 31 Oct 23:59       | no       |
    | 1 Nov 00:00        | yes      |
    | 30 Nov 23:30       | yes      |
    | 1 Dec 00:00        | no       |
    """
    one = asked(0, 2)
    for when in (at(31, 23, 59, month=10), at(1, 0), at(30, 23, 30), at(1, 0, month=12)):
        step(one, "ask", when)
    step(one, "answer", at(3))  # no ask
    assert figure(metrics.ASKED, scope).value == 2


def test_first_reply_time_is_the_median_of_first_replies_in_working_minutes(asked, step, scope) -> None:
    """Six families' first replies after 10, 20, 30, 50, 400 and 840 working minutes: (30 + 50) / 2 = 40.

    Second replies (5 and 7 minutes) are none of it, and a mean would have said 225.
    """
    for who, minutes in enumerate((10, 400, 30, 840, 50, 20)):
        one = asked(who, 2)
        step(one, "answer", at(4), is_first_reply=True, reply_minutes=minutes)
        if who < 2:
            step(one, "answer", at(5), reply_minutes=5 + who * 2)
    measured = figure(metrics.FIRST_REPLY, scope)
    assert (measured.state, measured.value) == (State.SHOWN, 40)


def test_fewer_than_five_families_are_not_shown_but_to_oneself(school, asked, step, scope) -> None:
    """Four families, one of them with three replies: six rows, four families, too few. The teacher sees 35."""
    for who, minutes in ((0, 10), (0, 20), (0, 30), (1, 40), (2, 50), (3, 60)):
        teacher = school.class_teacher.pk
        step(asked(who, 2), "answer", at(4), is_first_reply=True, reply_minutes=minutes, owner_id=teacher)
    hidden = figure(metrics.FIRST_REPLY, scope)
    assert (hidden.state, hidden.value, hidden.parts) == (State.TOO_FEW, None, ())
    mine = Scope(scope.school_id, SHANGHAI, {"people.teacher": [school.class_teacher.pk]}, own=True)
    assert figure(metrics.FIRST_REPLY, mine).value == 35


def test_resolution_time_leaves_out_what_was_withdrawn_or_merged(asked, step, scope) -> None:
    """Ends after 100, 200, 300, 400 and 500 working minutes of the school, median 300; a withdrawal of 1 is none."""
    for who in range(5):
        step(asked(who, 2), "close", at(9), matter_minutes=(who + 1) * 100)
    step(asked(5, 2), "withdraw", at(9), matter_minutes=1)
    step(asked(6, 2), "merge", at(9), matter_minutes=1)
    assert figure(metrics.RESOLUTION, scope).value == 300


def test_auto_answer_rate_is_of_everything_families_wanted_to_know(asked, step, scope, askers) -> None:
    """3 settled by a ready answer, 6 asked of a person: 3 / 9."""
    for who in range(6):
        step(asked(who, 2), "ask", at(2), person_id=askers[who].pk)
    for who in range(3):
        step(None, "auto_answer", at(2), person_id=askers[who].pk)
    measured = figure(metrics.AUTO_ANSWERED, scope)
    assert (measured.parts, measured.value) == ((3, 9), pytest.approx(1 / 3))


def test_a_question_taken_up_twice_is_taken_up_again_once(asked, step, scope) -> None:
    """Six answered, of which one was reopened twice and one once; one never answered: 2 / 6."""
    rows = [asked(who, 2, answered_at=at(4)) for who in range(6)]
    asked(6, 2)
    for one in (rows[0], rows[0], rows[3]):
        step(one, "reopen", at(5))
    measured = figure(metrics.REOPENED, scope)
    assert (measured.parts, measured.value) == ((2, 6), pytest.approx(1 / 3))


@pytest.fixture
def rated(school, asked, askers):
    def put(who: int, day: int, score: int | None) -> Rating:
        return Rating.objects.create(
            school=school.school, question=asked(who, day), person=askers[who], student=school.child_a,
            teacher=school.class_teacher, score=score, asked_at=at(day), rated_at=at(day) if score else None,
        )  # fmt: skip

    return put


def test_satisfaction_is_of_those_who_answered_and_says_how_many_did(rated, scope) -> None:
    """5, 4, 4, 2, 5 and two who gave none: mean 20 / 5 = 4.0, and 5 of 7 answered."""
    for who, score in enumerate((5, 4, None, 4, 2, None, 5)):
        rated(who, 9, score)
    assert figure(metrics.SATISFACTION, scope).value == 4.0
    assert figure(metrics.RATED, scope).value == pytest.approx(5 / 7)


def test_ratings_reach_others_a_week_after_the_teacher(school, rated, scope) -> None:
    """Asked on 9 November: on the 15th only the teacher counts them, on the 17th everybody in charge does."""
    for who in range(5):
        rated(who, 9, 4)
    early, late = at(15), at(17)
    mine = Scope(scope.school_id, SHANGHAI, {"people.teacher": [school.class_teacher.pk]}, own=True)
    assert figure(metrics.SATISFACTION, scope, now=early).state == State.EMPTY
    assert figure(metrics.SATISFACTION, mine, now=early).value == 4.0
    assert figure(metrics.SATISFACTION, scope, now=late).value == 4.0


def test_nothing_is_not_nought(scope) -> None:
    assert figure(metrics.ASKED, scope).value == 0
    for metric in metrics.METRICS[1:]:
        assert figure(metric, scope).state == State.EMPTY


def test_a_figure_stays_within_its_school_and_its_scope(school, asked, step, scope, topic) -> None:
    one, other = asked(0, 2), asked(1, 2, school_class=school.class_b)
    step(one, "ask", at(2))
    step(other, "ask", at(2))
    elsewhere = Scope(school.elsewhere.pk, SHANGHAI)
    assert figure(metrics.ASKED, elsewhere).value == 0
    of_class = Scope(scope.school_id, SHANGHAI, {"school.class": [school.class_a.pk]})
    assert figure(metrics.ASKED, of_class).value == 1
    of_rows = Scope(
        scope.school_id, SHANGHAI, {"questions.question": Question.objects.filter(pk=other.pk).values("pk")}
    )
    assert figure(metrics.ASKED, of_rows).value == 1


def test_told_by_week_and_by_class(school, asked, step, scope) -> None:
    """Asks on Sunday 8 November 23:00 and Monday 9 November 00:30 are in different weeks, though not in UTC."""
    step(asked(0, 2), "ask", at(8, 23))
    step(asked(1, 2), "ask", at(9, 0, 30))
    weeks = evaluate_by(metrics.ASKED, WEEK.name, scope=scope, period=NOVEMBER, now=LATER)
    assert {day: one.value for day, one in weeks.items()} == {date(2026, 11, 2): 1, date(2026, 11, 9): 1}
    by_class = evaluate_by(metrics.ASKED, "school.class", scope=scope, period=NOVEMBER, now=LATER)
    assert {pk: one.value for pk, one in by_class.items()} == {school.class_a.pk: 2}


def test_one_hidden_class_hides_the_next_so_that_no_difference_tells(school, asked, scope) -> None:
    """Class A: 7 families, class B: 6, class C: 1 (too few). With A and B and the whole, C could be worked out."""
    for who in range(7):
        asked(who, 2, answered_at=at(4))
    for who in range(6):
        asked(who, 2, answered_at=at(4), school_class=school.class_b)
    asked(0, 2, answered_at=at(4), school_class=school.class_c)
    found = evaluate_by(metrics.REOPENED, "school.class", scope=scope, period=NOVEMBER, now=LATER)
    states = {pk: one.state for pk, one in found.items()}
    assert states == {
        school.class_a.pk: State.SHOWN, school.class_b.pk: State.TOO_FEW, school.class_c.pk: State.TOO_FEW
    }  # fmt: skip


def test_the_steps_keep_the_working_minutes_a_family_waited(school, ask, nine) -> None:
    """Asked on Friday 27 November 16:00, answered on Monday 9:00: 90 minutes of Friday and 70 of Monday, 160.

    A second answer nobody waited for keeps none; closing keeps the minutes the school had it.
    """
    friday, monday = at(27, 16), at(30, 9)
    question = ask(at=friday)
    services.answer(actor=school.class_teacher, question=question, text="第35页", now=monday)
    services.answer(actor=school.class_teacher, question=question, text="还有36页", now=monday + timedelta(hours=1))
    services.confirm(actor=school.mother, question=question, now=monday + timedelta(hours=2))
    first, second = question.events.filter(act="answer")
    assert (first.is_first_reply, first.reply_minutes) == (True, 160)
    assert (second.is_first_reply, second.reply_minutes) == (False, None)
    assert question.events.get(act="close").matter_minutes == 160
