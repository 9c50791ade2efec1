"""The place of questions in the main menu."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

from homeroom.school.public import uses
from homeroom.ui.public import MenuEntry


def _shown(request: Any) -> bool:
    person = getattr(request, "person", None)
    return person is not None and uses(person.school, "questions")


MENU = MenuEntry(
    "questions", pgettext_lazy("menu", "Questions"), "help-circle", "questions:list", shown=_shown, order=30
)
