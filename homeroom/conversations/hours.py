"""When a teacher answers, and how soon: their own hours over the school's calendar, the middle of their replies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from statistics import median
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from homeroom.school.models import School
from homeroom.school.public import Calendar, Spans

from .models import Conversation, Membership, Rhythm, Side

HISTORY = timedelta(days=90)
REPLIES_AT_MOST = 50  # of one teacher, the latest: habits change
MORNING = time(8)
ENOUGH = 5  # fewer replies say nothing, and might be one family's

# Each turn is what a family wrote until somebody of the school answered. Two members of staff writing one after the
# other make a turn without a question, and what nobody answered yet is a turn without an answer.
_TURNS = """
WITH said AS (
  SELECT m.conversation_id, m.number, m.author_id, m.sent_at,
    CASE WHEN EXISTS (SELECT 1 FROM conversations_membership f WHERE f.conversation_id = m.conversation_id
      AND f.person_id = m.author_id AND f.side = 'family') THEN 1 ELSE 0 END AS of_family
  FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id
  WHERE c.school_id = %s AND c.kind IN ('family', 'pupil') AND c.last_message_at > %s AND m.sent_at > %s
    AND NOT m.automatic
), counted AS (
  SELECT said.*, COALESCE(SUM(1 - of_family) OVER (PARTITION BY conversation_id ORDER BY number
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS turn FROM said
), turns AS (
  SELECT MAX(CASE WHEN of_family = 0 THEN author_id END) AS person_id,
    MIN(CASE WHEN of_family = 1 THEN sent_at END) AS asked_at,
    MAX(CASE WHEN of_family = 0 THEN sent_at END) AS answered_at
  FROM counted GROUP BY conversation_id, turn
), latest AS (
  SELECT turns.*, ROW_NUMBER() OVER (PARTITION BY person_id ORDER BY answered_at DESC) AS place FROM turns
  WHERE person_id IS NOT NULL AND asked_at IS NOT NULL
)
SELECT person_id, asked_at, answered_at FROM latest WHERE place <= %s
"""


def weekly_of(stored: Mapping[str, Sequence[Sequence[str]]]) -> dict[int, Spans]:
    """The weekly plan as a calendar takes it; empty when the teacher has no hours of their own."""
    return {
        int(weekday): tuple((time.fromisoformat(starts), time.fromisoformat(ends)) for starts, ends in spans)
        for weekday, spans in stored.items()
        if spans
    }


def stored(weekly: Mapping[int, Spans]) -> dict[str, list[list[str]]]:
    """The weekly plan as it is kept."""
    return {
        str(weekday): [[f"{starts:%H:%M}", f"{ends:%H:%M}"] for starts, ends in spans]
        for weekday, spans in sorted(weekly.items())
        if spans
    }


def rhythm_of(person_id: int | None) -> Rhythm:
    """A teacher's hours and usual reply time; an empty one when nothing is known."""
    if person_id is None:
        return Rhythm()
    return Rhythm.objects.filter(person_id=person_id).first() or Rhythm(person_id=person_id)


def answers_in(membership: Membership, calendar: Calendar) -> Calendar:
    """The hours in which the other side of a family's thread answers: its teacher's; elsewhere the school's."""
    conversation = membership.conversation
    if membership.side == Side.FAMILY and conversation.kind in {Conversation.Kind.FAMILY, Conversation.Kind.PUPIL}:
        return calendar.with_hours(weekly_of(rhythm_of(conversation.teacher_id).hours))
    return calendar


def usual_words(teacher: str, minutes: float | None, calendar: Calendar) -> str:
    """王老师通常在工作时间 2 小时内回复: rounded up to what people say; empty when nothing is known."""
    if minutes is None:
        return ""
    name = {"teacher": teacher}
    if minutes <= 30:
        return _("%(teacher)s usually answers within half an hour of working time.") % name
    day = _working_day(calendar)
    if minutes <= min(4 * 60, day):
        hours = ceil(minutes / 60)
        words = ngettext(
            "%(teacher)s usually answers within %(n)d hour of working time.",
            "%(teacher)s usually answers within %(n)d hours of working time.",
            hours,
        )
        return words % {**name, "n": hours}
    days = ceil(minutes / day)
    words = ngettext(
        "%(teacher)s usually answers within %(n)d working day.",
        "%(teacher)s usually answers within %(n)d working days.",
        days,
    )
    return words % {**name, "n": days}


def _working_day(calendar: Calendar) -> float:
    """The minutes of a usual working day."""
    lengths = [
        sum((datetime.combine(date.min, b) - datetime.combine(date.min, a)).total_seconds() / 60 for a, b in spans)
        for spans in calendar.weekly.values()
        if spans
    ]
    return median(lengths) if lengths else 24 * 60


def count_usual_times(school: School, *, now: datetime) -> int:
    """Work out anew how soon each teacher of a school usually answers; returns for how many something is known.

    Only replies given in working time count, so nobody is promised what a teacher did at night. Four reads, one of them
    the turns of all threads, and one write.
    """
    calendar = Calendar.of(school)
    waits: dict[int, list[float]] = defaultdict(list)
    known = {rhythm.person_id: rhythm for rhythm in Rhythm.objects.filter(school=school)}
    own = {pk: calendar.with_hours(weekly_of(rhythm.hours)) for pk, rhythm in known.items()}
    for person_id, asked_at, answered_at in _turns(school.pk, now - HISTORY):
        theirs = own.get(person_id, calendar)
        if theirs.is_working(answered_at):
            waits[person_id].append(theirs.working_minutes(asked_at, answered_at))
    on = now.astimezone(calendar.zone).date()
    rows = []
    for person_id in {*waits, *known}:
        some = waits.get(person_id, [])
        usual = median(some) if len(some) >= ENOUGH else None
        rows.append(Rhythm(school=school, person_id=person_id, usual_minutes=usual, replies=len(some), counted_on=on))
    Rhythm.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["person"],
        update_fields=["usual_minutes", "replies", "counted_on"], batch_size=500,
    )  # fmt: skip
    return sum(row.usual_minutes is not None for row in rows)


def _turns(school_id: int, since: datetime) -> list[tuple[int, datetime, datetime]]:
    start: Any = since if connection.vendor == "postgresql" else connection.ops.adapt_datetimefield_value(since)
    with connection.cursor() as cursor:
        cursor.execute(_TURNS, [school_id, start, start, REPLIES_AT_MOST])
        return [(int(pk), _instant(asked), _instant(answered)) for pk, asked, answered in cursor.fetchall()]


def _instant(given: datetime | str) -> datetime:
    """SQLite gives what an expression yields as the text it keeps, in UTC."""
    at = datetime.fromisoformat(given) if isinstance(given, str) else given
    return at if timezone.is_aware(at) else at.replace(tzinfo=UTC)


def suggested_times(membership: Membership, calendar: Calendar, *, now: datetime) -> list[datetime]:
    """When a message that need not go out now might: the likeliest first, in the school's time.

    To a teacher: when their hours begin again. From a teacher off work: eight in the morning, then the school's next
    hours. And always the morning of the next day, and of the next school day.
    """
    zone = calendar.zone
    theirs = answers_in(membership, calendar)
    local = now.astimezone(zone)
    eight = datetime.combine(local.date(), MORNING, zone)
    morning = eight if local < eight else datetime.combine(local.date() + timedelta(days=1), MORNING, zone)
    after = theirs.next_working(now)
    found = [morning] if after == now else [after, morning]
    own = calendar.with_hours(weekly_of(rhythm_of(membership.person_id).hours))
    if membership.side == Side.STAFF and not own.is_working(now):
        found = [morning, *([] if after == now else [after])]
    for ahead in range(1, 15):
        on = morning.date() + timedelta(days=ahead)
        if calendar.is_school_day(on):
            found.append(datetime.combine(on, MORNING, zone))
            break
    return list(dict.fromkeys(at.astimezone(zone) for at in found))


def count_all_usual_times(*, now: datetime) -> int:
    """For every school that talks."""
    schools = School.objects.filter(pk__in=Conversation.objects.values("school_id"))
    return sum(count_usual_times(school, now=now) for school in schools)
