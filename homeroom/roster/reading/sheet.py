"""A sheet while it is read: its cells by what their columns are, and where each stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from homeroom.roster.remarks import Place

from .classes import ClassName, GradeName, Hints
from .grid import Cell, Grid, letter
from .rows import Reading


@dataclass(slots=True)
class Header:
    row: int  # 0-based, the last row of the header
    top: int
    texts: list[str]
    fields: list[str | None]


@dataclass(slots=True)
class Sheet:
    """A sheet being read."""

    grid: Grid
    header: Header
    columns: dict[str, int]  # field to column
    reading: Reading
    hints: Hints
    school_class: ClassName | None = None  # of the sheet's name or title, for rows without one
    grade: GradeName | None = None
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)  # covered cell to the one that speaks

    def cell(self, row: int, name: str) -> Cell | None:
        column = self.columns.get(name)
        if column is None:
            return None
        row, column = self.merged.get((row, column), (row, column))
        cells_of_row = self.grid.rows[row]
        return cells_of_row[column] if column < len(cells_of_row) else None

    def place(self, row: int, name: str) -> Place:
        column = self.columns.get(name)
        if column is None:
            return Place(self.grid.name, row + 1)
        return Place(self.grid.name, row + 1, letter(column), self.header.texts[column])
