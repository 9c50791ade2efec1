"""Excel workbooks: a survey of every sheet in constant memory, then calamine for the values.

calamine keeps a sheet as a dense block from its first to its last cell, so one stray cell at XFD1048576 would cost
400 GB; and it copies a shared string into every cell that names it. The survey finds both before calamine opens the
file.
Formulas are never evaluated: what is read is the value Excel stored beside them.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import python_calamine as calamine

from homeroom.roster.remarks import Refused

from .grid import MAX_COLUMNS, MAX_ROWS, Grid, column_of, letter
from .sniff import inflated

MAX_CELLS = 1_500_000
MAX_TEXT = 48 * 2**20  # characters of all cells together
XLS_MAX_CELLS = 65_536 * 40


def grids_of(path: Path, kind: str) -> list[Grid]:
    """Every sheet of a workbook. Raises Refused."""
    surveys = _survey(path) if kind == "xlsx" else {}
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
    except calamine.PasswordError as wrong:
        raise Refused("password") from wrong
    except (calamine.CalamineError, OSError, ValueError) as wrong:
        raise Refused("password" if "password" in str(wrong).lower() else "damaged") from wrong
    grids = []
    with book:
        for sheet in book.sheets_metadata:
            if sheet.typ != calamine.SheetTypeEnum.WorkSheet:
                if sheet.typ in {calamine.SheetTypeEnum.MacroSheet, calamine.SheetTypeEnum.Vba}:
                    raise Refused("macro")
                continue
            if sheet.visible != calamine.SheetVisibleEnum.Visible:
                grids.append(Grid(sheet.name, [], skipped="hidden"))
                continue
            grids.append(_grid(book, sheet.name, surveys.get(sheet.name)))
    return grids


def _grid(book: calamine.CalamineWorkbook, name: str, survey: _Sheet | None) -> Grid:
    try:
        sheet = book.get_sheet_by_name(name)
    except calamine.CalamineError as wrong:
        raise Refused("password" if "password" in str(wrong).lower() else "damaged") from wrong
    if sheet.end is None:
        return Grid(name, [])
    check_extent(name, *sheet.end)
    rows = sheet.to_python(skip_empty_area=False)
    merges = [(top, left, bottom, right) for (top, left), (bottom, right) in sheet.merged_cell_ranges or []]
    return Grid(name, rows, hidden=survey.hidden() if survey else frozenset(), merges=merges)


def check_extent(name: str, last_row: int, last_column: int) -> None:
    """Refuse a sheet whose filled block is no list of pupils."""
    if last_column >= MAX_COLUMNS or last_row >= 1_000_000:
        raise Refused("too_wide", sheet=name, cell=f"{letter(last_column)}{last_row + 1}")
    if last_row >= MAX_ROWS:
        raise Refused("too_many_rows", sheet=name, limit=MAX_ROWS)


# --- the survey of an .xlsx


@dataclass(slots=True)
class _Sheet:
    hidden_ranges: list[tuple[int, int]] = field(default_factory=list)

    def hidden(self) -> frozenset[int]:
        return frozenset(
            column for first, last in self.hidden_ranges for column in range(first - 1, min(last, MAX_COLUMNS))
        )


@dataclass(slots=True)
class _Totals:
    """What all sheets together may hold."""

    cells: int = 0
    text: int = 0

    def add(self, characters: int) -> None:
        self.cells += 1
        self.text += characters
        if self.cells > MAX_CELLS or self.text > MAX_TEXT:
            raise Refused("bomb")


def _survey(path: Path) -> dict[str, _Sheet]:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = _parts(archive)
            strings = _string_lengths(archive, parts.pop("", "xl/sharedStrings.xml"))
            totals = _Totals()
            return {name: _survey_sheet(archive, name, part, strings, totals) for name, part in parts.items()}
    except (zipfile.BadZipFile, expat.ExpatError, UnicodeDecodeError, ValueError, KeyError) as wrong:
        raise Refused("damaged") from wrong


def _parser(
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> expat.XMLParserType:
    """A parser that calls with local names and refuses document types, hence entities."""

    def no_doctype(*_: object) -> None:
        raise Refused("bomb")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = no_doctype
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    if end:
        parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    if text:
        parser.CharacterDataHandler = text
    return parser


def _parse(archive: zipfile.ZipFile, part: str, parser: expat.XMLParserType) -> None:
    found = False
    for piece in inflated(archive, part):
        found = True
        parser.Parse(piece, False)
    if found:
        parser.Parse(b"", True)


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name to its part; "" to the shared strings."""
    targets: dict[str, str] = {}
    parts: dict[str, str] = {}
    sheets: list[tuple[str, str]] = []

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = attributes.get("Target", "")
            full = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            targets[attributes.get("Id", "")] = full
            if attributes.get("Type", "").endswith("/sharedStrings"):
                parts[""] = full

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            identifier = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
            sheets.append((attributes.get("name", ""), identifier))

    _parse(archive, "xl/_rels/workbook.xml.rels", _parser(relation))
    _parse(archive, "xl/workbook.xml", _parser(sheet))
    parts |= {name: targets[identifier] for name, identifier in sheets if identifier in targets}
    return parts


def _string_lengths(archive: zipfile.ZipFile, part: str) -> list[int]:
    lengths: list[int] = []

    def start(name: str, _: dict[str, str]) -> None:
        if name == "si":
            lengths.append(0)

    def text(piece: str) -> None:
        if lengths:
            lengths[-1] += len(piece)

    _parse(archive, part, _parser(start, text=text))
    return lengths


def _survey_sheet(archive: zipfile.ZipFile, name: str, part: str, strings: list[int], totals: _Totals) -> _Sheet:
    sheet = _Sheet()
    cell = kind = value = ""
    inside = filled = False
    last_row = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal cell, kind, value, inside, filled, last_row
        if tag == "c":
            cell, kind, value, filled = attributes.get("r", ""), attributes.get("t", ""), "", False
        elif tag in {"v", "t"}:
            inside = True
        elif tag == "row":
            last_row = int(attributes.get("r", last_row + 1))
        elif tag == "col" and attributes.get("hidden") in {"1", "true"}:
            sheet.hidden_ranges.append((int(attributes["min"]), int(attributes["max"])))

    def text(piece: str) -> None:
        nonlocal value, filled
        if inside:
            filled = True
            if len(value) < 40_000:  # an inline string may come in many pieces
                value += piece
            totals.text += len(piece)

    def end(tag: str) -> None:
        nonlocal inside
        if tag in {"v", "t"}:
            inside = False
        elif tag == "c" and filled:
            index = int(value) if kind == "s" and value.strip().isdigit() else -1
            totals.add(strings[index] if 0 <= index < len(strings) else 0)
            row, column = column_of(cell) if cell else (last_row - 1, 0)
            check_extent(name, row, column)

    _parse(archive, part, _parser(start, end, text))
    return sheet
