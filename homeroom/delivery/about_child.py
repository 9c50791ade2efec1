"""What was sent about a child, for whoever talks about it: a guardian's own copies, or those in a teacher's charge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Max, Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.people.models import Person, Role
from homeroom.ui import moments

from .access import school_day, visible_copies
from .models import Level, Recipient

SHOWN = 5


def about_child(viewer: Person, student: Person, now: datetime) -> Sequence[tuple[str | Promise, str | Promise, str]]:
    """The newest things about the child that the viewer may see: title, how far it is, address. Two statements at most.

    For a guardian how far they are themselves; for staff, whether anybody of the family has done it.
    """
    rows = _newest(visible_copies(viewer, on=school_day(now, viewer)).filter(student_id=student.pk, muted=False), now)
    page = "delivery:item"
    if not rows and viewer.current_roles:
        rows, page = _newest(_in_charge(viewer, student), now), "delivery:sent"
    return [
        (row["item__title"], f"{_state(row)} · {moments.relative(row['item__sent_at'])}",
         reverse(page, args=[row["item__uuid"]]))
        for row in rows
    ]  # fmt: skip


def _newest(copies: QuerySet[Recipient], now: datetime) -> list[Any]:
    seen = copies.filter(item__recalled_at__isnull=True, surfaces_at__lte=now).order_by()
    grouped = seen.values("item_id", "item__uuid", "item__title", "item__level", "item__sent_at")
    return list(
        grouped.annotate(settled=Max("settled_at"), read=Max("read_at")).order_by("-item__sent_at", "-item_id")[:SHOWN]
    )


def _in_charge(viewer: Person, student: Person) -> QuerySet[Recipient]:
    """What one sent, or was sent to one's class since one has had it; a leader sees all."""
    about = Recipient.objects.filter(school_id=viewer.school_id, student_id=student.pk)
    if viewer.leads(viewer.school_id):
        return about
    zone = ZoneInfo(viewer.school.time_zone)
    seen = Q(item__sender_id=viewer.pk)
    for role in viewer.current_roles:
        since = datetime.combine(role.starts_on, time(), zone) if role.starts_on is not None else None
        on_duty = Q(item__sent_at__gte=since) if since is not None else Q()
        if role.stands_in_for is not None:
            seen |= Q(item__sender_id=role.stands_in_for.person_id) & on_duty
        if role.kind == Role.Kind.CLASS_TEACHER:
            seen |= Q(school_class_id=role.school_class_id) & on_duty
        elif role.kind == Role.Kind.GRADE_LEADER:
            seen |= Q(school_class__grade_id=role.grade_id) & on_duty
    return about.filter(seen)


def _state(row: dict[str, Any]) -> str:
    if row["item__level"] == Level.READ:
        return str(_("Read") if row["read"] else _("Unread"))
    return str(_("Done") if row["settled"] else _("To do"))
