"""The place of questions in the main menu."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from homeroom.school.public import uses
from homeroom.ui.public import MenuEntry


def _shown(request: Any) -> bool:
    person = getattr(request, "person", None)
    return person is not None and uses(person.school, "questions")


MENU = MenuEntry("questions", _("Questions and answers"), "help-circle", "questions:list", shown=_shown, order=30)
