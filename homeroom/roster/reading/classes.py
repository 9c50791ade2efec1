# ruff: noqa: E501  (tables of patterns and words; a Chinese character counts as two columns)
"""Names of classes and grades as schools write them: 三年级2班, 三（2）班, 302, 初一3班, 2024级2班, 大一班 …"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime

from .cells import Unreadable, plain
from .grid import Cell

STAGES = ("kindergarten", "primary", "junior", "senior", "vocational")
LENGTH = {"kindergarten": 3, "primary": 6, "junior": 3, "senior": 3, "vocational": 3}
_FIRST_YEAR = {"primary": 0, "junior": 6, "senior": 9}  # years of schooling before the stage
_NUMERALS = {character: value for value, character in enumerate("零一二三四五六七八九十")}
_N = r"(\d{1,2}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九])"
_TAIL = r"\(?" + _N + r"\)?班?"
_KINDERGARTEN = {"托": 0, "小": 1, "中": 2, "大": 3}


@dataclass(frozen=True, slots=True)
class GradeName:
    """A rung: the stage and the year within it, from 1."""

    stage: str
    number: int


@dataclass(frozen=True, slots=True)
class ClassName:
    """A class as the file names it. `number` is 0 for classes known by a name alone (实验班)."""

    grade: GradeName
    number: int
    label: str = ""  # what distinguishes it beside the number: 实验班, 软件技术1班
    entry_year: int = 0


@dataclass(frozen=True, slots=True)
class Hints:
    """What helps to read a bare 三 or 2024级: the stages the school has, and the day."""

    stages: tuple[str, ...]
    today: date

    @property
    def school_year(self) -> int:
        """The calendar year in which the present school year began."""
        return self.today.year if self.today.month >= 8 else self.today.year - 1


def stages_in(text: str) -> tuple[str, ...]:
    """The stages that a school's name tells: 实验小学 is a primary school, 第二中学 both middle schools."""
    found = []
    if re.search("幼儿园|幼稚园|托儿", text):
        found.append("kindergarten")
    if re.search("小学|九年一贯|九年制", text):
        found.append("primary")
    if re.search("初级中学|初中|九年一贯|九年制", text):
        found.append("junior")
    if re.search("高级中学|高中", text):
        found.append("senior")
    if re.search("职业|职高|中专|技工|技师", text):
        found.append("vocational")
    if not found and re.search("中学|一中|二中|附中", text):
        found = ["junior", "senior"]
    return tuple(found)


def numeral(text: str) -> int:
    """12 for 12, 十二 or 二; 0 when it is none."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if ten:
        return (_NUMERALS.get(tens, 1) if tens else 1) * 10 + (_NUMERALS.get(ones, 0) if ones else 0)
    return _NUMERALS.get(text, 0)


def grade_of(cell: Cell | None, hints: Hints) -> GradeName | None:
    """The grade a cell names; None when blank."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        cell = str(int(cell))
    text = _squeezed(plain(cell))
    if not text:
        return None
    grade, _entry = _leading_grade(text, hints, whole=True)
    if grade is None:
        raise Unreadable("grade_unknown", plain(cell))
    return grade


def class_of(cell: Cell | None, grade: GradeName | None, hints: Hints) -> ClassName | None:
    """The class a cell names, with the grade of its own column when there is one; None when blank."""
    if isinstance(cell, date | datetime):
        raise Unreadable("class_is_date", plain(cell))
    if isinstance(cell, float) and not cell.is_integer():
        cell = str(cell)
    shown = plain(cell)
    text = _squeezed(shown)
    if not text:
        return None
    found = _whole_class(text, grade, hints)
    if found is None:
        if grade is None:
            raise Unreadable("class_unknown", shown)
        if len(text) > 20 or not re.search("班|[A-Za-z]", text):
            raise Unreadable("class_unknown", shown)
        return ClassName(grade, 0, label=shown)
    if grade is not None and found.grade != grade:
        raise Unreadable("class_grade_differs", shown, grade=grade_words(grade))
    return found


