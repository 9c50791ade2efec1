"""Which class of the school a file means, and which it would make."""

from __future__ import annotations

import re

from homeroom.roster.plan import NewClass
from homeroom.roster.present import Present, PresentClass
from homeroom.roster.reading.classes import ClassName, class_words


class Classes:
    """The school's classes and, in `new`, those that the file adds."""

    def __init__(self, present: Present) -> None:
        self.present = present
        self.by_id: dict[int, PresentClass] = {each.id: each for each in present.classes}
        self.new: list[NewClass] = []
        self.found: dict[tuple[str, int, int, str], int] = {}

    def ref(self, name: ClassName) -> int:
        """The class's id, or -1, -2 … for one to be made."""
        key = (name.grade.stage, name.grade.number, name.number, re.sub(r"\s", "", name.label))
        if key not in self.found:
            found = next((each.id for each in self.present.classes if _is_class(each, name)), 0)
            if not found:
                found = -len(self.new) - 1
                year = self.present.today.year - (self.present.today.month < 8)
                entered = name.entry_year or year - name.grade.number + 1
                new = NewClass(name.grade.stage, name.grade.number, name.number, class_words(name)[:30], entered)
                self.new.append(new)
            self.found[key] = found
        return self.found[key]

    def name_of(self, class_id: int) -> str:
        return self.by_id[class_id].name if class_id in self.by_id else ""


def _is_class(there: PresentClass, name: ClassName) -> bool:
    if (there.stage, there.grade) != (name.grade.stage, name.grade.number):
        return False
    if name.label:
        wanted = re.sub(r"\s", "", name.label)
        plain = re.sub(r"\s", "", there.name)
        return plain == wanted or plain == re.sub(r"\s", "", class_words(name))[:30]
    return there.number == name.number
