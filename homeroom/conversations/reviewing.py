"""The moderators' place in the main menu, and the files of messages that wait."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from homeroom.people.models import Person
from homeroom.school.public import uses
from homeroom.ui.public import MenuEntry

from . import moderation
from .models import Case


def _shown(request: Any) -> bool:
    person = getattr(request, "person", None)
    return person is not None and uses(person.school, "conversations") and moderation.scope(person) is not None


def _badge(request: Any) -> int:
    """How many cases wait for the reader, asked once a request."""
    if not hasattr(request, "waiting_cases"):
        request.waiting_cases = moderation.waiting_for(request.person)
    count: int = request.waiting_cases
    return count


MODERATION = MenuEntry(
    "moderation", _("To review"), "shield-check", "conversations:moderation", shown=_shown, badge=_badge, order=65
)


def may_see_held_files(person: Person, held_id: int) -> bool:
    """Entered at files: the author of a message that waits, and whoever decides about it."""
    where = moderation.scope(person)
    mine = Q(author=person)
    return Case.objects.filter(mine if where is None else mine | where, held_id=held_id).exists()
