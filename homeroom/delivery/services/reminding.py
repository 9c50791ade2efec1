"""Reminding those of whom something is still asked, and nobody else."""

# ruff: noqa: S610  (the text is constant; every value is a parameter)
from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Max, Q

from homeroom.audit import public as audit
from homeroom.delivery import access, timing
from homeroom.delivery.events import RemindersQueued
from homeroom.delivery.models import Dispatch, Item, Priority, Recipient
from homeroom.delivery.sql import ids
from homeroom.eventlog.public import announce
from homeroom.kit.access import Actor, require
from homeroom.kit.errors import Invalid

from .sending import queue_outside

FOUR_HOURS = timedelta(hours=4)
MOST_REMINDERS = 6  # of one person about one item, by hand and by plan together
CLOCK_SLACK = timedelta(minutes=5)


class ItemNotOpen(Invalid):
    """The item was recalled: there is nothing to remind of."""

    code = "item_not_open"


@transaction.atomic
def remind_unfinished(
    *,
    actor: Actor,
    item: Item,
    now: datetime,
    quiet_for: timedelta = FOUR_HOURS,
    class_ids: Collection[int] | None = None,
    person_ids: Collection[int] | None = None,
) -> int:
    """Queue a reminder to each person of whom `item` still asks something under its household rule.

    Somebody reminded less than `quiet_for` ago is skipped, so a second press of the button sends nothing; so is who
    was reminded MOST_REMINDERS times, and who put the item away until later. Outside channels wait for each one's
    quiet hours. Returns people reminded (not messages: one reminder may travel over two channels).
    Raises NotAllowed if `actor` may not remind, ItemNotOpen when it was recalled.
    """
    require(access.can_remind(actor, item))
    if item.recalled_at is not None:
        raise ItemNotOpen
    # A time of reminder that lies ahead was written by a clock that has been set back since: it keeps nobody quiet.
    quiet = Q(reminded_at__gt=now - quiet_for, reminded_at__lte=now + CLOCK_SLACK)
    # Locked: two leaders pressing at the same moment must not both claim one guardian.
    # (On SQLite select_for_update does nothing; the immediate transaction is the lock.)
    due = (
        Recipient.objects.select_for_update()
        .filter(item_id=item.pk, settled_at__isnull=True, asks=True, reminders__lt=MOST_REMINDERS)
        .exclude(quiet)
        .order_by("pk")
    )
    if item.priority != Priority.EMERGENCY:
        due = due.exclude(surfaces_at__gt=now)
    if class_ids is not None:
        due = due.filter(school_class_id__in=list(class_ids))
    if person_ids is not None:
        due = due.filter(person_id__in=list(person_ids))
    due = access.still_theirs(due, on=now.astimezone(ZoneInfo(item.school.time_zone)).date())
    pairs = [(row[0], row[1] or 0) for row in due.values_list("person_id", "student_id")]
    if not pairs:
        return 0
    people = sorted({person_id for person_id, _student in pairs})
    inside, parameters = ids(people)
    copies = Recipient.objects.filter(item_id=item.pk, settled_at__isnull=True, asks=True)
    theirs = copies.extra(where=[f"person_id IN {inside}"], params=parameters)
    theirs.update(reminded_at=now, reminders=F("reminders") + 1)
    occasions = dict(theirs.values("person_id").annotate(times=Max("reminders")).values_list("person_id", "times"))
    queue_outside(
        item,
        people,
        timing.wishes_of(people),
        {},
        now,
        ZoneInfo(item.school.time_zone),
        reason=Dispatch.Reason.REMINDER,
        occasions=occasions,
    )
    audit.record(actor=actor, action="item.reminded", target=item, people=len(people))
    announce(
        RemindersQueued(school_id=item.school_id, item_id=item.pk, person_ids=frozenset(people), _pairs=tuple(pairs))
    )
    return len(people)