def class_in(text: str, hints: Hints) -> ClassName | None:
    """The one class that a title, a sheet's or a file's name speaks of (三年级2班学生花名册); None when none or several."""
    squeezed = _squeezed(text)
    whole = re.sub(r"(学生|名单|花名册|信息表|信息|登记表|联系表|通讯录|统计表|表)+$", "", squeezed)
    try:
        found = _whole_class(whole, None, hints)
        if found:
            return found
        patterns = (
            r"(?:小学|初中|高中)?[一二三四五六七八九]年级" + _TAIL + "?班",
            r"\d{1,2}年级" + _TAIL,
            r"[初高][一二三]\(?" + _N + r"\)?班",
            r"20\d\d级[^\d\s()]{0,8}\(?" + _N + r"\)?班",
            r"[一二三四五六七八九]\(" + _N + r"\)班?",
            r"[一二三四五六七八九]" + _N + "班",
            r"[托小中大]\(?" + _N + r"\)?班",
        )
        for pattern in patterns:
            matches = {match.group(0) for match in re.finditer(pattern, squeezed)}
            if len(matches) == 1 and (found := _whole_class(matches.pop(), None, hints)):
                return found
            if matches:
                return None
    except Unreadable:
        return None
    return None


def grade_in(text: str, hints: Hints) -> GradeName | None:
    """The one grade a title or a sheet's name speaks of (三年级学生花名册); None when none or several."""
    matches = {
        m.group(0)
        for m in re.finditer(r"(?:小学|初中|高中)?[一二三四五六七八九]年级|[初高][一二三]|20\d\d级", _squeezed(text))
    }
    if len(matches) != 1:
        return None
    try:
        return _leading_grade(matches.pop(), hints, whole=True)[0]
    except Unreadable:
        return None


def grade_words(grade: GradeName) -> str:
    """三年级, 八年级, 高一, 小班 …"""
    chinese = "一二三四五六七八九"
    if grade.stage == "kindergarten":
        return ("托班", "小班", "中班", "大班")[grade.number]
    if grade.stage == "senior":
        return f"高{chinese[grade.number - 1]}"
    if grade.stage == "vocational":
        return f"中职{chinese[grade.number - 1]}年级"
    return f"{chinese[grade.number - 1 + (6 if grade.stage == 'junior' else 0)]}年级"


def class_words(name: ClassName) -> str:
    """The class's whole name: 三年级2班, 高一实验班."""
    if name.label:
        return f"{grade_words(name.grade)}{name.label}"
    if name.grade.stage == "kindergarten":
        return f"{grade_words(name.grade)[:1]}{'零一二三四五六七八九十'[name.number] if name.number < 11 else name.number}班"
    return f"{grade_words(name.grade)}{name.number}班"


def _squeezed(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"[\[【{〔<]", "(", re.sub(r"[\]】}〕>]", ")", text))
    return re.sub(r"\s", "", text)


def _schooling(number: int, hints: Hints, shown: str) -> GradeName:
    """三 alone: the third year of the one stage it can be."""
    if number > 9:
        stage, number = "senior", number - 9
    elif number > 6:
        stage, number = "junior", number - 6
    else:
        possible = [stage for stage in hints.stages if 1 <= number <= LENGTH[stage] and stage != "kindergarten"]
        if "primary" in possible or not hints.stages:
            stage = "primary"
        elif len(possible) == 1:
            stage = possible[0]
        else:
            raise Unreadable("stage_unclear" if possible else "grade_unknown", shown)
    if not 1 <= number <= LENGTH[stage]:
        raise Unreadable("grade_unknown", shown)
    return GradeName(stage, number)


def _year_grade(year: int, leaving: bool, hints: Hints, shown: str) -> GradeName:
    """2024级 by the year of entry, 2027届 by the year of leaving."""
    possible = []
    for stage in hints.stages or ("primary",):
        number = hints.school_year - year + 1
        if leaving:
            number = LENGTH[stage] - (year - hints.school_year - 1)
        if 1 <= number <= LENGTH[stage]:
            possible.append(GradeName(stage, number))
    if len(possible) == 1:
        return possible[0]
    raise Unreadable("stage_unclear" if possible else "grade_unknown", shown)


