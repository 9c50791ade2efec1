"""The first page, by what somebody is at the school."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from homeroom.delivery import public as delivery
from homeroom.people.models import Role
from homeroom.people.public import signed_in, staff_label
from homeroom.people.requests import SignedInRequest

from . import queries
from .links import links_for


@signed_in
def home(request: SignedInRequest) -> HttpResponse:
    """Staff see their day; everybody else, and staff who ask for it as parents, see the family's feed."""
    if request.person.is_staff_member and request.GET.get("as") != "family":
        return render(request, "home/staff.html", staff_context(request))
    return render(request, "home/family.html", family_context(request))


def family_context(request: SignedInRequest) -> dict[str, Any]:
    """The feed, what is to do, and the chips."""
    context = delivery.feed_context(request)
    now: datetime = context["now"]
    to_do = delivery.todo(request.person, now=now)
    counts = delivery.unread_counts(request.person, now=now)
    request.unread_total = counts.total  # type: ignore[attr-defined]
    return {
        **context,
        "to_do": delivery.shown(to_do, now=now),
        "here": request.get_full_path(),
        "counts": counts,
        "snooze_dialog": delivery.snooze_dialog(request.person, now=now),
        "works_here": request.person.is_staff_member,
        "filtered": bool(context["only"] or context["child"]),
        "styles": ["delivery"],
    }


def staff_context(request: SignedInRequest) -> dict[str, Any]:
    """What one sent and how far it has come, who waits for an answer, what is for oneself; more for those in charge."""
    now = timezone.now()
    person = request.person
    sent = queries.sent_lately(person, now=now)
    inbox = delivery.feed(person, now=now, limit=5)
    delivery.note_delivered(person, inbox.cards, now=now)
    keeps_roster = person.keeps_roster(person.school_id)
    in_charge = keeps_roster or person.has_role(Role.Kind.CLASS_TEACHER, Role.Kind.GRADE_LEADER)
    return {
        "now": now,
        "hello": hello(request, now),
        "sent": sent,
        "tokens": {
            row.item.pk: delivery.counts_token(row.item, account_id=request.account.pk) for row in sent if row.is_open
        },
        "talks": delivery.waiting_talks(person),
        "inbox": delivery.shown(inbox.cards, now=now),
        "p": delivery.pieces(),
        "to_do": delivery.todo(person, now=now),
        "classes": queries.classes_overview(person, since=now - timedelta(days=14)) if in_charge else [],
        "joined": queries.joined(person.school_id, on=person.today) if keeps_roster else None,
        "has_children": bool(delivery.family_of(person, now=now)),
        "links": links_for(person),
        "words": delivery.words(),
        "styles": ["delivery"],
        "width": "wide",
    }


def hello(request: SignedInRequest, now: datetime) -> str:
    """早上好，王老师."""
    hour = now.astimezone(ZoneInfo(request.person.school.time_zone)).hour
    who = staff_label(request.person, request.person.current_roles).split(" · ")[0]
    if 5 <= hour < 11:
        return _("Good morning, %(who)s") % {"who": who}
    if 11 <= hour < 18:
        return _("Good afternoon, %(who)s") % {"who": who}
    return _("Good evening, %(who)s") % {"who": who}
