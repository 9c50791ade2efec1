"""Short questions about one's own child, answered from what the school keeps: "小雨还有什么没签字", "班主任是谁".

Each kind of answer is a `Lookup`: the words families use for it, and a function that reads rows. Nothing is ever made
up: what no module has entered here is said to be not kept yet, and leads to a person. A module that comes later enters
its own by one line in `site/reactions.py`, and takes the place of the gap of the same key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.people.models import Person
from homeroom.people.public import Child

# Words, a note beside them, and an address; the last two may be empty. Plain tuples: modules below know no more.
Line = tuple[str | Promise, str | Promise, str]
Answer = Callable[[Person, Child, datetime], Sequence[Line]]
AT_MOST = 2  # kinds of answers to one text
LINES = 8  # of one answer
NOTHING = _("Nothing at the moment.")
NOISE = re.compile(r"[^\w]|请问|老师|我想|想问|帮我|查一下|查询|一下|怎么样|什么|哪些|有没有|的|了|吗|呢|啊")


@dataclass(frozen=True, slots=True)
class Lookup:
    """One thing that can be looked up. `answer` None: the school does not keep it here."""

    key: str
    label: str | Promise
    words: tuple[str, ...]  # data, as families write: Chinese
    answer: Answer | None = None
    nothing: str | Promise = NOTHING
    example: str = ""


_lookups: dict[str, Lookup] = {
    one.key: one
    for one in (
        Lookup("scores", _("Scores"), ("成绩", "分数", "考了", "考得", "期中", "期末", "测验")),
        Lookup("attendance", _("Leave and attendance"), ("请假", "考勤", "缺勤", "迟到", "销假")),
        Lookup("bus", _("School bus"), ("校车", "班车", "上车", "下车")),
        Lookup("timetable", _("Timetable"), ("课表", "课程表", "第几节", "上什么课", "什么课")),
        Lookup("homework", _("Homework"), ("作业", "练习册", "默写", "背诵")),
        Lookup("fees", _("Fees"), ("费用", "缴费", "交费", "退费", "餐费", "多少钱")),
        Lookup("meals", _("Meals"), ("菜单", "菜谱", "午餐", "吃什么")),
    )
}


def register_lookup(lookup: Lookup) -> None:
    """Let something be looked up; it replaces what has the same key."""
    _lookups[lookup.key] = lookup


def lookups() -> list[Lookup]:
    """Everything that can be looked up, and what cannot yet."""
    return list(_lookups.values())


def recognised(text: str) -> list[Lookup]:
    """What a text asks for, the best first; by the words of each kind that stand in it, longer ones counting more."""
    plain = NOISE.sub("", text)
    scored = [
        (sum(len(word) ** 1.5 for word in one.words if word in plain or word in text), position, one)
        for position, one in enumerate(_lookups.values())
    ]
    found = sorted((row for row in scored if row[0]), key=lambda row: (-row[0], row[1]))
    return [one for _score, _position, one in found[:AT_MOST]]


def named_in(text: str, children: Sequence[Child]) -> list[Child]:
    """The children a text names, by whole or given name; all of them when it names none."""
    return [one for one in children if one.name in text or (len(one.name) > 2 and one.name[1:] in text)] or list(
        children
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """One kind of answer for one child. `lines` None: not kept here."""

    lookup: Lookup
    child: Child
    lines: list[Line] | None


def answers_to(person: Person, text: str, children: Sequence[Child], *, now: datetime) -> list[Answered]:
    """Everything recognised, for each child meant."""
    return [
        Answered(one, child, None if one.answer is None else list(one.answer(person, child, now))[:LINES])
        for one in recognised(text)
        for child in named_in(text, children)
    ]
