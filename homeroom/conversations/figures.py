"""Writing down how long families waited. A message's row is its event; that it answered somebody stands nowhere.

A job reads what was written since the last answer noted in each family thread. It can be killed, run twice or by two
workers: an exchange is known by the message that waited.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Max, Q
from django.db.models.functions import Coalesce

from homeroom.kit import jobs
from homeroom.people.models import Enrolment
from homeroom.school.models import School
from homeroom.school.public import Calendar

from .models import Conversation, Exchange, Membership, Message, Side

BACK = timedelta(days=2)  # further than a message can be under way
BATCH = 500


@dataclass(frozen=True, slots=True)
class _Said:
    number: int
    author_id: int
    sent_at: datetime


def note_exchanges(*, now: datetime) -> int:
    """Write down every answer given since the last run; returns how many."""
    newest = Exchange.objects.aggregate(at=Max("answered_at"))["at"]
    moved = Conversation.objects.filter(kind=Conversation.Kind.FAMILY, last_number__gt=0)
    if newest is not None:
        moved = moved.filter(last_message_at__gt=newest - BACK)
    noted = Coalesce(Max("exchanges__answered_number"), 0)
    waiting = moved.annotate(noted=noted).filter(last_number__gt=F("noted")).order_by("school_id", "pk")
    calendars: dict[int, Calendar] = {}
    made = 0
    for conversation in waiting.iterator(chunk_size=BATCH):
        if jobs.stopping():
            break
        found = list(_exchanges(conversation, calendars))
        Exchange.objects.bulk_create(found, ignore_conflicts=True)
        made += len(found)
    return made


def _exchanges(conversation: Conversation, calendars: dict[int, Calendar]) -> Iterator[Exchange]:
    """The answers of one thread that are not noted yet."""
    noted: int = conversation.noted  # type: ignore[attr-defined]
    rows = Message.objects.filter(conversation=conversation, number__gt=noted).order_by("number")
    said = [_Said(*row) for row in rows.values_list("number", "author_id", "sent_at")]
    staff = set(
        Membership.objects.filter(conversation=conversation, side=Side.STAFF).values_list("person_id", flat=True)
    )
    asked: _Said | None = None
    for one in said:
        if one.author_id not in staff:
            asked = asked or one
        elif asked is not None:
            if conversation.school_id not in calendars:
                calendars[conversation.school_id] = Calendar.of(School.objects.get(pk=conversation.school_id))
            calendar = calendars[conversation.school_id]
            yield Exchange(
                school_id=conversation.school_id,
                conversation=conversation,
                asked_number=asked.number,
                answered_number=one.number,
                guardian_id=asked.author_id,
                teacher_id=one.author_id,
                student_id=conversation.student_id,
                class_id=_class_on(conversation.student_id, asked.sent_at.astimezone(calendar.zone).date()),
                asked_at=asked.sent_at,
                answered_at=one.sent_at,
                working_minutes=calendar.working_minutes(asked.sent_at, one.sent_at),
            )
            asked = None


def _class_on(student_id: int | None, on: object) -> int | None:
    """The class the child was in on a day."""
    rows = Enrolment.objects.filter(
        Q(starts_on__isnull=True) | Q(starts_on__lte=on), Q(ends_on__isnull=True) | Q(ends_on__gte=on),
        student_id=student_id or 0,
    )  # fmt: skip
    return rows.order_by("-pk").values_list("school_class_id", flat=True).first()
