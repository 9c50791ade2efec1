"""Where a sheet's header is, what its columns are, and the class its title tells."""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import cells
from .classes import ClassName, GradeName, class_in, grade_in
from .grid import Grid, letter
from .headers import field_of, fields_of, normal_header, score
from .rows import ColumnUse, SheetUse
from .sheet import Header, Sheet

HEADER_WITHIN = 30


def texts_of(grid: Grid, row: int) -> list[str]:
    return [
        re.sub(r"\s+", " ", cells.text_of(cell)).strip() if isinstance(cell, str) else "" for cell in grid.rows[row]
    ]


def find_header(grid: Grid, mapping: Mapping[str, str]) -> Header | None:
    """The row, or two rows, that name the columns best; None when no row names a pupil's name."""
    best: Header | None = None
    best_score = 0
    for row in range(min(HEADER_WITHIN, len(grid.rows))):
        texts = texts_of(grid, row)
        single = fields_of(texts, mapping)
        if (points := score(single)) > best_score:
            best, best_score = Header(row, row, texts, single), points
        if row + 1 < len(grid.rows):
            joined = _joined(grid, row, texts, texts_of(grid, row + 1))
            double = fields_of(joined, mapping) if joined else []
            if joined and (points := score(double)) > best_score:
                best, best_score = Header(row + 1, row, joined, double), points
    return best


def _joined(grid: Grid, row: int, upper: list[str], lower: list[str]) -> list[str]:
    """Two rows of header as one: 父亲 over 姓名 and 电话 is 父亲姓名 and 父亲电话. Empty when the rows do not fit."""
    width = max(len(upper), len(lower))
    upper, lower = upper + [""] * (width - len(upper)), lower + [""] * (width - len(lower))
    if sum(1 for text in lower if text and field_of(text)) < 2:
        return []
    spans = {
        column: left
        for top, left, bottom, right in grid.merges
        if top == row and bottom == row
        for column in range(left, right + 1)
    }
    joined = []
    above = ""
    for column in range(width):
        if upper[column]:
            above = upper[column]
        elif column in spans:
            above = upper[spans[column]]
        elif not lower[column]:
            above = ""
        child = lower[column]
        if not child:
            joined.append(upper[column])
        elif above and (field_of(above + child) not in (None, "ignore") or not field_of(child)):
            joined.append(above + child)
        else:
            joined.append(child)
    return joined


def visible_first(grid: Grid, header: Header) -> dict[str, int]:
    """Field to column. Of two columns for one thing a visible one counts before a hidden one."""
    columns: dict[str, int] = {}
    for column, name in enumerate(header.fields):
        if name and name != "ignore":
            columns.setdefault(name, column)
    for column, (text, name) in enumerate(zip(header.texts, header.fields, strict=True)):
        again = field_of(text) if text and name is None else None
        if again and again in columns and columns[again] in grid.hidden and column not in grid.hidden:
            header.fields[column], header.fields[columns[again]] = again, None
            columns[again] = column
    return columns


def describe(grid: Grid, header: Header) -> list[ColumnUse]:
    found = []
    for column, (text, name) in enumerate(zip(header.texts, header.fields, strict=True)):
        samples: list[str] = []
        for row in grid.rows[header.row + 1 : header.row + 40]:
            if column < len(row) and (shown := cells.plain(row[column])) and len(samples) < 3:
                samples.append(shown[:40])
        if text or samples:
            key = normal_header(text)
            found.append(ColumnUse(letter(column), text, key, name, column in grid.hidden, samples))
    return found


def describe_unmapped(grid: Grid, use: SheetUse, header: Header | None) -> None:
    use.preview = [[cells.plain(cell)[:30] for cell in row[:20]] for row in grid.rows[:8]]
    rows = range(min(HEADER_WITHIN, len(grid.rows)))
    likely = header.row if header else max(rows, key=lambda row: (sum(1 for text in texts_of(grid, row) if text), -row))
    texts = header.texts if header else texts_of(grid, likely)
    use.header_row = likely + 1
    use.columns = describe(grid, header or Header(likely, likely, texts, fields_of(texts, {})))


def context(sheet: Sheet, default: ClassName | None) -> tuple[ClassName | None, GradeName | None]:
    """The class (or at least the grade) that the title rows, the sheet's or the file's name tell."""
    titles = [text for row in range(sheet.header.top) for text in texts_of(sheet.grid, row) if text]
    for text in [sheet.grid.name, *titles]:
        if found := class_in(text, sheet.hints):
            return found, found.grade
    for text in [sheet.grid.name, *titles]:
        if grade := grade_in(text, sheet.hints):
            return (default if default and default.grade == grade else None), grade
    return default, default.grade if default else None


def merged_cells(grid: Grid, header_row: int) -> dict[tuple[int, int], tuple[int, int]]:
    """Cells of a vertical merge below the header speak with the voice of the top one."""
    covered = {}
    for top, left, bottom, right in grid.merges:
        if top > header_row and left == right and bottom < len(grid.rows):
            for row in range(top + 1, bottom + 1):
                covered[row, left] = (top, left)
    return covered
