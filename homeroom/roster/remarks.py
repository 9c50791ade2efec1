# ruff: noqa: E501  (tables of patterns and words; a Chinese character counts as two columns)
"""What there is to say about a cell, kept as a code and its values, so that each reader gets it in their own language."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy

REASONS = {
    # a row that cannot be taken as it is: what to correct
    "name_missing": gettext_lazy("The pupil's name is missing. Enter it, or delete the row."),
    "name_too_long": gettext_lazy("“%(value)s…” is too long for a name. Enter at most 40 characters."),
    "number_too_long": gettext_lazy("“%(value)s” is too long for a student number. Enter at most 30 characters."),
    "number_rounded": gettext_lazy(
        "Excel has rounded this number (%(value)s), its last digits are lost. Format the column as text and enter it again."
    ),
    "sex_unknown": gettext_lazy("“%(value)s” is not a sex. Enter 男 or 女."),
    "date_unknown": gettext_lazy("“%(value)s” is not a date. Write it like 2016-09-01."),
    "date_unlikely": gettext_lazy("A pupil born on %(value)s is unlikely. Check the year."),
    "id_wrong": gettext_lazy("The ID number %(value)s is wrong: it must have 18 characters and a right check digit."),
    "id_birth_differs": gettext_lazy("The ID number says born on %(by_id)s, the birth date says %(value)s. Correct one of them."),
    "id_sex_differs": gettext_lazy("The ID number says %(by_id)s, the sex column says %(value)s. Correct one of them."),
    "phone_wrong": gettext_lazy("“%(value)s” is not a phone number. A mobile number has 11 digits."),
    "grade_unknown": gettext_lazy("“%(value)s” is not a grade this school could have. Write it like 三年级 or 2024级."),
    "class_missing": gettext_lazy("The class is missing. Enter it like 三年级2班."),
    "class_unknown": gettext_lazy("The class cannot be read from “%(value)s”. Write it like 三年级2班."),
    "class_is_date": gettext_lazy("Excel has turned the class into a date (%(value)s). Format the column as text and write it like 三年级2班."),
    "class_grade_differs": gettext_lazy("The grade says %(grade)s but the class says %(value)s. Correct one of them."),
    "stage_unclear": gettext_lazy("“%(value)s” could be of several stages. Write 初 or 高 in front, or the whole name of the grade."),
    "number_twice": gettext_lazy("Row %(other)s of “%(sheet)s” has the same student number with another name (%(name)s)."),
    "id_twice": gettext_lazy("Row %(other)s of “%(sheet)s” has the same ID number with another name (%(name)s)."),
    "two_classes": gettext_lazy("%(name)s is in another class in row %(other)s of “%(sheet)s”. Correct one of them."),
    "number_and_id_differ": gettext_lazy("The student number belongs to %(by_number)s but the ID number to %(by_id)s at this school."),
    "not_understood": gettext_lazy("No list of pupils was recognised here. Say which columns hold the name and the class."),
    "agent_not_guardian": gettext_lazy("%(value)s stands as this pupil's contact but is no guardian in the file (role: %(role)s)."),
    "agent_missing": gettext_lazy("The contact %(value)s of this pupil is not among the users of the file."),
    "user_missing": gettext_lazy("The enrolment names a user (%(value)s) who is not in the file."),
    "class_id_missing": gettext_lazy("The enrolment names a class (%(value)s) that is not in the file."),
    # a question: what was found is not enough to be sure
    "several_schools": gettext_lazy("The file holds several schools with their pupils: %(value)s. Which of them is this school?"),
    "no_class": gettext_lazy("No class is given for the pupils of this sheet. They are taken in without a class until you choose one."),
    "no_class_pupil": gettext_lazy("No class could be told for %(name)s. The pupil is taken in without a class."),
    "two_phones": gettext_lazy("There are several numbers in this cell; %(value)s was taken for the guardian."),
    "phone_left_over": gettext_lazy("It is not clear whose number %(value)s is; every guardian of the row has another one. It was left out."),
    "five_guardians": gettext_lazy("A pupil has at most four guardians here; %(value)s was left out."),
    "row_repeats": gettext_lazy("%(name)s stands in row %(other)s of “%(sheet)s” too, in the same class, and nothing tells them apart. One pupil or two?"),
    "same_names": gettext_lazy("There are several pupils named %(name)s at the school, and nothing in the row tells which one is meant."),
    "same_name_elsewhere": gettext_lazy("%(name)s is in %(present)s at present; this row says %(value)s. Has the pupil moved, or is this another one of the same name?"),
    "renamed": gettext_lazy("The student number belongs to %(present)s at the school; this row says %(name)s. A new name, or a wrong number?"),
    "phone_shared": gettext_lazy("The phone %(phone)s is already that of %(present)s; this row says %(name)s. The same person, or two adults sharing a phone?"),
    "phones_differ": gettext_lazy("%(name)s has different phone numbers in this file (%(value)s, and %(phone)s in row %(other)s). One of them is used for all children; which one?"),
    "two_of_a_name": gettext_lazy("%(name)s has the number %(value)s here and %(phone)s in row %(other)s, and the families share the other parent. They were taken for two people; if it is one, correct the number."),
    "edge_ended": gettext_lazy("That %(name)s answers for %(child)s was ended at the school. It stays ended, although the file names them still."),
    "many_gone": gettext_lazy("%(count)s of %(total)s pupils of the classes in this file are missing from it. Is the file complete?"),
}  # fmt: skip


@dataclass(slots=True)
class Place:
    """A cell. `row` counts from 1 as Excel shows it; `column` is Excel's letter, or a field's name in OneRoster."""

    sheet: str
    row: int
    column: str = ""
    header: str = ""


@dataclass(slots=True)
class Remark:
    """Something about one cell. A doubt has `key` and `choices` when an answer is needed; `held` rows wait for it."""

    code: str
    place: Place
    values: dict[str, str] = field(default_factory=dict)
    key: str = ""
    choices: list[str] = field(default_factory=list)  # each `code` or `code:number`
    names: dict[str, str] = field(default_factory=dict)  # what a choice with a number is called
    held: bool = False

    @property
    def reason(self) -> str:
        return str(REASONS[self.code]) % self.values

    def as_dict(self) -> dict[str, object]:
        """For the command's JSON."""
        found: dict[str, object] = {
            "sheet": self.place.sheet,
            "row": self.place.row,
            "column": self.place.column,
            "reason": self.reason,
            "header": self.place.header,
            "code": self.code,
        }
        if self.choices:
            found |= {"key": self.key, "choices": self.choices, "held": self.held}
        return found


