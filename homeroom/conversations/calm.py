"""What a family is told when its teacher does not answer now: when again, how soon usually, and who is there instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

from homeroom.people.models import Person
from homeroom.people.public import labels
from homeroom.school.public import Calendar

from . import hours, queries
from .models import Away, Conversation, DutyShift, Membership, Side

Kind = Conversation.Kind


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who is there for what cannot wait; only the school's number when nobody is entered."""

    name: str
    phone: str
    person_uuid: UUID | None  # of somebody families may write to now


@dataclass(frozen=True, slots=True)
class Calm:
    """Shown only while the teacher is off work or away."""

    teacher: str
    works_again_at: datetime | None  # None: in working time, but away
    usual: str
    away: Away | None
    substitute: str
    duty: list[OnDuty]


def aways_on(on: date) -> QuerySet[Away]:
    return Away.objects.filter(starts_on__lte=on, ends_on__gte=on)


def shifts_on(school_id: int, on: date) -> QuerySet[DutyShift]:
    """Who is on duty that day; whoever left the school is not."""
    return DutyShift.objects.filter(
        school_id=school_id, starts_on__lte=on, ends_on__gte=on, person__archived_at__isnull=True
    )


def calm_for(membership: Membership, *, calendar: Calendar, now: datetime, title: str = "") -> Calm | None:
    """What the family's side of this conversation is told; None in working time.

    Two statements while the teacher works, at most eight while not. `title` is the teacher's label when it is known.
    """
    if membership.side != Side.FAMILY:
        return None
    conversation = membership.conversation
    on = now.astimezone(calendar.zone).date()
    personal = conversation.kind in {Kind.FAMILY, Kind.PUPIL}
    teacher, away, usual = "", None, ""
    if personal:
        rhythm = hours.rhythm_of(conversation.teacher_id)
        calendar = calendar.with_hours(hours.weekly_of(rhythm.hours))
        away = aways_on(on).filter(person_id=conversation.teacher_id).order_by("-starts_on", "-id").first()
    if away is None and calendar.is_working(now):
        return None
    shifts = list(shifts_on(conversation.school_id, on).select_related("person"))
    wanted = {shift.person_id for shift in shifts}
    if away is not None and away.substitute_id is not None:
        wanted.add(away.substitute_id)
    if personal and not title:
        wanted.add(conversation.teacher_id or 0)
    named = labels(wanted) if wanted else {}
    if personal:
        teacher = (title or named.get(conversation.teacher_id or 0, "")).partition(" · ")[0]
        usual = hours.usual_words(teacher, rhythm.usual_minutes, calendar)
    duty = [
        OnDuty(named.get(shift.person_id, ""), shift.phone, shift.person.uuid if shift.takes_messages else None)
        for shift in shifts
        if shift.person_id not in {conversation.teacher_id, membership.person_id}
    ]
    if not duty and (number := queries.rules_of(conversation.school_id).duty_phone):
        duty = [OnDuty("", number, None)]
    again = None if calendar.is_working(now) else calendar.next_working(now)
    return Calm(
        teacher=teacher,
        works_again_at=again if again != now else None,
        usual="" if away is not None else usual,
        away=away,
        substitute=named.get(away.substitute_id or 0, "") if away is not None else "",
        duty=duty,
    )


def on_duty_now(person: Person, on: date) -> bool:
    """Whether families may write to this person because they are on duty."""
    return shifts_on(person.school_id, on).filter(person=person, takes_messages=True).exists()
