"""The language of a metric, and what stops a declaration at the start."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from homeroom.people.models import Enrolment
from homeroom.semantics import registry
from homeroom.semantics.evaluating import Measure, NeverAdded, Period, State, total
from homeroom.semantics.expressions import (
    Both,
    Column,
    Compare,
    Count,
    CountDistinct,
    IsNull,
    Not,
    NotUnderstood,
    OneOf,
    Quantile,
    Ratio,
    Sum,
    columns_of,
    is_additive,
    read_condition,
    read_expression,
)
from homeroom.semantics.public import Column as FactColumn
from homeroom.semantics.public import Dimension, Fact, Grain, Kind, Metric, Unit, WronglyDeclared, declare


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("count(*)", Count()),
        ('count_if(act == "ask")', Count(Compare("act", "==", "ask"))),
        (
            "count_if(done_at <= deadline_at) / count(*)",
            Ratio(Count(Compare("done_at", "<=", Column("deadline_at"))), Count()),
        ),
        ("mean(score)", Ratio(Sum("score"), Count(Not(IsNull("score"))))),
        ("median(minutes, is_first)", Quantile("minutes", 0.5, Compare("is_first", "==", True))),
        ("p90(minutes)", Quantile("minutes", 0.9)),
        ("count_distinct(author)", CountDistinct("author")),
    ],
)
def test_what_an_expression_means(text, means) -> None:
    assert read_expression(text) == means


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("deadline_at is not null", Not(IsNull("deadline_at"))),
        ("deadline_at is null", IsNull("deadline_at")),
        (
            'act in ("a", "b") and n >= 2',
            Both((OneOf("act", ("a", "b")), Compare("n", ">=", 2))),
        ),
        ("not late", Not(Compare("late", "==", True))),
    ],
)
def test_what_a_condition_means(text, means) -> None:
    assert read_condition(text) == means


@pytest.mark.parametrize(
    "text",
    [
        "", "count", "count(* ", "__import__('os')", "count(*) + 1", "median(a) / count(*)", "sum(a.b)", "exec(x)",
        "count_if(a == b == c)", "sum(a, b, c)", "count_if(lambda: 1)", "count_if(x == [y])", "1", "drop_table(x)",
        "sum(amount); count(*)", "count_if(a is 3)",
    ],
)  # fmt: skip
def test_everything_else_is_refused(text) -> None:
    with pytest.raises(NotUnderstood):
        read_expression(text)


def test_only_counts_sums_and_their_ratios_are_added() -> None:
    added = {text: is_additive(read_expression(text)) for text in (
        "count(*)", "sum(a)", "mean(a)", "count_if(a) / count(*)", "median(a)", "p90(a)", "count_distinct(a)",
        "count_distinct(a) / count(*)",
    )}  # fmt: skip
    assert [text for text, yes in added.items() if yes] == ["count(*)", "sum(a)", "mean(a)", "count_if(a) / count(*)"]


def test_every_column_of_an_expression_is_known() -> None:
    text = 'sum(a, b == "x" and (c is null or not d)) / count_if(e in (1, 2) and f < g)'
    assert set(columns_of(read_expression(text))) == set("abcdefg")


@pytest.fixture(autouse=True)
def nothing_declared(monkeypatch) -> None:
    for name in ("_dimensions", "_facts", "_metrics"):
        monkeypatch.setattr(registry, name, {})


def fact(**more) -> Fact:
    given = {
        "name": "x.rows", "label": "Rows", "one_row": "A row", "grain": Grain.EVENTS, "rows": Enrolment.objects.all,
        "happened": "at",
        "columns": {
            "at": FactColumn("at", Kind.INSTANT), "who": FactColumn("who"),
            "act": FactColumn("act", Kind.CODE, frozenset({"ask", "answer"})), "points": FactColumn("p", Kind.NUMBER),
            "minutes": FactColumn("m", Kind.WORKING_MINUTES),
        },
        "dimensions": {},
    }  # fmt: skip
    return Fact(**(given | more))


def metric(of: Fact, **more) -> Metric:
    given = {"name": "x.n", "label": "Number", "meaning": "How many", "fact": of, "expression": "count(*)",
             "unit": Unit.COUNT}  # fmt: skip
    return Metric(**(given | more))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"expression": "sum(pionts)"}, "no column pionts"),
        ({"where": 'act == "anwser"'}, "never 'anwser'"),
        ({"expression": "count("}, "not understood"),
        ({"expression": "count(*) / count(*)"}, "count and its expression a ratio"),
        ({"expression": "count(*)", "unit": Unit.RATIO}, "is a ratio and its expression none"),
        ({"expression": "median(points)", "unit": Unit.WORKING_MINUTES}, "working minutes are made of"),
        ({"expression": "median(minutes)", "unit": Unit.SCORE}, "working minutes are made of"),
        ({"expression": "sum(who)"}, "only numbers"),
        ({"expression": "count_distinct(act)"}, "only persons and things"),
        ({"smallest_group": 5}, "a smallest group needs"),
        ({"smallest_group": 5, "group": "nobody"}, "a smallest group needs"),
    ],
)
def test_a_metric_that_cannot_be_right_stops_the_start(wrong, why) -> None:
    of = fact()
    declare(of)
    with pytest.raises(WronglyDeclared, match=why):
        declare(metric(of, **wrong))


def test_unknown_names_and_words_with_two_meanings_stop_the_start() -> None:
    declare(Dimension("a.class", "Class", ("班", "各班")))
    with pytest.raises(WronglyDeclared, match=r"班 means a\.class"):
        declare(Dimension("a.group", "Group", ("班",)))
    with pytest.raises(WronglyDeclared, match=r"nobody knows a\.grade"):
        declare(Dimension("a.team", "Team", above="a.grade"))
    with pytest.raises(WronglyDeclared, match=r"nobody knows the dimension a\.town"):
        declare(fact(dimensions={"a.town": "who"}))
    with pytest.raises(WronglyDeclared, match="no column whom"):
        declare(fact(dimensions={"a.class": "whom"}))
    with pytest.raises(WronglyDeclared, match="no instant"):
        declare(fact(happened="who"))
    with pytest.raises(WronglyDeclared, match="not declared"):
        declare(metric(fact()))


def test_declaring_the_same_again_changes_nothing_and_another_of_its_name_is_refused() -> None:
    of = fact()
    one = metric(of)
    declare(of, one)
    declare(of, one)
    with pytest.raises(WronglyDeclared, match="twice"):
        declare(metric(of))


def test_a_whole_is_divided_last_and_a_median_is_never_added() -> None:
    """3 of 4 and 1 of 8 are 4 of 12, a third; not the mean of 0.75 and 0.125."""
    ratio = metric(fact(), expression='count_if(act == "ask") / count(*)', unit=Unit.RATIO)
    parts = [Measure(ratio, State.SHOWN, 0.75, (3, 4)), Measure(ratio, State.SHOWN, 0.125, (1, 8))]
    assert total(parts).value == pytest.approx(1 / 3)
    hidden = [*parts, Measure(ratio, State.TOO_FEW)]
    assert total(hidden).state == State.TOO_FEW
    median = metric(fact(), expression="median(minutes)", unit=Unit.WORKING_MINUTES)
    with pytest.raises(NeverAdded):
        total([Measure(median, State.SHOWN, 5.0, (5.0,))])


def test_a_month_is_whole_days_at_the_school() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    month = Period.month_of(date(2026, 2, 14))
    assert month == Period(date(2026, 2, 1), date(2026, 2, 28))
    since, until = month.instants(shanghai)
    assert (since.isoformat(), until.isoformat()) == ("2026-02-01T00:00:00+08:00", "2026-03-01T00:00:00+08:00")
    assert Period.month_of(date(2026, 12, 31)).last == date(2026, 12, 31)
