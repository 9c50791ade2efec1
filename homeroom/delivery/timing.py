"""When something may press: quiet hours, the daily digest, the next reminder."""

# ruff: noqa: S610  (the text is constant; every value is a parameter)
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from .models import MANDATORY, Category, Item, Level, Mode, OutsideWhen, Priority, Settings
from .sql import ids


@dataclass(frozen=True, slots=True)
class Wishes:
    """How one person wants to be reached; the defaults are those of the Settings model."""

    quiet_from: time = time(21, 30)
    quiet_until: time = time(7, 0)
    digest_at: time = time(18, 30)
    outside_when: str = OutsideWhen.EVERY
    categories: Mapping[str, str] = field(default_factory=dict)


DEFAULT = Wishes()


def wishes_of(person_ids: Sequence[int]) -> dict[int, Wishes]:
    """The wishes of those who have any; one statement."""
    inside, parameters = ids(person_ids)
    rows = Settings.objects.extra(where=[f"delivery_settings.person_id IN {inside}"], params=parameters)
    return {
        row[0]: Wishes(*row[1:])
        for row in rows.values_list("person_id", "quiet_from", "quiet_until", "digest_at", "outside_when", "categories")
    }


def after_quiet_hours(now: datetime, wishes: Wishes, zone: ZoneInfo) -> datetime:
    """`now`, or when the quiet hours it falls into end. A day has 24 hours of wall clock, whatever the zone does."""
    starts, ends = wishes.quiet_from, wishes.quiet_until
    if starts == ends:
        return now
    local = now.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    quiet = starts <= clock < ends if starts < ends else clock >= starts or clock < ends
    if not quiet:
        return now
    day = local.date() if clock < ends else local.date() + timedelta(days=1)
    return datetime.combine(day, ends, zone).astimezone(now.tzinfo)


def next_clock(now: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The next instant, not before `now`, at which clocks in `zone` show `at`."""
    local = now.astimezone(zone)
    moment = datetime.combine(local.date(), at, zone)
    if moment < local:
        moment = datetime.combine(local.date() + timedelta(days=1), at, zone)
    return moment.astimezone(now.tzinfo)


def mode_for(item: Item, wishes: Wishes, *, digest_time: datetime) -> Mode:
    """How this item comes to somebody with these wishes. Wishes touch routine items only.

    What asks for an answer is never muted, and comes in a digest only when two hours stay until its deadline.
    """
    if item.priority != Priority.ROUTINE:
        return Mode.INSTANT
    mode = Mode(wishes.categories.get(item.category, Mode.INSTANT))
    if mode == Mode.MUTE and (item.level != Level.READ or Category(item.category) in MANDATORY):
        return Mode.INSTANT
    if mode == Mode.DIGEST and item.deadline_at and item.deadline_at < digest_time + timedelta(hours=2):
        return Mode.INSTANT
    return mode


def next_reminder(
    *,
    now: datetime,
    sent_at: datetime,
    deadline_at: datetime | None,
    first_after: timedelta | None,
    before_deadline: timedelta | None,
    every: timedelta | None,
    done: int,
) -> datetime | None:
    """The earliest planned reminder later than `now`; None when the plan has none left.

    Reminders missed while nothing ran are not made up one by one: only what lies ahead counts.
    """
    planned = []
    if done == 0 and first_after is not None:
        planned.append(sent_at + first_after)
    elif done and every is not None:
        planned.append(now + every)
    if before_deadline is not None and deadline_at is not None:
        planned.append(deadline_at - before_deadline)
    ahead = [moment for moment in planned if moment > now and (deadline_at is None or moment < deadline_at)]
    return min(ahead, default=None)
