"""Fact, dimension, metric: what a module declares beside its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise

from .expressions import Condition, Expression, read_condition, read_expression

Words = str | Promise


class Kind(StrEnum):
    """What stands in a column."""

    ID = "id"
    CODE = "code"
    INSTANT = "instant"
    NUMBER = "number"
    YES_NO = "yes_no"
    WORKING_MINUTES = "working_minutes"  # of the school's calendar: worked out when it happened, kept with the row


class Unit(StrEnum):
    COUNT = "count"
    RATIO = "ratio"  # 0 to 1; pages show a percentage
    SCORE = "score"  # 1 to 5
    WORKING_MINUTES = "working_minutes"


class SeenBy(StrEnum):
    """Who may see a dimension told apart by its members."""

    EVERYONE = "everyone"
    STAFF = "staff"
    IN_CHARGE = "in_charge"  # leaders of the school or grade, heads of the class; oneself always
    NOBODY = "nobody"  # a key for joining and scoping, never a row of a table


class Order(StrEnum):
    """In which order members are shown."""

    BY_TIME = "by_time"
    BY_POSITION = "by_position"  # as the school has ordered them
    BY_NAME = "by_name"


class Grain(StrEnum):
    EVENTS = "events"  # each row happened once and is never rewritten
    STATES = "states"  # each row is how something stands now


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something a figure can be told by."""

    name: str  # school.class
    label: Words
    synonyms: tuple[str, ...] = ()  # data: the other words people say, Chinese
    above: str = ""  # the next larger one: school.grade
    order: Order = Order.BY_NAME
    seen_by: SeenBy = SeenBy.STAFF
    each: str = ""  # of a dimension of time: day, week, month; reckoned from when the fact happened


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a fact: where its rows have it, and what may stand there."""

    path: str
    kind: Kind = Kind.ID
    values: frozenset[str] = frozenset()  # of a code; empty: any


@dataclass(frozen=True, slots=True)
class Fact:
    """A table of events or states. `rows` gives all of it; who reads what is decided by whoever runs a metric."""

    name: str  # questions.steps
    label: Words
    one_row: Words  # its grain in words: one step of one question
    grain: Grain
    rows: Callable[[], QuerySet[Any]]
    happened: str  # the column of the instant by which a period is cut
    columns: Mapping[str, Column]
    dimensions: Mapping[str, str]  # the name of a dimension → the column with its members
    school: str = "school_id"  # the path to whose row it is


@dataclass(frozen=True)
class Metric:
    """One number with one meaning."""

    name: str  # questions.first_reply_time
    label: Words
    meaning: Words
    fact: Fact
    expression: str
    unit: Unit
    where: str = ""
    synonyms: tuple[str, ...] = ()
    smallest_group: int = 0  # of `group`; a smaller one reads "too few to show"
    group: str = ""  # the column whose different members are the group: guardians
    others_after_days: int = 0  # whoever did it sees it at once, everybody else so many days later
    more_is: str = field(default="")  # "better", "worse", or neither

    @cached_property
    def parsed(self) -> Expression:
        return read_expression(self.expression)

    @cached_property
    def condition(self) -> Condition | None:
        return read_condition(self.where) if self.where else None
