# ruff: noqa: E501  (tables of patterns and words; a Chinese character counts as two columns)
"""From a grid of cells to pupils: find the header, skip what is no pupil, read each row, name each bad cell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from homeroom.people.public import born_on_of, normal_id_number, sex_of
from homeroom.roster.remarks import Place, Remark

from . import cells
from .cells import Unreadable
from .classes import ClassName, GradeName, Hints, class_in, class_of, class_words, grade_in, grade_of
from .grid import Cell, Grid, letter
from .headers import field_of, fields_of, normal_header, score
from .rows import ColumnUse, GuardianRow, PupilRow, Reading, SheetUse

HEADER_WITHIN = 30
MAX_GUARDIANS = 4
_INSTRUCTIONS = re.compile(r"说明|示例|样例|样表|字典|代码表|下拉|填写|instruction|example|readme", re.I)
_FOOTER = re.compile(
    r"^(合\s*计|总\s*计|小\s*计|共\s*计|制表|填表|审核|复核|校对|统计|备注[::]|说明[::]|注[::]|填报|班主任[::(签]|校长[::(签]|单位负责人|共\s*\d+\s*[人名]|"
    r"(本班|全班|男生|女生|应到|实到).{0,4}\d+|以下空白|打印(日期|时间)|第\s*\d+\s*页)"
)
_RELATION_SLOTS = {"father", "mother", "grandfather_p", "grandmother_p", "grandfather_m", "grandmother_m"}
_Value = TypeVar("_Value")


@dataclass(slots=True)
class _Header:
    row: int  # 0-based, the last row of the header
    top: int
    texts: list[str]
    fields: list[str | None]


@dataclass(slots=True)
class _Sheet:
    """A sheet being read."""

    grid: Grid
    header: _Header
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
    header = _find_header(grid, mapping)
    if (
        header is None
        or (_INSTRUCTIONS.search(grid.name) and score(header.fields) < 3)
        or _INSTRUCTIONS.fullmatch(grid.name)
    ):
        use.state = "instructions" if _INSTRUCTIONS.search(grid.name) else "unmapped"
        _describe_unmapped(grid, use, header)
        return
    if _INSTRUCTIONS.search(grid.name):
        use.state = "instructions"
        return
    columns = _visible_first(grid, header)
    sheet = _Sheet(grid, header, columns, reading, hints, merged=_merged_cells(grid, header.row))
    sheet.school_class, sheet.grade = _context(sheet, default_class)
    use.header_row = header.row + 1
    use.columns = _describe(grid, header)
    if any(name.startswith("guardian.") for name in columns):
        reading.has_guardians = True
    if "pupil.address" in columns:
        reading.has_addresses = True
    if score(header.fields) < 2 and not mapping:
        use.state = "unmapped"  # a name column alone could be anything: marks, duties
        _describe_unmapped(grid, use, header)
        return
    _read_rows(sheet, use)


# --- the header


def _texts(grid: Grid, row: int) -> list[str]:
    return [
        re.sub(r"\s+", " ", cells.text_of(cell)).strip() if isinstance(cell, str) else "" for cell in grid.rows[row]
    ]


def _find_header(grid: Grid, mapping: Mapping[str, str]) -> _Header | None:
    """The row, or two rows, that name the columns best; None when no row names a pupil's name."""
    best: _Header | None = None
    best_score = 0
    for row in range(min(HEADER_WITHIN, len(grid.rows))):
        texts = _texts(grid, row)
        single = fields_of(texts, mapping)
        if (points := score(single)) > best_score:
            best, best_score = _Header(row, row, texts, single), points
        if row + 1 < len(grid.rows):
            joined = _joined(grid, row, texts, _texts(grid, row + 1))
            double = fields_of(joined, mapping) if joined else []
            if joined and (points := score(double)) > best_score:
                best, best_score = _Header(row + 1, row, joined, double), points
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


def _visible_first(grid: Grid, header: _Header) -> dict[str, int]:
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


def _describe(grid: Grid, header: _Header) -> list[ColumnUse]:
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


