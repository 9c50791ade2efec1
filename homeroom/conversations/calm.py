"""What a family is told when its teacher does not answer now: when again, how soon usually, who is there instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

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
    """Whether the other side answers now; the rest is told only while it does not."""

    working: bool
    teacher: str = ""
    works_again_at: datetime | None = None  # None: in working time, but away; or nobody knows when
    usual: str = ""
    away: Away | None = None
    substitute: str = ""
    duty: list[OnDuty] = field(default_factory=list)

    @property
    def shown(self) -> bool:
        return not self.working


def aways_on(on: date) -> QuerySet[Away]:
    return Away.objects.filter(starts_on__lte=on, ends_on__gte=on)


def shifts_on(school_id: int, on: date) -> QuerySet[DutyShift]:
    """Who is on duty that day; whoever left the school is not."""
    return DutyShift.objects.filter(
        school_id=school_id, starts_on__lte=on, ends_on__gte=on, person__archived_at__isnull=True
    )


def calm_for(membership: Membership, *, calendar: Calendar, now: datetime, title: str = "") -> Calm:
    """What one member of a conversation is told: only the family's side anything.

    Two statements while the teacher works, at most eight while not. `title` is the teacher's label when it is known.
    """
    conversation = membership.conversation
    if membership.side != Side.FAMILY:
        return Calm(working=True)
    on = now.astimezone(calendar.zone).date()
    teacher_id = conversation.teacher_id if conversation.kind in {Kind.FAMILY, Kind.PUPIL} else None
    rhythm = hours.rhythm_of(teacher_id)
    calendar = calendar.with_hours(hours.weekly_of(rhythm.hours))
    away = None
    if teacher_id is not None:
        away = aways_on(on).filter(person_id=teacher_id).select_related("substitute").order_by("-id").first()
    if away is None and calendar.is_working(now):
        return Calm(working=True)
    shifts = list(shifts_on(conversation.school_id, on).select_related("person"))
    wanted = {shift.person_id for shift in shifts}
    if away is not None and away.substitute_id is not None:
        wanted.add(away.substitute_id)
    if teacher_id is not None and not title:
        wanted.add(teacher_id)
    named = labels(wanted) if wanted else {}
    teacher = (title or named.get(teacher_id or 0, "")).partition(" · ")[0] if teacher_id is not None else ""
    duty = [
        OnDuty(named.get(shift.person_id, ""), shift.phone, shift.person.uuid if shift.takes_messages else None)
        for shift in shifts
        if shift.person_id not in {teacher_id, membership.person_id}
    ]
    if not duty and (number := queries.duty_phone(conversation.school_id)):
        duty = [OnDuty("", number, None)]
    again = calendar.next_working(now)
    return Calm(
        working=False,
        teacher=teacher,
        works_again_at=again if again != now else None,
        usual="" if away is not None else hours.usual_words(teacher, rhythm.usual_minutes, calendar),
        away=away,
        substitute=named.get(away.substitute_id or 0, "") if away is not None else "",
        duty=duty,
    )
