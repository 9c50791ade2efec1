"""The place of conversations in the main menu and on a child's page, and how many messages wait there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from homeroom.people.models import Person
from homeroom.people.public import Way, current_classes
from homeroom.school.public import module_is_on
from homeroom.ui.public import MenuEntry

from . import queries, roster


def _of(request: Any) -> tuple[bool, int]:
    """Both answers, asked once a request."""
    person = getattr(request, "person", None)
    if person is None:
        return False, 0
    if not hasattr(request, "waiting_messages"):
        request.waiting_messages = queries.unread_of(person, now=timezone.now())
    found: tuple[bool, int] = request.waiting_messages
    return found


def _shown(request: Any) -> bool:
    return _of(request)[0]


def _badge(request: Any) -> int:
    return _of(request)[1]


def way_to_family(viewer: Person, student: Person) -> Way | None:
    """Entered at people: from a child's page to the family, for those who teach the child."""
    taught = {r.school_class_id for r in viewer.current_roles if r.kind in roster.TEACHING}
    if not taught or not module_is_on(viewer.school_id, "conversations"):
        return None
    if current_classes([student.pk]).get(student.pk, (None, ""))[0] not in taught:
        return None
    address = f"{reverse('conversations:new')}?{urlencode({'q': student.name})}"
    return Way(_("Message the family"), "message-circle", address)


def _is_staff(request: Any) -> bool:
    person = getattr(request, "person", None)
    return person is not None and bool(person.is_staff_member)


HOURS = MenuEntry(
    "hours", _("Working hours and absence"), "calendar-time", "conversations:my_hours", shown=_is_staff, order=35
)
MENU = MenuEntry(
    "conversations", _("Messages"), "message-circle", "conversations:list", shown=_shown, badge=_badge, order=15
)