def _describe_unmapped(grid: Grid, use: SheetUse, header: _Header | None) -> None:
    use.preview = [[cells.plain(cell)[:30] for cell in row[:20]] for row in grid.rows[:8]]
    rows = range(min(HEADER_WITHIN, len(grid.rows)))
    likely = header.row if header else max(rows, key=lambda row: (sum(1 for text in _texts(grid, row) if text), -row))
    texts = header.texts if header else _texts(grid, likely)
    use.header_row = likely + 1
    use.columns = _describe(grid, header or _Header(likely, likely, texts, fields_of(texts, {})))


def _context(sheet: _Sheet, default: ClassName | None) -> tuple[ClassName | None, GradeName | None]:
    """The class (or at least the grade) that the title rows, the sheet's or the file's name tell."""
    titles = [text for row in range(sheet.header.top) for text in _texts(sheet.grid, row) if text]
    for text in [sheet.grid.name, *titles]:
        if found := class_in(text, sheet.hints):
            return found, found.grade
    for text in [sheet.grid.name, *titles]:
        if grade := grade_in(text, sheet.hints):
            return (default if default and default.grade == grade else None), grade
    return default, default.grade if default else None


def _merged_cells(grid: Grid, header_row: int) -> dict[tuple[int, int], tuple[int, int]]:
    """Cells of a vertical merge below the header speak with the voice of the top one."""
    covered = {}
    for top, left, bottom, right in grid.merges:
        if top > header_row and left == right and bottom < len(grid.rows):
            for row in range(top + 1, bottom + 1):
                covered[row, left] = (top, left)
    return covered


# --- the rows


def _read_rows(sheet: _Sheet, use: SheetUse) -> None:
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


def _is_blank(sheet: _Sheet, row: int) -> bool:
    """Nothing in any column that tells of a person: a running number or a class filled in ahead is no pupil."""
    ahead = {"pupil.grade", "pupil.class", "pupil.school"}
    return not any(cells.plain(sheet.cell(row, name)) for name in sheet.columns if name not in ahead)


def _is_footer(sheet: _Sheet, row: int) -> bool:
    filled = [text for cell in sheet.grid.rows[row][:12] if isinstance(cell, str) and (text := cells.plain(cell))]
    if not any(_FOOTER.match(text) for text in filled[:6]):
        return False
    number = cells.plain(sheet.cell(row, "pupil.student_number")) or cells.plain(sheet.cell(row, "pupil.id_number"))
    return not (len(filled) > 4 and number)


def _is_header_again(sheet: _Sheet, row: int) -> bool:
    """Lists made for printing repeat their header on every page."""
    if cells.plain(sheet.cell(row, "pupil.name")) != cells.plain(sheet.header.texts[sheet.columns["pupil.name"]]):
        return False
    texts = _texts(sheet.grid, row)
    same = sum(
        1
        for text, header in zip(texts, sheet.header.texts, strict=False)
        if text and normal_header(text) == normal_header(header)
    )
    return same >= 2


class _Bad(Exception):
    """The row cannot be taken; what is wrong is in the reading already."""


def _pupil(sheet: _Sheet, row: int) -> PupilRow | None:
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
    pupil.guardians = _guardians(sheet, row, pupil, wrong)
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


def _check_against_id(pupil: PupilRow, sheet: _Sheet, row: int, wrong: list[Remark]) -> None:
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


def _class(sheet: _Sheet, row: int, wrong: list[Remark]) -> ClassName | None:
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


# --- guardians


def _guardians(sheet: _Sheet, row: int, pupil: PupilRow, wrong: list[Remark]) -> list[GuardianRow]:
    slots = dict.fromkeys(name.split(".")[1] for name in sheet.columns if name.startswith("guardian."))
    found: list[GuardianRow] = []
    loose: list[tuple[str, Place]] = []
    for slot in slots:
        if slot == "bare":
            continue
        found += _slot_guardians(sheet, row, slot, wrong)
    if "bare" in slots:
        relation = cells.relation_of(sheet.cell(row, "guardian.bare.relation"))
        place = sheet.place(row, "guardian.bare.phone")
        try:
            numbers = cells.phones_of(sheet.cell(row, "guardian.bare.phone"))
        except Unreadable as trouble:
            wrong.append(Remark(trouble.code, place, trouble.values))
            numbers = []
        for guardian in found:
            if relation and not guardian.relation:
                guardian.relation = relation
                break
        loose = [(number, place) for number in numbers if number not in {guardian.phone for guardian in found}]
        _place_loose(sheet, loose, found, relation)
    found = without_repeats(found)
    for extra in found[MAX_GUARDIANS:]:
        place = Place(sheet.grid.name, row + 1, next(iter(extra.columns.values()), ""))
        sheet.reading.doubts.append(Remark("five_guardians", place, {"value": extra.name or extra.phone}))
    return found[:MAX_GUARDIANS]


