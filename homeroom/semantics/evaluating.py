"""Running a metric on the database itself: for a scope and a period, as one figure or told by a dimension.

This serves pages that show a few figures; boards over millions of rows have their own engine. Both mean the same: the
hand-worked tests beside every metric are asked of both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count as CountOf
from django.db.models import F, Q, QuerySet
from django.db.models import Sum as SumOf
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek

from . import expressions as ex
from .registry import dimension
from .words import Metric

TRUNCATED = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}
SIGNS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


class State(StrEnum):
    SHOWN = "shown"
    EMPTY = "empty"  # nothing of the kind happened
    TOO_FEW = "too_few"  # it would speak of single families


class NeverAdded(TypeError):
    """A median, or a count of different persons, of two groups is not that of both."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of a school, both included."""

    first: date
    last: date

    @classmethod
    def month_of(cls, day: date) -> Period:
        following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        return cls(day.replace(day=1), following - timedelta(days=1))

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """[from, until) at the school."""
        return datetime.combine(self.first, time(), zone), datetime.combine(self.last + timedelta(days=1), time(), zone)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows a reader's figure is made of. `only` holds, by dimension, the members the reader may count.

    `own`: they are what the reader did; nobody is hidden from themself, so no smallest group and no delay hold.
    """

    school_id: int
    zone: ZoneInfo
    only: Mapping[str, Iterable[int] | QuerySet[Any]] = field(default_factory=dict)
    own: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure, or why there is none. `parts` are what a whole is made of; of hidden ones there are none."""

    metric: Metric
    state: State
    value: float | None = None
    parts: tuple[float, ...] = ()

    @property
    def is_shown(self) -> bool:
        return self.state == State.SHOWN


def evaluate(metric: Metric, *, scope: Scope, period: Period, now: datetime) -> Measure:
    """The figure of a metric for a scope in a period; at most four statements."""
    return _measure(metric, _rows(metric, scope, period, now), scope)


def evaluate_by(
    metric: Metric, name: str, *, scope: Scope, period: Period, now: datetime
) -> dict[int | str | date, Measure]:
    """The figure for each member of a dimension. Where one alone is too small, the next smallest is hidden with it.

    Else whoever knows the whole would work the hidden one out.
    """
    rows = _rows(metric, scope, period, now)
    groups = _groups(metric, name, rows, scope)
    found = {member: _measure(metric, of_member, scope) for member, of_member in groups.items()}
    hidden = [one for one in found.values() if one.state == State.TOO_FEW]
    shown = {member: one for member, one in found.items() if one.is_shown}
    if len(hidden) == 1 and shown:
        smallest = min(shown, key=lambda member: _group_size(metric, groups[member]))
        found[smallest] = Measure(metric, State.TOO_FEW)
    return found


def total(measures: Iterable[Measure]) -> Measure:
    """The whole of groups that share no row. Raises NeverAdded for what has to be asked anew."""
    shown = [one for one in measures if one.state != State.EMPTY]
    if not shown:
        raise ValueError("nothing to add")
    metric = shown[0].metric
    if not ex.is_additive(metric.parsed):
        raise NeverAdded(metric.name)
    if any(one.state == State.TOO_FEW for one in shown):
        return Measure(metric, State.TOO_FEW)
    parts = tuple(sum(column) for column in zip(*(one.parts for one in shown), strict=True))
    return _of_parts(metric, parts)


def _rows(metric: Metric, scope: Scope, period: Period, now: datetime) -> QuerySet[Any]:
    fact = metric.fact
    since, until = period.instants(scope.zone)
    if not scope.own and metric.others_after_days:
        until = min(until, now - timedelta(days=metric.others_after_days))
    happened = fact.columns[fact.happened].path
    rows = fact.rows().filter(**{fact.school: scope.school_id, f"{happened}__gte": since, f"{happened}__lt": until})
    for name, members in scope.only.items():
        rows = rows.filter(**{f"{fact.columns[fact.dimensions[name]].path}__in": members})
    if metric.condition is not None:
        rows = rows.filter(_q(metric, metric.condition))
    return rows.order_by()


