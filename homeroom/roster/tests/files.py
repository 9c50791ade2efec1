"""Files as schools have them, made for the tests: nobody in them is real."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import xlwt

from homeroom.roster.reading import Options, Reading, read_roster

TODAY = date(2026, 11, 23)
HEADER = [
    "学籍号",
    "姓名",
    "性别",
    "年级",
    "班级",
    "家长1姓名",
    "与学生关系",
    "手机",
    "家长2姓名",
    "与学生关系",
    "手机",
]
ROWS = [
    ["2024001", "林小满", "女", "三年级", "2班", "周敏", "妈妈", "13900000001", "林涛", "爸爸", "13900000002"],
    ["2024002", "何嘉木", "男", "三年级", "2班", "何志远", "父亲", "13900000003", "", "", ""],
    ["2024003", "沈一一", "女", "三年级", "1班", "王秀珍", "奶奶", "13900000004", "", "", ""],
]


def xlsx(
    path: Path, sheets: dict[str, Sequence[Sequence[Any]]], *, merges: Iterable[str] = (), hidden: str = ""
) -> Path:
    """A workbook with these sheets; merges and hidden columns are of the first."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    first = book.worksheets[0]
    for merge in merges:
        first.merge_cells(merge)
    for letter in hidden:
        first.column_dimensions[letter].hidden = True
    book.save(path)
    return path


def xls(path: Path, sheets: dict[str, Sequence[Sequence[Any]]]) -> Path:
    book = xlwt.Workbook(encoding="utf-8")
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                sheet.write(r, c, value)
    book.save(str(path))
    return path


def csv_text(rows: Sequence[Sequence[Any]] = (HEADER, *ROWS), delimiter: str = ",") -> str:
    return "\r\n".join(delimiter.join(str(cell) for cell in row) for row in rows) + "\r\n"


def archive(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return path


def rewritten(source: Path, target: Path, changes: dict[str, bytes | None]) -> Path:
    """A copy of an archive with some entries replaced, added, or (None) left out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in changes:
                new.writestr(entry.filename, old.read(entry))
        for name, content in changes.items():
            if content is not None:
                new.writestr(name, content)
    return target


def workbook_bytes(rows: Sequence[Sequence[Any]], sheet: str = "学生名单") -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(path: Path, name: str = "", **options: Any) -> Reading:
    """What the file says, on the tests' day, to a primary school."""
    options.setdefault("stages", ("primary",))
    return read_roster(path, name or path.name, Options(today=TODAY, **options))


def told(reading: Reading) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Name, class and guardians of each pupil, short enough to compare."""
    return [
        (
            pupil.name,
            f"{pupil.school_class.grade.number}-{pupil.school_class.number}" if pupil.school_class else "",
            [(guardian.name, guardian.relation, guardian.phone) for guardian in pupil.guardians],
        )
        for pupil in reading.pupils
    ]


EXPECTED = [
    ("林小满", "3-2", [("周敏", "mother", "13900000001"), ("林涛", "father", "13900000002")]),
    ("何嘉木", "3-2", [("何志远", "father", "13900000003")]),
    ("沈一一", "3-1", [("王秀珍", "grandmother_p", "13900000004")]),
]
