"""Spreadsheets we write: text stays text, so that no cell of an export ever runs as a formula.

Source: OWASP, CSV Injection: cells that begin with = + - @, also full-width ones, a tab or a carriage return.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_TYPE = "text/csv; charset=utf-8"
_MAX_CELL = 32_767  # Excel's own limit


@dataclass(slots=True)
class Sheet:
    """What one sheet shows. `marked` are (row, column) of cells to colour, counted from the first row of `rows`.

    `notes` are comments on cells, counted the same way. `widths` are in characters; none: by the longest cell.
    """

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Any]]
    title: str = ""
    widths: Sequence[int] = ()
    marked: set[tuple[int, int]] = field(default_factory=set)
    notes: dict[tuple[int, int], str] = field(default_factory=dict)
    choices: dict[int, list[str]] = field(default_factory=dict)  # column to the values offered below the header


def is_formula_like(text: str) -> bool:
    """Whether a spreadsheet would take `text` for a formula."""
    return text.startswith(FORMULA_STARTS)


def csv_cell(value: Any) -> Any:
    """A value for a CSV file: text that begins like a formula gets an apostrophe, which Excel and our import drop."""
    if isinstance(value, str) and is_formula_like(value):
        return f"'{value}"
    return "" if value is None else value


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A CSV file with a byte order mark, without which Excel reads Chinese as Latin-1."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([csv_cell(cell) for cell in header])
    writer.writerows([csv_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def xlsx_bytes(sheets: Iterable[Sheet], *, time_zone: str = "Asia/Shanghai") -> bytes:
    """A workbook with a frozen, filtered header row on every sheet. Instants are shown in `time_zone`."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        styles = {
            "": book.add_format({"valign": "top"}),
            "text": book.add_format({"valign": "top", "quote_prefix": True}),  # stays text when somebody edits it
            "date": book.add_format({"valign": "top", "num_format": "yyyy-mm-dd"}),
            "instant": book.add_format({"valign": "top", "num_format": "yyyy-mm-dd hh:mm"}),
            "header": book.add_format({"bold": True, "bg_color": "#EAF2EF", "bottom": 1, "text_wrap": True}),
            "title": book.add_format({"bold": True, "font_size": 14}),
            "marked": book.add_format({"valign": "top", "bg_color": "#FFE3DE", "quote_prefix": True}),
        }
        taken: set[str] = set()
        for sheet in sheets:
            _write_sheet(book.add_worksheet(_sheet_name(sheet.name, taken)), sheet, styles, ZoneInfo(time_zone))
    return out.getvalue()


def _sheet_name(name: str, taken: set[str]) -> str:
    """A name Excel accepts, used once: 31 characters, none of []:*?/\\."""
    plain = "".join("_" if character in "[]:*?/\\" else character for character in name).strip("'")[:28] or "Sheet"
    unique, number = plain, 2
    while unique.lower() in taken:
        unique, number = f"{plain}_{number}", number + 1
    taken.add(unique.lower())
    return unique


def _write_sheet(page: Any, sheet: Sheet, styles: dict[str, Any], zone: ZoneInfo) -> None:
    top = 0
    if sheet.title:
        page.write_string(0, 0, sheet.title, styles["title"])
        top = 1
    widths = [_width(text) for text in sheet.header]
    for column, text in enumerate(sheet.header):
        page.write_string(top, column, text, styles["header"])
    last = top
    for number, row in enumerate(sheet.rows):
        last = top + 1 + number
        for column, value in enumerate(row):
            style = styles["marked"] if (number, column) in sheet.marked else None
            _write_cell(page, (last, column), value, style, styles, zone)
            if number < 200:
                while column >= len(widths):
                    widths.append(8)
                widths[column] = max(widths[column], _width(str(value if value is not None else "")))
    for (row_number, column), note in sheet.notes.items():
        page.write_comment(top + 1 + row_number, column, note[:1000])
    for column, values in sheet.choices.items():
        rule = {"validate": "list", "source": values, "error_type": "warning"}
        page.data_validation(top + 1, column, top + 5000, column, rule)
    for column, width in enumerate(sheet.widths or widths):
        page.set_column(column, column, min(max(width, 6), 60))
    page.freeze_panes(top + 1, 0)
    if sheet.header and last > top:
        page.autofilter(top, 0, last, len(sheet.header) - 1)


def _write_cell(  # noqa: PLR0917
    page: Any, at: tuple[int, int], value: Any, style: Any, styles: dict[str, Any], zone: ZoneInfo
) -> None:
    if value is None or value == "":
        if style is not None:
            page.write_blank(*at, None, style)
    elif isinstance(value, bool):
        page.write_boolean(*at, value, style or styles[""])
    elif isinstance(value, int | float):
        page.write_number(*at, value, style or styles[""])
    elif isinstance(value, datetime):
        local = value.astimezone(zone).replace(tzinfo=None) if value.tzinfo else value
        page.write_datetime(*at, local, style or styles["instant"])
    elif isinstance(value, date):
        page.write_datetime(*at, datetime(value.year, value.month, value.day), style or styles["date"])  # noqa: DTZ001
    else:
        page.write_string(*at, str(value)[:_MAX_CELL], style or styles["text" if is_formula_like(str(value)) else ""])


def _width(text: str) -> int:
    """Columns a text takes; a Chinese character takes two."""
    return max((sum(2 if ord(c) > 0x2E7F else 1 for c in line) for line in text.split("\n")), default=0) + 2
