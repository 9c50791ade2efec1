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