def _groups(metric: Metric, name: str, rows: QuerySet[Any], scope: Scope) -> dict[Any, QuerySet[Any]]:
    """The members of a dimension that there are, each with its rows. A span of time is its first day."""
    fact, each = metric.fact, dimension(name).each
    if not each:
        path = fact.columns[fact.dimensions[name]].path
        members = rows.values_list(path, flat=True).distinct().order_by(path)
        return {member: rows.filter(**{path: member}) for member in members if member is not None}
    happened = fact.columns[fact.happened].path
    cut = TRUNCATED[each](happened, tzinfo=scope.zone)
    starts = rows.annotate(span=cut).values_list("span", flat=True).distinct().order_by("span")
    spans = {start.date(): _span(start.date(), each).instants(scope.zone) for start in starts}
    return {
        first: rows.filter(**{f"{happened}__gte": since, f"{happened}__lt": until})
        for first, (since, until) in spans.items()
    }


def _span(first: date, each: str) -> Period:
    if each == "month":
        return Period.month_of(first)
    return Period(first, first + timedelta(days=6 if each == "week" else 0))


def _q(metric: Metric, condition: ex.Condition) -> Q:
    columns = metric.fact.columns
    match condition:
        case ex.Compare(left, sign, right):
            wanted = F(columns[right.name].path) if isinstance(right, ex.Column) else right
            path = columns[left].path
            there = Q(**{f"{path}__isnull": False})
            if sign == "!=":
                return there & ~Q(**{path: wanted})
            return there & Q(**{f"{path}__{SIGNS[sign]}" if sign in SIGNS else path: wanted})
        case ex.IsNull(column):
            return Q(**{f"{columns[column].path}__isnull": True})
        case ex.OneOf(column, values):
            return Q(**{f"{columns[column].path}__in": list(values)})
        case ex.Both(parts):
            return _joined(metric, parts, Q.AND)
        case ex.Either(parts):
            return _joined(metric, parts, Q.OR)
        case ex.Not(part):
            return ~_q(metric, part)


def _joined(metric: Metric, parts: tuple[ex.Condition, ...], how: str) -> Q:
    found = Q()
    for part in parts:
        found.add(_q(metric, part), how)
    return found


def _measure(metric: Metric, rows: QuerySet[Any], scope: Scope) -> Measure:
    parts = tuple(_aggregate(metric, one, rows) for one in ex.aggregates_of(metric.parsed))
    if any(part is None for part in parts):
        return Measure(metric, State.EMPTY)
    found = _of_parts(metric, tuple(float(part) for part in parts if part is not None))
    if found.is_shown and metric.smallest_group and not scope.own and _group_size(metric, rows) < metric.smallest_group:
        return Measure(metric, State.TOO_FEW)
    return found


def _of_parts(metric: Metric, parts: tuple[float, ...]) -> Measure:
    if len(parts) == 2:
        if not parts[1]:
            return Measure(metric, State.EMPTY)
        return Measure(metric, State.SHOWN, parts[0] / parts[1], parts)
    return Measure(metric, State.SHOWN, parts[0], parts)


def _group_size(metric: Metric, rows: QuerySet[Any]) -> int:
    """How many different members of its group the rows counted speak of: those of a ratio's bottom."""
    counted = ex.aggregates_of(metric.parsed)[-1]
    if counted.where is not None:
        rows = rows.filter(_q(metric, counted.where))
    if isinstance(counted, ex.Quantile):
        rows = rows.filter(**{f"{metric.fact.columns[counted.column].path}__isnull": False})
    size: int = rows.aggregate(n=CountOf(metric.fact.columns[metric.group].path, distinct=True))["n"]
    return size


def _aggregate(metric: Metric, one: ex.Aggregate, rows: QuerySet[Any]) -> float | None:
    if one.where is not None:
        rows = rows.filter(_q(metric, one.where))
    columns = metric.fact.columns
    match one:
        case ex.Count():
            return rows.count()
        case ex.CountDistinct(column):
            counted: int = rows.aggregate(n=CountOf(columns[column].path, distinct=True))["n"]
            return counted
        case ex.Sum(column):
            added: float | None = rows.aggregate(n=SumOf(columns[column].path))["n"]
            return added if added is not None else 0.0
        case ex.Quantile(column, share):
            return _quantile(rows.filter(**{f"{columns[column].path}__isnull": False}), columns[column].path, share)


def _quantile(rows: QuerySet[Any], path: str, share: float) -> float | None:
    """Between the two rows around the place, in proportion: what DuckDB's quantile_cont gives."""
    number = rows.count()
    if not number:
        return None
    place = (number - 1) * share
    low = math.floor(place)
    around = [float(value) for value in rows.order_by(path).values_list(path, flat=True)[low : low + 2]]
    return around[0] + (around[-1] - around[0]) * (place - low)