class Refused(Exception):
    """The whole file cannot be taken. `code` is one of REFUSALS."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.values = {name: str(value) for name, value in values.items()}
        super().__init__(code, self.values)

    def __reduce__(self) -> tuple[object, ...]:
        return (_refused, (self.code, self.values))

    @property
    def reason(self) -> str:
        return refusal(self.code, self.values)


def _refused(code: str, values: dict[str, str]) -> Refused:
    return Refused(code, **values)


def refusal(code: str, values: dict[str, str]) -> str:
    """The text of a refusal in the reader's language."""
    return str(REFUSALS[code]) % values


REFUSALS = {
    "empty": gettext_lazy("The file is empty."),
    "too_large": gettext_lazy("The file is larger than %(limit)s MB. Take pictures out of it, or split it by grade."),
    "unknown_kind": gettext_lazy("Files of this kind (%(kind)s) cannot be read. Save the list as .xlsx, .xls or .csv."),
    "macro": gettext_lazy("The workbook contains macros, so it is not opened. Save it as an ordinary .xlsx workbook and upload that."),
    "password": gettext_lazy("The workbook is protected by a password. Take the password off and upload it again."),
    "renamed": gettext_lazy("The name ends in .%(named)s, but the content is %(found)s. Open it in Excel or WPS and save it as .xlsx."),
    "damaged": gettext_lazy("The file is damaged and cannot be read. Open it in Excel or WPS and save it again."),
    "bomb": gettext_lazy("The file unpacks to far more than a school's list can be, so it was not opened."),
    "too_wide": gettext_lazy("Sheet “%(sheet)s” reaches to cell %(cell)s, far beyond any list of pupils. Delete the empty rows and columns around the list."),
    "too_many_rows": gettext_lazy("Sheet “%(sheet)s” has more than %(limit)s rows. Split the file."),
    "encoding": gettext_lazy("The text of this file cannot be read: its encoding is unknown. Save it from Excel as “CSV UTF-8”."),
    "zip_without_roster": gettext_lazy("This archive is no OneRoster bundle (it has no users.csv). Unpack it and upload the workbook itself."),
    "oneroster_column": gettext_lazy("%(file)s lacks the column %(column)s that OneRoster requires."),
    "memory": gettext_lazy("Reading the file took more memory or time than a school's list needs, so it was stopped."),
}  # fmt: skip
