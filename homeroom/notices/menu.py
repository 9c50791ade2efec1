"""The place of notices in the main menu, and among what a school may switch off."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from homeroom.school.public import SwitchableModule, module_is_on
from homeroom.ui.public import MenuEntry


def _shown(request: Any) -> bool:
    person = getattr(request, "person", None)
    return person is not None and person.is_staff_member and module_is_on(person.school_id, "notices")


MENU = MenuEntry("notices", _("Notices"), "speakerphone", "notices:list", shown=_shown, order=20)
SWITCH = SwitchableModule("notices", _("Notices"), _("Write to families and see who has read, confirmed or signed."))
