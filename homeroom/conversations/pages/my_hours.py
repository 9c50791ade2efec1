"""One's own working hours and times away."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from homeroom.conversations import access, hours
from homeroom.conversations.models import Away
from homeroom.conversations.services import keeping_time
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people.models import Person, Role
from homeroom.people.public import label, labels, signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.school.public import Calendar, Spans, read_spans, spans_text
from homeroom.ui import moments

from .inbox import MODULE

MONDAY = date(2024, 1, 1)


def day_of(given: QueryDict, name: str) -> date | None:
    """The date in a form's field; None for an empty or impossible one."""
    try:
        return parse_date(given.get(name, "").strip())
    except ValueError:
        return None


def colleagues(person: Person) -> list[tuple[str, str]]:
    """(uuid, label) of the school's other staff today, by name."""
    roles = Role.objects.in_force(person.today).filter(school_id=person.school_id)
    staff = Person.objects.filter(pk__in=roles.values("person_id"), archived_at__isnull=True).exclude(pk=person.pk)
    rows = list(staff.order_by("pinyin", "name"))
    named = labels([one.pk for one in rows])
    return [
        (str(one.uuid), one.name if one.name == named[one.pk] else f"{one.name}（{named[one.pk]}）") for one in rows
    ]


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def my_hours(request: SignedInRequest) -> HttpResponse:
    """When one answers, and when one is away."""
    person = request.person
    require(access.can_keep_hours(person))
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            done = _change(request)
        except Invalid as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()} or {"text": str(wrong)}
        else:
            messages.success(request, done)
            return redirect("conversations:my_hours")
    return render(request, "conversations/my_hours.html", _context(request, errors), status=422 if errors else 200)


def _context(request: SignedInRequest, errors: dict[str, str]) -> dict[str, object]:
    person, typed = request.person, request.POST
    calendar = Calendar.of(person.school)
    rhythm = hours.rhythm_of(person.pk)
    own = hours.weekly_of(rhythm.hours)
    week = own or calendar.weekly
    days = [
        (
            day,
            moments.weekday_name(MONDAY + timedelta(days=day)),
            typed.get(f"day{day}", "") if typed.get("action") == "hours" else spans_text(week.get(day, ())),
            ", ".join(f"{a:%H:%M}–{b:%H:%M}" for a, b in calendar.weekly.get(day, ())),
        )
        for day in range(7)
    ]
    aways = Away.objects.filter(person=person, ends_on__gte=person.today).select_related("substitute")
    chosen = aways.filter(uuid=uuid_of(request.GET.get("away", "") or typed.get("away", ""))).first()
    given = {"starts_on": "", "ends_on": "", "text": "", "substitute": ""}
    if chosen is not None:
        given = {
            "starts_on": chosen.starts_on.isoformat(), "ends_on": chosen.ends_on.isoformat(), "text": chosen.text,
            "substitute": str(chosen.substitute.uuid) if chosen.substitute is not None else "",
        }  # fmt: skip
    if typed.get("action") == "away":
        given = {name: typed.get(name, "") for name in given}
    return {
        "days": days,
        "is_own": bool(own),
        "usual": hours.usual_words(label(person).partition(" · ")[0], rhythm.usual_minutes, calendar.with_hours(own)),
        "replies": rhythm.replies,
        "enough": hours.ENOUGH,
        "counted_on": rhythm.counted_on,
        "aways": list(aways),
        "chosen": chosen,
        "typed": given,
        "colleagues": [("", _("Nobody in particular")), *colleagues(person)],
        "errors": errors,
    }


def uuid_of(given: str) -> UUID:
    """What a form or an address names; for anything else what names nothing."""
    try:
        return UUID(given)
    except ValueError:
        return UUID(int=0)


def _change(request: SignedInRequest) -> str:
    person, given = request.person, request.POST
    action = given.get("action", "")
    if action == "school":
        keeping_time.set_own_hours(actor=person, weekly={})
        return _("You follow the school's hours again.")
    if action == "hours":
        keeping_time.set_own_hours(actor=person, weekly=_weekly(given))
        return _("Saved.")
    away = Away.objects.filter(person=person, uuid=uuid_of(given.get("away", ""))).first()
    if action == "back":
        if away is None:
            raise NotVisible
        keeping_time.end_away(actor=person, away=away)
        return _("Families are not told any more that you are away.")
    substitute = None
    if given.get("substitute"):
        substitute = Person.objects.filter(school_id=person.school_id, uuid=uuid_of(given["substitute"])).first()
        if substitute is None:
            raise NotVisible
    keeping_time.set_away(
        actor=person, away=away, starts_on=day_of(given, "starts_on"), ends_on=day_of(given, "ends_on"),
        text=given.get("text", ""), substitute=substitute, now=timezone.now(),
    )  # fmt: skip
    return _("Saved. Each family that writes to you in these days is told once.")


def _weekly(given: QueryDict) -> dict[int, Spans]:
    weekly: dict[int, Spans] = {}
    wrong: dict[str, str] = {}
    for day in range(7):
        try:
            weekly[day] = read_spans(given.get(f"day{day}", ""))
        except ValueError:
            wrong[f"day{day}"] = _("Write hours like 07:50-11:50, 14:00-17:00.")
    if not wrong and not any(weekly.values()):
        wrong["day0"] = _("Enter hours for at least one day. To be free for a while, enter an absence below.")
    if wrong:
        raise Invalid(next(iter(wrong.values())), fields=dict(wrong))
    return weekly
