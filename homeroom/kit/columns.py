"""Whole objects read by raw SQL: where one query comes with every page, Django's making of its SQL is most of the cost.

    SESSION = Columns(Session, "session")
    cursor.execute(f"SELECT {SESSION.sql} FROM people_session AS session WHERE …")
    session = SESSION.read(cursor.fetchone())

What is left out is deferred, as with the ORM's `defer`: it is read when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Field, Model
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)
Converter = Callable[[Any, Any, Any], Any]


class Columns(Generic[M]):
    """The columns of `model`, which the query calls `alias`; in the row they begin at `after`'s end."""

    def __init__(
        self, model: type[M], alias: str, *, without: Collection[str] = (), after: Columns[Any] | None = None
    ) -> None:
        self.model = model
        self.alias = alias
        self.without = without
        self.after = after

    @cached_property
    def _fields(self) -> list[Field[Any, Any]]:
        return [field for field in self.model._meta.concrete_fields if field.name not in self.without]

    @cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self._fields]

    @cached_property
    def start(self) -> int:
        return self.after.end if self.after is not None else 0

    @cached_property
    def end(self) -> int:
        return self.start + len(self._fields)

    @cached_property
    def sql(self) -> str:
        """The columns for a SELECT."""
        return ", ".join(f"{self.alias}.{connection.ops.quote_name(str(field.column))}" for field in self._fields)

    @cached_property
    def _converters(self) -> list[tuple[int, Any, list[Converter]]]:
        found = []
        for position, field in enumerate(self._fields):
            column = field.get_col(self.alias)
            converters = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
            if converters:
                found.append((position, column, converters))
        return found

    def read(self, row: Sequence[Any]) -> M | None:
        """The object in `row`; None when the join found none."""
        values = list(row[self.start : self.end])
        if values[0] is None:  # the key comes first
            return None
        for position, column, converters in self._converters:
            for convert in converters:
                values[position] = convert(values[position], column, connection)
        made = self.model.__new__(self.model)  # without __init__, which looks at every argument and sends two signals
        made.__dict__.update(zip(self._names, values, strict=True))
        made._state = ModelState()
        made._state.db, made._state.adding = connection.alias, False
        return made
