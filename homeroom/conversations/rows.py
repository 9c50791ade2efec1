# ruff: noqa: S608  (what is put into the statement is this file's own text; every value is a parameter)
"""A table of values inside a statement, on both databases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from django.db import connection


def rows_of(*columns: tuple[str, Iterable[Any]]) -> tuple[str, list[Any]]:
    """A table of values as SQL with its parameters: (type, values) a column, named c0, c1 …"""
    if connection.vendor == "postgresql":
        names = ", ".join(f"c{n}" for n in range(len(columns)))
        types = ", ".join(f"%s::{kind}[]" for kind, _values in columns)
        return f"unnest({types}) AS given ({names})", [list(values) for _kind, values in columns]
    picked = ", ".join(f"value ->> {n} AS c{n}" for n in range(len(columns)))
    packed = msgspec.json.encode(list(zip(*(values for _kind, values in columns), strict=True))).decode()
    return f"(SELECT {picked} FROM json_each(%s)) AS given", [packed]


def fetched(columns: str, source: str, values: list[Any]) -> list[Any]:
    """The rows of a SELECT. On SQLite as one row of JSON: sqlite3 gives up the interpreter lock for every row it steps
    to, and beside busy threads waits for it half a millisecond each time."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SELECT {columns} {source}", values)
            return list(cursor.fetchall())
        cursor.execute(f"SELECT json_group_array(json_array({columns})) {source}", values)
        return list(msgspec.json.decode(cursor.fetchone()[0]))
