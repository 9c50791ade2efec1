"""The limit of `homeroom bench import`: the same workbook read by calamine, the same rows written by bare sqlite3.

Nothing is recognised, compared or checked: every cell is read, and the rows the last import made are written into
copies of their tables that have no index and no constraint, in one transaction that is on the disk when it ends.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from django.db import connection, models
from python_calamine import CalamineWorkbook

from homeroom.people.models import Enrolment, Guardianship, Person
from homeroom.roster.apply import Undo, chunks
from homeroom.roster.models import ImportRun, RosterEdge, RunPart
from homeroom.school.models import SchoolClass

TIMES = 3  # the median counts


def read(path: Path) -> float:
    """Seconds to have every cell of the workbook as a value of Python."""
    started = time.monotonic()
    CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    return time.monotonic() - started


def rows_made() -> dict[str, list[tuple[Any, ...]]]:
    """Table to the rows that the last import made."""
    run = ImportRun.objects.filter(applied_at__isnull=False).latest("applied_at")
    undo = msgspec.msgpack.decode(run.part(RunPart.Name.UNDO) or b"", type=Undo)
    tables: list[tuple[type[models.Model], str, list[int]]] = [
        (SchoolClass, "id", undo.classes),
        (Person, "id", undo.persons),
        (Enrolment, "id", undo.enrolments),
        (Guardianship, "id", undo.edges),
        (RosterEdge, "guardianship_id", undo.edges),
    ]
    return {model._meta.db_table: list(_stored(model, column, ids)) for model, column, ids in tables}


def _stored(model: type[models.Model], column: str, ids: list[int]) -> Iterable[tuple[Any, ...]]:
    plain = (int, float, str, bytes, type(None))
    with connection.cursor() as cursor:
        for part in chunks(ids):
            marks = ", ".join(["%s"] * len(part))
            cursor.execute(f"SELECT * FROM {model._meta.db_table} WHERE {column} IN ({marks})", list(part))
            for row in cursor.fetchall():
                yield tuple(value if isinstance(value, plain) else str(value) for value in row)


def write(tables: dict[str, list[tuple[Any, ...]]]) -> float:
    """Seconds to have the rows on the disk, with the journal and the safety that the product keeps."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(str(Path(folder) / "bare.db"), isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        for name, rows in tables.items():
            columns = ", ".join(f"c{number}" for number in range(len(rows[0]) if rows else 1))
            database.execute(f"CREATE TABLE {name} ({columns})")
        started = time.monotonic()
        database.execute("BEGIN IMMEDIATE")
        for name, rows in tables.items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                database.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
        database.execute("COMMIT")
        seconds = time.monotonic() - started
        database.close()
    return seconds


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("workbook", type=Path)
    options = parser.parse_args(argv)
    tables = rows_made()
    found = {
        "read": statistics.median(read(options.workbook) for _ in range(TIMES)),
        "write": statistics.median(write(tables) for _ in range(TIMES)),
        "rows": sum(len(rows) for rows in tables.values()),
    }
    print(json.dumps(found))
    return 0
