"""Whole tables of values in one statement, on SQLite and PostgreSQL alike."""

# ruff: noqa: S608  (only constant names are put together; every value is a parameter)
from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

_encode = msgspec.json.Encoder().encode


def table(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """A FROM source `given` of `rows`, and its parameters. `columns` are (name, PostgreSQL type).

    Instants are passed through `instant` by the caller.
    """
    names = [name for name, _type in columns]
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%s::{kind}[]" for _name, kind in columns)
        source = f"unnest({arrays}) AS given ({', '.join(names)})"
        return source, [[row[position] for row in rows] for position in range(len(columns))]
    picked = ", ".join(f"value ->> {position} AS {name}" for position, name in enumerate(names))
    return f"(SELECT {picked} FROM json_each(%s)) AS given", [_encode(rows).decode()]


def ids(values: Sequence[int]) -> tuple[str, list[Any]]:
    """A sub-select of ids to stand after IN, and its parameters."""
    if connection.vendor == "postgresql":
        return "(SELECT unnest(%s::bigint[]))", [list(values)]
    return "(SELECT value FROM json_each(%s))", [_encode(list(values)).decode()]


def instant(moment: datetime | None) -> Any:
    """`moment` as a parameter of raw SQL."""
    if moment is None or connection.vendor == "postgresql":
        return moment
    return connection.ops.adapt_datetimefield_value(moment)


def at(column: str) -> str:
    """An instant's column for a SELECT that reads many: as text on SQLite, which `moment` turns into each once."""
    return f"{column} || ''" if settings.SQLITE else column


def moment(value: Any) -> datetime | None:
    """An instant read by raw SQL: SQLite gives it in UTC without saying so, and as text when it was computed."""
    if value is None:
        return None
    if isinstance(value, str):
        return _parsed(value)
    return value if value.tzinfo else value.replace(tzinfo=UTC)  # type: ignore[no-any-return]


@lru_cache(maxsize=20_000)
def _parsed(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
