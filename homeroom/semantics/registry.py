"""Everything declared, checked when it is: a name nobody knows, or a word two mean, stops the start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import translation

from .expressions import (
    CountDistinct,
    NotUnderstood,
    Quantile,
    Ratio,
    Sum,
    aggregates_of,
    columns_of,
    literals_of,
)
from .words import Dimension, Fact, Kind, Metric, Unit


class WronglyDeclared(ValueError):
    """A declaration that cannot be right."""


_dimensions: dict[str, Dimension] = {}
_facts: dict[str, Fact] = {}
_metrics: dict[str, Metric] = {}


def declare(*declared: Dimension | Fact | Metric) -> None:
    """Enter dimensions, facts and metrics, in this order. Declaring the same again changes nothing."""
    for one in declared:
        there = _registry_of(one)
        if there.get(one.name) is one:
            continue
        if one.name in {**_dimensions, **_facts, **_metrics}:
            raise WronglyDeclared(f"{one.name} is declared twice")
        troubles = list(_troubles(one))
        if troubles:
            raise WronglyDeclared(f"{one.name}: {'; '.join(troubles)}")
        there[one.name] = one


def metric(name: str) -> Metric:
    return _metrics[name]


def metrics() -> list[Metric]:
    return list(_metrics.values())


def dimensions() -> list[Dimension]:
    return list(_dimensions.values())


def dimension(name: str) -> Dimension:
    return _dimensions[name]


def facts() -> list[Fact]:
    return list(_facts.values())


def _registry_of(one: Dimension | Fact | Metric) -> dict[str, Any]:
    return _dimensions if isinstance(one, Dimension) else _facts if isinstance(one, Fact) else _metrics


def _troubles(one: Dimension | Fact | Metric) -> Iterator[str]:
    if isinstance(one, Dimension):
        yield from _of_words(one)
        if one.above and one.above not in _dimensions:
            yield f"nobody knows {one.above}, which is said to lie above it"
    elif isinstance(one, Fact):
        yield from _of_fact(one)
    else:
        yield from _of_metric(one)


def _of_words(one: Dimension | Metric) -> Iterator[str]:
    """A word means one thing: among dimensions, and among metrics."""
    others = _dimensions.values() if isinstance(one, Dimension) else _metrics.values()
    taken = {word: other.name for other in others for word in _words(other)}
    for word in _words(one):
        if word in taken:
            yield f"{word} means {taken[word]} already"
    if len(set(one.synonyms)) < len(one.synonyms):
        yield "the same word twice"


def _words(one: Dimension | Metric) -> set[str]:
    """Its name in Chinese and English, and the other words."""
    said = set(one.synonyms)
    for language in ("en", "zh-hans"):
        with translation.override(language):
            said.add(str(one.label))
    return said


def _of_fact(fact: Fact) -> Iterator[str]:
    for name, column in fact.dimensions.items():
        if name not in _dimensions:
            yield f"nobody knows the dimension {name}"
        if column not in fact.columns:
            yield f"it has no column {column}"
    if fact.happened not in fact.columns or fact.columns[fact.happened].kind != Kind.INSTANT:
        yield f"{fact.happened} is no instant of it"


def _of_metric(metric: Metric) -> Iterator[str]:
    fact = metric.fact
    if _facts.get(fact.name) is not fact:
        yield f"the fact {fact.name} is not declared"
    yield from _of_words(metric)
    try:
        expression, condition = metric.parsed, metric.condition
    except NotUnderstood as wrong:
        yield f"not understood: {wrong}"
        return
    unknown = {*columns_of(expression), *columns_of(condition)} - fact.columns.keys()
    if unknown:
        yield f"{fact.name} has no column {', '.join(sorted(unknown))}"
        return
    for column, value in [*literals_of(expression), *literals_of(condition)]:
        allowed = fact.columns[column].values
        if allowed and value not in allowed:
            yield f"{column} is never {value!r}"
    yield from _of_unit(metric)
    if bool(metric.smallest_group) != bool(metric.group) or (metric.group and metric.group not in fact.columns):
        yield "a smallest group needs a column that says of whom"


def _of_unit(metric: Metric) -> Iterator[str]:
    """Working minutes are only made of working minutes, a ratio only of a ratio."""
    expression = metric.parsed
    if metric.unit == Unit.RATIO and not isinstance(expression, Ratio):
        yield "its unit is a ratio and its expression none"
    if metric.unit == Unit.COUNT and isinstance(expression, Ratio):
        yield "its unit is a count and its expression a ratio"
    added = [one for one in aggregates_of(expression) if isinstance(one, Sum | Quantile)]
    kinds = {metric.fact.columns[one.column].kind for one in added}
    if (metric.unit == Unit.WORKING_MINUTES) != (Kind.WORKING_MINUTES in kinds):
        yield "working minutes are made of working minutes, and of nothing else"
    if kinds & {Kind.ID, Kind.CODE, Kind.INSTANT}:
        yield "only numbers are added or ranked"
    distinct = [one for one in aggregates_of(expression) if isinstance(one, CountDistinct)]
    if any(metric.fact.columns[one.column].kind != Kind.ID for one in distinct):
        yield "only persons and things are counted as different ones"
