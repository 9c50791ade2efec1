"""A sheet as a grid of plain cells, whatever kind of file it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

Cell = str | int | float | bool | date | datetime | time | timedelta

MAX_ROWS = 30_000
MAX_COLUMNS = 400


@dataclass(slots=True)
class Grid:
    """Rows of cells from A1 on, counted from 0. `merges` are (top, left, bottom, right), inclusive."""

    name: str
    rows: list[list[Cell]]
    hidden: frozenset[int] = frozenset()
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    skipped: str = ""  # why the sheet is not read: `hidden`

    def filled(self, row: int, column: int) -> bool:
        return column < len(self.rows[row]) and self.rows[row][column] not in ("", None)


def letter(column: int) -> str:
    """Excel's name of a 0-based column: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def column_of(reference: str) -> tuple[int, int]:
    """0-based (row, column) of a reference such as `AB12`."""
    column = row = 0
    for character in reference:
        if character.isdigit():
            row = row * 10 + ord(character) - 48
        elif character.isalpha():
            column = column * 26 + ord(character.upper()) - 64
    return row - 1, column - 1
