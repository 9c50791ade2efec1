"""The place of notices in the main menu."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from homeroom.school.public import module_is_on
from homeroom.ui.public import MenuEntry


def _shown(request: Any) -> bool:
    person = getattr(request, "person", None)
    return person is not None and person.is_staff_member and module_is_on(person.school_id, "notices")


MENU = MenuEntry("notices", _("Notices"), "speakerphone", "notices:list", shown=_shown, order=20)
