"""The figures of a month for whoever is in charge, and one's own first: every one a declared metric, none made here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from homeroom.people.models import Person, Role
from homeroom.school.models import SchoolClass
from homeroom.semantics.public import Measure, Metric, Period, Scope, State, Unit, evaluate, metrics

from . import access
from .metrics import ASKED, AUTO_ANSWERED, QUESTION
from .models import Circle, Question

# In this order; those of other modules by their names, where the school has them.
SHOWN = (
    "questions.asked", "questions.first_reply_time", "questions.resolution_time", "questions.auto_answer_rate",
    "questions.reopened_rate", "questions.satisfaction", "questions.rating_response_rate",
    "conversations.messages_sent", "conversations.active_guardians", "conversations.first_reply_time",
)  # fmt: skip
OF_NOBODY = frozenset({ASKED.name, AUTO_ANSWERED.name})  # what families did: no member of staff's own
WHY = {
    State.EMPTY: gettext_lazy("nothing of the kind yet"),
    State.TOO_FEW: gettext_lazy("too few families to show"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric as a page shows it."""

    name: str
    label: str | Promise
    meaning: str | Promise
    shown: str
    note: str | Promise = ""


def month(person: Person, *, last: bool = False) -> Period:
    """This month at the school, or the one before."""
    this = Period.month_of(person.today)
    return Period.month_of(this.first - timedelta(days=1)) if last else this


def in_charge(person: Person, *, period: Period, now: datetime) -> list[Figure]:
    """Of everything in the person's charge: the whole school for its leaders, the classes of their grade for others.

    What no class can be told of is for the leaders of the school.
    """
    found = []
    for metric in _metrics():
        if metric.name == AUTO_ANSWERED.name and not person.leads(person.school_id):
            continue
        found.append(_figure(evaluate(metric, scope=_charge(person, metric), period=period, now=now)))
    return found


def own(person: Person, *, period: Period, now: datetime) -> list[Figure]:
    """What the person did themself, before anybody else sees it and however few families it is of."""
    mine = [metric for metric in _metrics() if metric.name not in OF_NOBODY]
    return [_figure(evaluate(metric, scope=_own(person, metric), period=period, now=now)) for metric in mine]


def _metrics() -> list[Metric]:
    declared = {metric.name: metric for metric in metrics()}
    return [declared[name] for name in SHOWN if name in declared]


def _own(person: Person, metric: Metric) -> Scope:
    """What is the person's own; of what became the leaders' alone only a leader's."""
    only: dict[str, Any] = {"people.teacher": [person.pk]}
    if QUESTION.name in metric.fact.dimensions and not person.leads(person.school_id):
        here = Question.objects.filter(school_id=person.school_id).exclude(circle=Circle.LEADERS)
        only[QUESTION.name] = here.values("pk")
    return Scope(person.school_id, ZoneInfo(person.school.time_zone), only, own=True)


def _charge(person: Person, metric: Metric) -> Scope:
    only: dict[str, Any] = {}
    leads = person.leads(person.school_id)
    if QUESTION.name in metric.fact.dimensions and metric.name != AUTO_ANSWERED.name:
        only[QUESTION.name] = access.handled_by(person).values("pk")
    elif not leads:
        led = [role for role in person.current_roles if role.kind == Role.Kind.GRADE_LEADER]
        grades = [role.grade_id for role in led if role.grade_id is not None]
        only["school.class"] = SchoolClass.objects.filter(grade_id__in=grades).values("pk")
    return Scope(person.school_id, ZoneInfo(person.school.time_zone), only)


def _figure(measure: Measure) -> Figure:
    metric = measure.metric
    if measure.value is None:
        return Figure(metric.name, metric.label, metric.meaning, "–", WHY[measure.state])
    return Figure(metric.name, metric.label, metric.meaning, _worded(measure.value, metric.unit))


def _worded(value: float, unit: Unit) -> str:
    match unit:
        case Unit.RATIO:
            return f"{value:.0%}"
        case Unit.SCORE:
            return f"{value:.1f}"
        case Unit.WORKING_MINUTES if value < 90:
            return _("%(n)d min") % {"n": round(value)}
        case Unit.WORKING_MINUTES:
            return _("%(n)s h") % {"n": f"{value / 60:.1f}".removesuffix(".0")}
        case _:
            return f"{round(value)}"
