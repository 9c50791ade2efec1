"""Variables in a text: which there are, and filling them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

_MARK = re.compile(r"\{\{\s*([^{}<>]{1,30}?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """`words` are every way of writing it, in any language, so that a text keeps its meaning when the page changes."""

    name: str
    label: str | Promise  # as it is inserted: {{孩子}}
    meaning: str | Promise
    words: tuple[str, ...]

    @property
    def mark(self) -> str:
        return "{{" + str(self.label) + "}}"


VARIABLES = {
    one.name: one
    for one in (
        Variable(
            "child", pgettext_lazy("variable", "child"), _("the child's name"), ("child", "孩子", "学生", "孩子姓名")
        ),
        Variable(
            "guardian",
            pgettext_lazy("variable", "guardian"),
            _("how the guardian who wrote is called"),
            ("guardian", "家长", "家长称呼"),
        ),
        Variable("class", pgettext_lazy("variable", "class"), _("the child's class"), ("class", "班级")),
        Variable("date", pgettext_lazy("variable", "date"), _("the day it is sent"), ("date", "日期", "今天")),
        Variable(
            "teacher",
            pgettext_lazy("variable", "teacher"),
            _("who sends it"),
            ("teacher", "老师", "发件人", "我的名字", "我", "my name"),
        ),
        Variable("school", pgettext_lazy("variable", "school"), _("the school's name"), ("school", "学校")),
    )
}
_BY_WORD = {word: one.name for one in VARIABLES.values() for word in one.words}
PERSONAL = frozenset({"child", "class"})  # differ from reader to reader
IN_NOTICES = ("child", "class", "date", "teacher", "school")
IN_REPLIES = ("child", "guardian", "class", "date", "teacher")


def variables_in(text: str) -> set[str]:
    """The names of the known variables in `text`."""
    return {_BY_WORD[word] for word in _MARK.findall(text) if word in _BY_WORD}


def unknown_in(text: str, names: Iterable[str] = IN_NOTICES) -> list[str]:
    """What stands in double braces and is none of these variables, in order."""
    known = set(names)
    return [word for word in dict.fromkeys(_MARK.findall(text)) if _BY_WORD.get(word) not in known]


def render(text: str, values: Mapping[str, str]) -> str:
    """`text` with its variables filled; one without a value stays as written."""
    return _MARK.sub(lambda found: values.get(_BY_WORD.get(found.group(1), ""), found.group(0)), text)


def render_html(markup: str, values: Mapping[str, str]) -> str:
    """The same for sanitised markup; values are escaped."""
    return render(markup, {name: html.escape(value) for name, value in values.items()})


def choices(names: Iterable[str] = IN_NOTICES) -> list[Variable]:
    """The variables an editor offers."""
    return [VARIABLES[name] for name in names]
