"""The place of canned replies in the menu behind one's own name."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from homeroom.ui.public import MenuEntry


def _is_staff(request: HttpRequest) -> bool:
    person: Any = getattr(request, "person", None)
    return person is not None and person.is_staff_member


REPLIES = MenuEntry("replies", _("Canned replies"), "template", "wording:replies", _is_staff, order=36)
