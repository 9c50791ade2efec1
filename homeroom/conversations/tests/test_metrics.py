"""Every figure of conversations against an answer worked out by hand. November 2026; 23 is a Monday, in Shanghai."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from homeroom.conversations import metrics
from homeroom.conversations.figures import note_exchanges
from homeroom.conversations.models import Exchange
from homeroom.conversations.public import open_family_thread, post_message
from homeroom.kit.ids import new_id
from homeroom.semantics.public import NeverAdded, Period, Scope, State, evaluate, evaluate_by, total

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


def at(day: int, hour: int = 9, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.fixture
def scope(school) -> Scope:
    return Scope(school.school.pk, SHANGHAI)


@pytest.fixture
def thread(school):
    return open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=at(1))


@pytest.fixture
def say(school, thread):
    def put(who, when: datetime) -> None:
        post_message(actor=who, conversation=thread, text="您好", client_key=new_id(), now=when)

    return put


def figure(metric, scope, period=NOVEMBER):
    return evaluate(metric, scope=scope, period=period, now=at(20, month=12))


def test_messages_and_active_guardians(school, say, scope) -> None:
    """
    | written (Shanghai) | by      | November |
    | 1 Nov 00:00        | mother  | yes      |
    | 2 Nov              | mother  | yes      |
    | 2 Nov              | teacher | yes      |
    | 30 Nov 23:59       | father  | yes      |
    | 1 Dec 00:01        | father  | no       |

    Four messages; mother and father are two guardians. In December the father alone: 2 + 1 is not the 2 of both months.
    """
    for who, when in (
        (school.mother, at(1, 0)), (school.mother, at(2)), (school.class_teacher, at(2, 10)),
        (school.father, at(30, 23, 59)), (school.father, at(1, 0, 1, month=12)),
    ):  # fmt: skip
        say(who, when)
    assert figure(metrics.SENT, scope).value == 4
    assert figure(metrics.ACTIVE_GUARDIANS, scope).value == 2
    whole = Period(date(2026, 11, 1), date(2026, 12, 31))
    assert figure(metrics.ACTIVE_GUARDIANS, scope, whole).value == 2
    months = evaluate_by(
        metrics.ACTIVE_GUARDIANS, "time.month", scope=scope, period=whole, now=at(20, month=12)
    )  # fmt: skip
    assert [one.value for one in months.values()] == [2, 1]
    with pytest.raises(NeverAdded):
        total(months.values())


def test_an_exchange_begins_with_the_first_message_nobody_had_answered(school, say, scope) -> None:
    """Mother 9:00 and 9:20, father 9:30, teacher 9:50 and 9:55: one exchange of 50 minutes, the second answer is none.

    Mother Friday 16:50 (27 November), teacher Monday 8:40. The school works 7:50–11:50 and 13:30–17:30: 40 minutes
    are left of Friday, none of the weekend, 50 of Monday have gone: 90.
    """
    for who, when in (
        (school.mother, at(23)), (school.mother, at(23, 9, 20)), (school.father, at(23, 9, 30)),
        (school.class_teacher, at(23, 9, 50)), (school.class_teacher, at(23, 9, 55)),
        (school.mother, at(27, 16, 50)), (school.class_teacher, at(30, 8, 40)), (school.mother, at(30, 9)),
    ):  # fmt: skip
        say(who, when)
    assert note_exchanges(now=at(30, 10)) == 2
    assert note_exchanges(now=at(30, 10)) == 0
    first, second = Exchange.objects.order_by("pk")
    assert (first.guardian_id, first.asked_number, first.answered_number) == (school.mother.pk, 1, 4)
    assert first.working_minutes == 50
    assert second.working_minutes == 90
    assert first.class_id == school.class_a.pk
    say(school.class_teacher, at(30, 11))
    assert note_exchanges(now=at(30, 12)) == 1


def test_the_median_wait_of_families(school, thread, scope) -> None:
    """Six families waited 5, 10, 20, 40, 80 and 1000 working minutes: (20 + 40) / 2 = 30. Four of them are too few."""
    for guardian, minutes in enumerate((80, 5, 1000, 20, 10, 40)):
        Exchange.objects.create(
            school=school.school, conversation=thread, asked_number=guardian * 2 + 1, answered_number=guardian * 2 + 2,
            guardian_id=900 + guardian, teacher_id=school.class_teacher.pk, asked_at=at(3), answered_at=at(3, 10),
            working_minutes=minutes,
        )  # fmt: skip
    assert figure(metrics.ANSWERED_WITHIN, scope).value == 30
    few = Scope(scope.school_id, SHANGHAI, {"people.guardian": [900, 901, 902, 903]})
    assert figure(metrics.ANSWERED_WITHIN, few).state == State.TOO_FEW


def test_an_exchange_is_never_rewritten(school, say) -> None:
    say(school.mother, at(23))
    say(school.class_teacher, at(23, 10))
    note_exchanges(now=at(23, 11))
    exchange = Exchange.objects.get()
    with pytest.raises(TypeError):
        exchange.save()
    with pytest.raises(TypeError):
        exchange.delete()