def _place_loose(sheet: _Sheet, loose: list[tuple[str, Place]], found: list[GuardianRow], relation: str) -> None:
    """Numbers of a column without an owner go to the guardians without one, in order; the first stands alone if it must."""
    without = [guardian for guardian in found if not guardian.phone]
    for number, place in loose:
        if without:
            guardian = without.pop(0)
            guardian.phone = number
            guardian.columns["phone"] = place.column
        elif not found:
            found.append(GuardianRow(phone=number, relation=relation or "other", columns={"phone": place.column}))
        else:
            sheet.reading.doubts.append(Remark("phone_left_over", place, {"value": cells.masked(number)}))


def _slot_guardians(sheet: _Sheet, row: int, slot: str, wrong: list[Remark]) -> list[GuardianRow]:
    """The guardian of one slot; two when the cell names two."""

    def column(attribute: str) -> str:
        return f"guardian.{slot}.{attribute}"

    columns = {
        name.rsplit(".", 1)[1]: letter(position)
        for name, position in sheet.columns.items()
        if name.startswith(f"guardian.{slot}.")
    }
    raw_name = sheet.cell(row, column("name"))
    try:
        named = cells.guardian_names(raw_name)
        late = not named and any(word in cells.text_of(raw_name) for word in cells.LATE_WORDS)
        if late:
            return []
    except Unreadable as trouble:
        wrong.append(Remark(trouble.code, sheet.place(row, column("name")), trouble.values))
        return []
    try:
        phones = cells.phones_of(sheet.cell(row, column("phone")))
    except Unreadable as trouble:
        wrong.append(Remark(trouble.code, sheet.place(row, column("phone")), trouble.values))
        return []
    try:
        id_number = cells.id_number_of(sheet.cell(row, column("id_number")))
    except Unreadable as trouble:
        wrong.append(Remark(trouble.code, sheet.place(row, column("id_number")), trouble.values))
        return []
    relation = slot if slot in _RELATION_SLOTS else cells.relation_of(sheet.cell(row, column("relation")))
    if not named and not phones:
        return []
    guardians = [
        GuardianRow(name, own or (relation if len(named) == 1 or own else "") or "other", phone, columns=dict(columns))
        for name, own, phone in named or [("", "", "")]
    ]
    guardians[0].id_number = id_number
    guardians[0].email = cells.plain(sheet.cell(row, column("email")))[:200]
    if relation and guardians[0].relation == "other":
        guardians[0].relation = relation
    without = [guardian for guardian in guardians if not guardian.phone]
    for number in phones:
        if number in {guardian.phone for guardian in guardians}:
            continue
        if without:
            without.pop(0).phone = number
        else:
            place = sheet.place(row, column("phone"))
            sheet.reading.doubts.append(Remark("two_phones", place, {"value": cells.masked(guardians[0].phone)}))
            break
    return guardians


def without_repeats(guardians: list[GuardianRow]) -> list[GuardianRow]:
    """家长1 and 父亲 may be the same man: same name, or a nameless number that another guardian has."""
    kept: list[GuardianRow] = []
    for guardian in guardians:
        twin = next(
            (
                other
                for other in kept
                if (
                    guardian.name
                    and guardian.name == other.name
                    and (not guardian.phone or not other.phone or guardian.phone == other.phone)
                )
                or (guardian.phone and guardian.phone == other.phone and (not guardian.name or not other.name))
            ),
            None,
        )
        if twin is None:
            kept.append(guardian)
            continue
        twin.name = twin.name or guardian.name
        twin.phone = twin.phone or guardian.phone
        twin.id_number = twin.id_number or guardian.id_number
        twin.email = twin.email or guardian.email
        if twin.relation in {"", "other"}:
            twin.relation = guardian.relation or twin.relation
    return kept


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
