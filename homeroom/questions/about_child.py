"""The open questions about a child, beside a conversation about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise

from homeroom.people.models import Person

from . import access
from .showing import for_family, open_questions
from .states import LIVE

SHOWN = 5


def about_child(viewer: Person, student: Person, now: datetime) -> Sequence[tuple[str | Promise, str | Promise, str]]:
    """What the viewer asked about the child, else what they may read of it as staff. Two statements at most."""
    asked = open_questions(viewer, student.pk)[:SHOWN]
    if asked or not viewer.current_roles:
        return asked
    rows = access.seen_by_staff(viewer).filter(student_id=student.pk, state__in=LIVE).order_by("-moved_at")[:SHOWN]
    return [(row.title, for_family(row).label, reverse("questions:question", args=[row.uuid])) for row in rows]
