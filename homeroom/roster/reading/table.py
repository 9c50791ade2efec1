# ruff: noqa: E501  (tables of patterns and words; a Chinese character counts as two columns)
"""From a grid of cells to pupils: find the header, skip what is no pupil, read each row, name each bad cell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TypeVar

from homeroom.people.public import born_on_of, normal_id_number, sex_of
from homeroom.roster.remarks import Place, Remark

from . import cells
from .cells import Unreadable
from .classes import ClassName, GradeName, Hints, class_of, class_words, grade_of
from .grid import Cell, Grid, letter
from .guardians import MAX_GUARDIANS, guardians_of_row, without_repeats
from .headers import normal_header, score
from .heading import context, describe, describe_unmapped, find_header, merged_cells, texts_of, visible_first
from .rows import PupilRow, Reading, SheetUse
from .sheet import Sheet

_INSTRUCTIONS = re.compile(r"说明|示例|样例|样表|字典|代码表|下拉|填写|instruction|example|readme", re.I)
_FOOTER = re.compile(
    r"^(合\s*计|总\s*计|小\s*计|共\s*计|制表|填表|审核|复核|校对|统计|备注[::]|说明[::]|注[::]|填报|班主任[::(签]|校长[::(签]|单位负责人|共\s*\d+\s*[人名]|"
    r"(本班|全班|男生|女生|应到|实到).{0,4}\d+|以下空白|打印(日期|时间)|第\s*\d+\s*页)"
)
_Value = TypeVar("_Value")


def read_grid(
    grid: Grid, reading: Reading, hints: Hints, mapping: Mapping[str, str], default_class: ClassName | None
) -> None:
    """Add the pupils of one sheet to `reading`, with what was understood of it and what is wrong."""
    use = SheetUse(grid.name, "read")
    reading.sheets.append(use)
    if grid.skipped:
        use.state = grid.skipped
        return
    if not any(grid.filled(row, column) for row in range(len(grid.rows)) for column in range(len(grid.rows[row]))):
        use.state = "empty"
        return
    header = find_header(grid, mapping)
    if (
        header is None
        or (_INSTRUCTIONS.search(grid.name) and score(header.fields) < 3)
        or _INSTRUCTIONS.fullmatch(grid.name)
    ):
        use.state = "instructions" if _INSTRUCTIONS.search(grid.name) else "unmapped"
        describe_unmapped(grid, use, header)
        return
    if _INSTRUCTIONS.search(grid.name):
        use.state = "instructions"
        return
    columns = visible_first(grid, header)
    sheet = Sheet(grid, header, columns, reading, hints, merged=merged_cells(grid, header.row))
    sheet.school_class, sheet.grade = context(sheet, default_class)
    use.header_row = header.row + 1
    use.columns = describe(grid, header)
    if any(name.startswith("guardian.") for name in columns):
        reading.has_guardians = True
    if "pupil.address" in columns:
        reading.has_addresses = True
    if score(header.fields) < 2 and not mapping:
        use.state = "unmapped"  # a name column alone could be anything: marks, duties
        describe_unmapped(grid, use, header)
        return
    _read_rows(sheet, use)


def _read_rows(sheet: Sheet, use: SheetUse) -> None:
    reading = sheet.reading
    by_merge: dict[int, PupilRow] = {}
    name_column = sheet.columns["pupil.name"]
    classless = 0
    for row in range(sheet.header.row + 1, len(sheet.grid.rows)):
        if _is_blank(sheet, row):
            continue
        if _is_footer(sheet, row) or _is_header_again(sheet, row):
            use.footers += 1
            continue
        top = sheet.merged.get((row, name_column), (row, name_column))[0]
        pupil = _pupil(sheet, row)
        if pupil is None:
            continue
        if top != row and top in by_merge:
            by_merge[top].guardians = without_repeats([*by_merge[top].guardians, *pupil.guardians])[:MAX_GUARDIANS]
            continue
        by_merge[row] = pupil
        if pupil.school_class is None:
            classless += 1
        reading.pupils.append(pupil)
        use.pupils += 1
    if sheet.school_class:
        use.class_words = class_words(sheet.school_class)
    if classless:
        place = Place(sheet.grid.name, sheet.header.row + 1)
        reading.doubts.append(Remark("no_class", place, {"count": str(classless)}, key=f"class:{sheet.grid.name}"))


def _is_blank(sheet: Sheet, row: int) -> bool:
    """Nothing in any column that tells of a person: a running number or a class filled in ahead is no pupil."""
    ahead = {"pupil.grade", "pupil.class", "pupil.school"}
    return not any(cells.plain(sheet.cell(row, name)) for name in sheet.columns if name not in ahead)


def _is_footer(sheet: Sheet, row: int) -> bool:
    filled = [text for cell in sheet.grid.rows[row][:12] if isinstance(cell, str) and (text := cells.plain(cell))]
    if not any(_FOOTER.match(text) for text in filled[:6]):
        return False
    number = cells.plain(sheet.cell(row, "pupil.student_number")) or cells.plain(sheet.cell(row, "pupil.id_number"))
    return not (len(filled) > 4 and number)


def _is_header_again(sheet: Sheet, row: int) -> bool:
    """Lists made for printing repeat their header on every page."""
    if cells.plain(sheet.cell(row, "pupil.name")) != cells.plain(sheet.header.texts[sheet.columns["pupil.name"]]):
        return False
    texts = texts_of(sheet.grid, row)
    same = sum(
        1
        for text, header in zip(texts, sheet.header.texts, strict=False)
        if text and normal_header(text) == normal_header(header)
    )
    return same >= 2


class _Bad(Exception):
    """The row cannot be taken; what is wrong is in the reading already."""


def _pupil(sheet: Sheet, row: int) -> PupilRow | None:
    """The pupil of one row; None when something in it is wrong. Every bad cell of the row is named, not only the first."""
    wrong: list[Remark] = []

    def read(name: str, function: Callable[[Cell | None], _Value], default: _Value) -> _Value:
        try:
            return function(sheet.cell(row, name))
        except Unreadable as trouble:
            wrong.append(Remark(trouble.code, sheet.place(row, name), trouble.values))
            return default

    pupil = PupilRow(Place(sheet.grid.name, row + 1), read("pupil.name", cells.name_of, ""))
    pupil.headers = {letter(column): text for column, text in enumerate(sheet.header.texts)}
    pupil.columns = {
        name.removeprefix("pupil."): letter(c) for name, c in sheet.columns.items() if name.startswith("pupil.")
    }
    if not pupil.name and not wrong:
        wrong.append(Remark("name_missing", sheet.place(row, "pupil.name")))
    _numbers(pupil, read)
    pupil.sex = read("pupil.sex", cells.sex_of_cell, "")
    pupil.born_on = read("pupil.born_on", cells.date_of, None)
    pupil.address = cells.plain(sheet.cell(row, "pupil.address"))[:200]
    pupil.email = cells.plain(sheet.cell(row, "pupil.email"))[:200]
    no_phones: list[str] = []
    pupil.phone = next(iter(read("pupil.phone", cells.phones_of, no_phones)), "")
    _check_against_id(pupil, sheet, row, wrong)
    pupil.school_class = _class(sheet, row, wrong)
    pupil.guardians = guardians_of_row(sheet, row, wrong)
    if wrong:
        sheet.reading.rejected += wrong
        sheet.reading.bad_pupils.append(pupil)
        return None
    return pupil


def _numbers(pupil: PupilRow, read: Callable[..., str]) -> None:
    """Student and ID number. A 学籍号 of the form G + ID number is the ID number: it is kept encrypted, not in plain."""
    pupil.id_number = read("pupil.id_number", cells.id_number_of, "")
    number = read("pupil.student_number", cells.student_number_of, "")
    if re.fullmatch(r"[GL]\d{17}[\dX]", number) and normal_id_number(number[1:]):
        pupil.id_number = pupil.id_number or (number[1:] if number[0] == "G" else "")
        number = ""
        pupil.columns.setdefault("id_number", pupil.columns["student_number"])
    school_number = read("pupil.school_number", cells.student_number_of, "")
    pupil.student_number = number or school_number
    if not number and "school_number" in pupil.columns:
        pupil.columns["student_number"] = pupil.columns["school_number"]


def _check_against_id(pupil: PupilRow, sheet: Sheet, row: int, wrong: list[Remark]) -> None:
    """Sex and birth date by the ID number: they fill what is missing and show what was mistyped."""
    number = normal_id_number(pupil.id_number)
    if number:
        born_on, sex = born_on_of(number), sex_of(number)
        if (
            pupil.born_on
            and born_on
            and pupil.born_on != born_on
            and not _month_only(sheet.cell(row, "pupil.born_on"), born_on)
        ):
            values = {"by_id": str(born_on), "value": str(pupil.born_on)}
            wrong.append(Remark("id_birth_differs", sheet.place(row, "pupil.born_on"), values))
        if pupil.sex and pupil.sex != sex:
            words = {"m": "男", "f": "女"}
            values = {"by_id": words[sex], "value": words[pupil.sex]}
            wrong.append(Remark("id_sex_differs", sheet.place(row, "pupil.sex"), values))
        pupil.born_on, pupil.sex = born_on, pupil.sex or sex
    if pupil.born_on and not 2 <= sheet.hints.today.year - pupil.born_on.year <= 30:
        name = "pupil.born_on" if "pupil.born_on" in sheet.columns else "pupil.id_number"
        wrong.append(Remark("date_unlikely", sheet.place(row, name), {"value": str(pupil.born_on)}))


def _month_only(cell: Cell | None, by_id: date) -> bool:
    """A column of 出生年月 that Excel keeps as the first of the month."""
    return isinstance(cell, date | datetime) and cell.day == 1 and (cell.year, cell.month) == (by_id.year, by_id.month)


def _class(sheet: Sheet, row: int, wrong: list[Remark]) -> ClassName | None:
    grade: GradeName | None = None
    try:
        grade = grade_of(sheet.cell(row, "pupil.grade"), sheet.hints)
    except Unreadable as trouble:
        wrong.append(Remark(trouble.code, sheet.place(row, "pupil.grade"), trouble.values))
        return None
    try:
        cell = sheet.cell(row, "pupil.class")
        found = class_of(cell, grade or sheet.grade, sheet.hints)
    except Unreadable as trouble:
        if trouble.code == "class_grade_differs" and grade is None and sheet.grade is not None:
            try:  # the cell itself knows better than the sheet's name
                return class_of(cell, None, sheet.hints)
            except Unreadable as again:
                trouble = again
        wrong.append(Remark(trouble.code, sheet.place(row, "pupil.class"), trouble.values))
        return None
    if found is None and sheet.school_class and (grade is None or grade == sheet.school_class.grade):
        return sheet.school_class
    if found is None and "pupil.class" in sheet.columns:
        wrong.append(Remark("class_missing", sheet.place(row, "pupil.class")))
    return found


def most_common_school(reading: Reading, grids: list[Grid]) -> str:
    """The school a file names in a title such as 杭州市春晖小学学生花名册; "" when it names none."""
    names: Counter[str] = Counter()
    for grid in grids:
        for row in grid.rows[:4]:
            for cell in row[:6]:
                if isinstance(cell, str) and (
                    match := re.search(r"[㐀-鿿]{2,20}(小学|中学|幼儿园|学校)", cells.plain(cell))
                ):
                    names[match[0]] += 1
    return names.most_common(1)[0][0] if names else ""