def _leading_grade(text: str, hints: Hints, *, whole: bool) -> tuple[GradeName | None, int]:
    """The grade that `text` is, and the year of entry when it is told by that."""
    if match := re.fullmatch(r"(20\d\d)(级|届|年级|年)?", text):
        leaving = match[2] == "届"
        return _year_grade(int(match[1]), leaving, hints, text), 0 if leaving else int(match[1])
    if match := re.fullmatch(r"(小学|初中|高中|中职|职高|小|初|高)([一二三四五六]|[1-6])(年级)?", text):
        stage = {"小": "primary", "初": "junior", "高": "senior", "中": "vocational", "职": "vocational"}[match[1][0]]
        number = numeral(match[2])
        if number > LENGTH[stage]:
            raise Unreadable("grade_unknown", text)
        return GradeName(stage, number), 0
    if match := re.fullmatch(r"(托|小|中|大)班", text):
        number = _KINDERGARTEN[match[1]]
        if number == 0:
            raise Unreadable("grade_unknown", text)
        return GradeName("kindergarten", number), 0
    if match := re.fullmatch(r"([一二三四五六七八九]|1?\d)(年级|级)?", text):
        return _schooling(numeral(match[1]), hints, text), 0
    if whole and (match := re.fullmatch(r"(?:初中|高中|小学)?([七八九]|[789])年级", text)):
        return _schooling(numeral(match[1]), hints, text), 0
    return None, 0


def _whole_class(text: str, grade: GradeName | None, hints: Hints) -> ClassName | None:
    """`text` as one class. With `grade` given, a bare number is a class of that grade."""
    if match := re.fullmatch(r"(20\d\d)(级|届)([^\d()]*?)" + _TAIL, text):
        leaving = match[2] == "届"
        found = _year_grade(int(match[1]), leaving, hints, text)
        label = f"{match[3]}{numeral(match[4])}班" if match[3] else ""
        return ClassName(found, 0 if label else numeral(match[4]), label, 0 if leaving else int(match[1]))
    if match := re.fullmatch(
        r"((?:小学|初中|高中|中职)?(?:[一二三四五六七八九]|1?\d)年级|[初高小](?:[一二三四五六])(?:年级)?|[初高][1-3](?:年级)?)"
        + _TAIL,
        text,
    ):
        found_grade, _ = _leading_grade(match[1], hints, whole=True)
        if found_grade:
            return ClassName(found_grade, numeral(match[2]))
    if match := re.fullmatch(
        r"((?:小学|初中|高中|中职)?[一二三四五六七八九]年级|[初高][一二三])([^\d()]{1,10}班)", text
    ):
        found_grade, _ = _leading_grade(match[1], hints, whole=True)
        if found_grade:
            return ClassName(found_grade, 0, match[2])
    if grade is not None and (match := re.fullmatch(_TAIL, text)):
        return ClassName(grade, numeral(match[1]))
    if match := re.fullmatch(r"([小中大])班?" + _TAIL, text):
        return ClassName(GradeName("kindergarten", _KINDERGARTEN[match[1]]), numeral(match[2]))
    if (grade is None or grade.stage == "kindergarten") and (match := re.fullmatch(r"([小中大])班", text)):
        return ClassName(GradeName("kindergarten", _KINDERGARTEN[match[1]]), 1)
    if match := re.fullmatch(r"([一二三四五六七八九]|[1-9])[.\-—_、(]" + _N + r"\)?班?", text):
        return ClassName(_bare(numeral(match[1]), grade, hints, text), numeral(match[2]))
    if match := re.fullmatch(r"([一二三四五六七八九])" + _N + "班?", text):
        return ClassName(_bare(numeral(match[1]), grade, hints, text), numeral(match[2]))
    if match := re.fullmatch(r"(1[0-2]|[1-9])(\d\d)班?", text):
        if grade is not None and numeral(match[1]) != grade.number:
            whole_number = _FIRST_YEAR.get(grade.stage, 0) + grade.number
            if numeral(match[1]) != whole_number:
                raise Unreadable("class_grade_differs", text, grade=grade_words(grade))
            return ClassName(grade, int(match[2]))
        return ClassName(_bare(numeral(match[1]), grade, hints, text), int(match[2]))
    return None


def _bare(number: int, grade: GradeName | None, hints: Hints, shown: str) -> GradeName:
    """三 of 三（2）班: of the grade's stage when that is known."""
    if grade is not None and number <= LENGTH[grade.stage]:
        return GradeName(grade.stage, number)
    return _schooling(number, hints, shown)
