"""What points to a person follows when two entries of one human become one.

Every foreign key to Person of every module is found by machine and pointed to the entry that stays. Only where a table
may hold one row for each person, and both entries have theirs, is a rule needed: `both_have` enters it, by the table's
label, in `site/reactions.py`. Without a rule the two are not put together, so a table nobody thought of loses nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import ForeignKey, Model, Q, UniqueConstraint

from .models import Guardianship, Person

Clash = tuple[ForeignKey[Any, Any], list[str], Model, Model]
Join = Callable[[Any, Any], None]  # (row that stays, row of the other entry): the second must be gone afterwards
_joins: dict[str, Join] = {}
_plain: list[tuple[str, str]] = []
_edge_joins: list[Callable[[Guardianship, Guardianship], None]] = []


def first_stays(kept: Model, other: Model) -> None:
    """Settings, marks and ticks: what the entry that stays has chosen holds."""
    other.delete()


def both_have(label: str, join: Join) -> None:
    """Where both entries have a row of the table `label` ("groups.GroupMember"), `join` makes one of them."""
    _joins[label] = join


def follows_too(label: str, column: str) -> None:
    """A column of the table `label` that holds a person's id without being a foreign key."""
    if (label, column) not in _plain:
        _plain.append((label, column))


def when_edges_join(join: Callable[[Guardianship, Guardianship], None]) -> None:
    """Call `join(edge that stays, edge that goes)` before the second is deleted: what hangs on it may move."""
    if join not in _edge_joins:
        _edge_joins.append(join)


def edges_join(kept: Guardianship, other: Guardianship) -> None:
    for join in _edge_joins:
        join(kept, other)


def keys_to_person() -> Iterator[ForeignKey[Any, Any]]:
    """Every foreign key to Person there is, those of many-to-many tables too."""
    for relation in Person._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one):
            yield relation.field  # type: ignore[union-attr,misc]


def plain_columns() -> list[tuple[type[Model], str]]:
    models = {model._meta.label: model for model in apps.get_models()}
    return [(models[label], column) for label, column in _plain]


def unique_sets(key: ForeignKey[Any, Any]) -> list[tuple[list[str], Q | None]]:
    """The fields that with this key may occur once only, and under which condition."""
    meta = key.model._meta
    found: list[tuple[list[str], Q | None]] = [([key.name], None)] if key.unique else []
    found += [(list(names), None) for names in meta.unique_together if key.name in names]
    found += [
        (list(constraint.fields), constraint.condition)
        for constraint in meta.constraints
        if isinstance(constraint, UniqueConstraint) and key.name in constraint.fields
    ]
    return found


def clashes(kept: Person, other: Person) -> list[Clash]:
    """Where both entries have a row and one is allowed: the key, its set of columns, the rows of `kept` and `other`.

    A few queries for each set of columns, however many rows there are.
    """
    found: list[Clash] = []
    for key in keys_to_person():
        manager = key.model._default_manager
        for names, condition in unique_sets(key):
            rows = manager.filter(condition or Q())
            columns = [key.model._meta.get_field(name).attname for name in names if name != key.name]  # type: ignore[union-attr]
            theirs = list(rows.filter(**{key.name: other}).values_list("pk", *columns))
            if not theirs:
                continue
            mine = {tuple(values): pk for pk, *values in rows.filter(**{key.name: kept}).values_list("pk", *columns)}
            pairs = [
                (mine[tuple(values)], pk)
                for pk, *values in theirs
                if tuple(values) in mine and None not in values  # NULLs never collide
            ]
            if pairs:
                loaded = manager.in_bulk([pk for pair in pairs for pk in pair])
                found += [(key, columns, loaded[twin], loaded[row]) for twin, row in pairs]
    return found


def without_rule(kept: Person, other: Person) -> list[str]:
    """The tables in which both have a row and nobody has said what becomes of them."""
    return sorted({key.model._meta.label for key, *_rest in clashes(kept, other)} - _joins.keys())


def counts(other: Person) -> Counter[str]:
    """How many rows name this entry, by the module that owns them."""
    found: Counter[str] = Counter()
    for key in keys_to_person():
        found[key.model._meta.app_label] += key.model._default_manager.filter(**{key.name: other}).count()
    return +found


def _still_clash(key: ForeignKey[Any, Any], columns: list[str], *whose: tuple[Model, Person]) -> bool:
    """Whether a join before this one has left both rows, freshly read, as they were found."""
    for row, person in whose:
        try:
            row.refresh_from_db()
        except ObjectDoesNotExist:
            return False
        if getattr(row, key.attname) != person.pk:
            return False
    (twin, _kept), (row, _other) = whose
    return all(getattr(twin, column) == getattr(row, column) for column in columns)


def follow(kept: Person, other: Person) -> Counter[str]:
    """Point everything that names `other` to `kept`; returns how many rows of which table moved or were joined.

    Whoever calls has made sure that nothing is `without_rule`.
    """
    moved: Counter[str] = Counter()
    joined = True
    while joined:  # a join may bring or settle others: what hangs on a row goes with it
        joined = False
        for key, columns, twin, row in clashes(kept, other):
            if _still_clash(key, columns, (twin, kept), (row, other)):
                _joins[key.model._meta.label](twin, row)
                moved[key.model._meta.label] += 1
                joined = True
    for key in keys_to_person():
        rows = key.model._default_manager.filter(**{key.name: other})
        moved[key.model._meta.label] += rows.update(**{key.name: kept})
    for model, column in plain_columns():
        moved[model._meta.label] += model._base_manager.filter(**{column: other.pk}).update(**{column: kept.pk})
    return +moved
