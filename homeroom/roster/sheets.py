# ruff: noqa: E501  (help and instructions are sentences)
"""Workbooks the roster gives out: the template, the roster itself, and the rows to correct."""

from __future__ import annotations

from collections import defaultdict

from django.utils.translation import gettext as _

from homeroom.kit.sheets import Sheet, xlsx_bytes
from homeroom.people.models import Enrolment, Guardianship, Person
from homeroom.school.models import School

from .plan import Plan
from .reading.grid import column_of

MAX_GUARDIANS = 4


def _guardian_headers(number: int) -> list[str]:
    return [
        _("Guardian %(number)s name") % {"number": number},
        _("Guardian %(number)s relation") % {"number": number},
        _("Guardian %(number)s phone") % {"number": number},
    ]


def headers(guardians: int) -> list[str]:
    """The columns of the template and the export, all of which the import recognises."""
    pupil = [
        _("Student number"), _("Name"), _("Sex"), _("Birth date"), _("ID number"), _("Grade"), _("Class"),
    ]  # fmt: skip
    return [
        *pupil,
        *(text for number in range(1, guardians + 1) for text in _guardian_headers(number)),
        _("Home address"),
    ]


def template() -> bytes:
    """An empty list to fill in, with an example and instructions on sheets of their own, which the import skips."""
    columns = headers(2)
    example = [
        ["20260101", "张小雨", "女", "2019-03-08", "", "一年级", "1班", "李梅", "妈妈", "13900000001", "张伟", "爸爸", "13900000002", "幸福路 1 号"],
        ["20260102", "张小雷", "男", "2019-03-08", "", "一年级", "1班", "李梅", "妈妈", "13900000001", "张国强", "爷爷", "", "幸福路 1 号"],
    ]  # fmt: skip
    told = [
        [
            _(
                "One row is one pupil, with up to four guardians. Name and class are needed, everything else may stay empty."
            )
        ],
        [_("A guardian with several children is written in each child's row, with the same name and phone.")],
        [_("Write the class like 三年级2班, or the grade and 2班 in columns of their own.")],
        [_("Format numbers as text before typing them, or Excel rounds long ones.")],
        [_("You need not use this template: an ordinary class list in Excel or CSV is recognised too.")],
        [_("Importing the same list again changes nothing, so correct it and import it as often as you like.")],
    ]
    choices = {2: ["男", "女"], 8: ["妈妈", "爸爸", "爷爷", "奶奶", "外公", "外婆"]}
    choices[11] = choices[8]
    return xlsx_bytes(
        [
            Sheet(_("Pupils"), columns, [], choices=choices, widths=[max(10, len(text) * 2 + 4) for text in columns]),
            Sheet(_("Example (填写示例)"), columns, example),
            Sheet(_("Instructions (填写说明)"), [_("How to fill in the list")], told, widths=[100]),
        ]
    )


def roster(school: School, *, with_id_numbers: bool = False) -> bytes:
    """The school's pupils with their guardians, one sheet, ready to be corrected and imported again."""
    edges: dict[int, list[Guardianship]] = defaultdict(list)
    rows = Guardianship.objects.filter(school=school, ends_on__isnull=True).select_related("guardian")
    for edge in rows.order_by("student_id", "contact_order", "id").defer("custody_note"):
        edges[edge.student_id].append(edge)
    most = min(max((len(found) for found in edges.values()), default=2), MAX_GUARDIANS)
    enrolled = (
        Enrolment.objects.filter(school=school, ends_on__isnull=True, student__archived_at__isnull=True)
        .select_related("student", "school_class__grade")
        .order_by("school_class__grade_id", "school_class__number", "student__student_number", "student_id")
    )
    lines = []
    for enrolment in enrolled:
        pupil, school_class = enrolment.student, enrolment.school_class
        line: list[object] = [
            pupil.student_number, pupil.name, _sex(pupil), pupil.born_on,
            pupil.id_number if with_id_numbers else "", school_class.grade.name, school_class.name,
        ]  # fmt: skip
        for edge in edges[pupil.pk][:most]:
            line += [edge.guardian.name, edge.get_relation_display(), edge.guardian.phone]
        line += [""] * (7 + most * 3 - len(line))
        lines.append([*line, pupil.address])
    return xlsx_bytes([Sheet(_("Pupils"), headers(most), lines)], time_zone=school.time_zone)


def _sex(person: Person) -> str:
    return {"m": "男", "f": "女"}.get(person.sex, "")


def to_correct(plan: Plan) -> bytes:
    """The rows that were not taken or are asked about, as they stand in the file, each bad cell marked and explained.

    Corrected there it can be imported as it is: the sheets keep their names and headers.
    """
    remarks: dict[tuple[str, int], list[tuple[str, str]]] = defaultdict(list)
    for remark in (*plan.rejected, *plan.doubts):
        if remark.code == "many_gone":  # about the whole file
            continue
        remarks[remark.place.sheet, remark.place.row].append((remark.place.column, remark.reason))
    original = {(each.sheet, each.row): each.cells for each in plan.originals}
    known = {use.name: use for use in plan.sheets}
    sheets = []
    for name in dict.fromkeys(sheet for sheet, _row in remarks):
        columns = (
            [""] * max((column_of(f"{c.column}1")[1] + 1 for c in known[name].columns), default=0)
            if name in known
            else []
        )
        for use in known[name].columns if name in known else []:
            columns[column_of(f"{use.column}1")[1]] = use.header
        sheet = Sheet(name, [*columns, _("Row in the file"), _("What to correct")], [])
        lines: list[list[object]] = []
        for (of, row), said in sorted(remarks.items()):
            if of != name:
                continue
            cells = list(original.get((of, row), []))[: len(columns)]
            cells += [""] * (len(columns) - len(cells))
            for column, reason in said:
                position = _position(column, columns)
                if 0 <= position < len(columns):
                    sheet.marked.add((len(lines), position))
                    sheet.notes[len(lines), position] = reason
            lines.append([*cells, row, " ".join(reason for _column, reason in said)])
        sheet.rows = lines
        sheets.append(sheet)
    return xlsx_bytes(sheets or [Sheet(_("Nothing to correct"), [_("What to correct")], [])])


def _position(column: str, headers: list[str]) -> int:
    """Where a remark's column stands: by Excel's letter, or by its header in OneRoster's files; -1 for none."""
    if column in headers:
        return headers.index(column)
    return column_of(f"{column}1")[1] if column.isalpha() and column.isupper() else -1
