"""Handing an item to its people. The number of statements does not depend on how many they are."""

# ruff: noqa: S608  (only constant names are put together; every value is a parameter)
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.delivery import channels, timing
from homeroom.delivery.events import ItemSent
from homeroom.delivery.models import (
    Category,
    Dispatch,
    HouseholdRule,
    Item,
    Level,
    Mode,
    OutsideWhen,
    Priority,
    TextVersion,
)
from homeroom.delivery.sql import instant, table
from homeroom.eventlog.public import announce
from homeroom.kit import jobs
from homeroom.kit.access import Actor
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person
from homeroom.people.public import staff_label
from homeroom.school.models import School


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom an item asks: a guardian or delegate about a student, or anybody for themself."""

    person_id: int
    student_id: int | None = None


@dataclass(frozen=True, slots=True)
class ReminderPolicy:
    """When those who have not done what was asked are reminded by themselves.

    First after `first_after`, then again after each `every`, and once `before_deadline`; `at_most` in all. When the
    last of them moved not everybody, the sender is told.
    """

    first_after: timedelta | None = timedelta(hours=24)
    before_deadline: timedelta | None = timedelta(hours=3)
    every: timedelta = timedelta(hours=24)
    at_most: int = 3


@transaction.atomic
def send_item(
    *,
    actor: Actor,
    school: School,
    kind: str,
    source_id: int | None,
    sender: Person | None,
    title: str,
    lead: str,
    level: Level | str,
    recipients: Iterable[Asked],
    now: datetime,
    link: str = "",
    household_rule: HouseholdRule | str = HouseholdRule.ANY,
    priority: Priority | str = Priority.ROUTINE,
    category: Category | str = Category.NOTICE,
    deadline_at: datetime | None = None,
    policy: ReminderPolicy | None = None,
    action_label: str = "",
    sender_label: str = "",
    text: str = "",
    extras: Mapping[str, Any] | None = None,
) -> Item:
    """Put an item into the inbox of each of `recipients`, and queue what goes outside by each one's wishes.

    Who may send to whom is the owner module's question. But a pair whose guardianship is not in force today, or is
    barred, gets nothing whatever the caller asked, nor does anybody of another school or who has left.
    `text` is the whole text without markup: it is kept as the version that people sign.
    Raises Invalid when the deadline has passed already.
    """
    if deadline_at is not None and deadline_at <= now:
        passed = _("The deadline has already passed.")
        raise Invalid(passed, fields={"deadline_at": passed})
    item = Item(
        school=school,
        kind=kind,
        source_id=source_id,
        sender=sender,
        sender_label=(sender_label or (staff_label(sender, sender.current_roles) if sender else school.name))[:80],
        title=title[:200],
        lead=lead[:400],
        link=link,
        action_label=action_label,
        extras=dict(extras or {}),
        level=Level(level),
        household_rule=HouseholdRule(household_rule),
        priority=Priority(priority),
        category=Category(category),
        deadline_at=deadline_at,
        sent_at=now,
    )
    if (policy is not None and item.level != Level.READ) or (policy is not None and item.priority != Priority.ROUTINE):
        item.remind_every = policy.every
        item.remind_at_most = policy.at_most
        item.remind_before_deadline = policy.before_deadline
        if policy.at_most:
            item.next_reminder_at = timing.next_reminder(
                now=now,
                sent_at=now,
                deadline_at=deadline_at,
                first_after=policy.first_after,
                before_deadline=policy.before_deadline,
                every=policy.every,
                done=0,
            )
    item.save(force_insert=True)
    TextVersion.objects.create(
        item=item, number=1, title=item.title, lead=item.lead, text=text, written_at=now, written_by=sender
    )

    asked = list({(one.person_id, one.student_id or 0): None for one in recipients})
    person_ids = sorted({person_id for person_id, _student in asked})
    wishes = timing.wishes_of(person_ids) if person_ids else {}
    zone = ZoneInfo(school.time_zone)
    modes = {person_id: _mode_and_time(item, own, now, zone) for person_id, own in wishes.items()}
    pairs = _insert_recipients(item, asked, modes, now)
    queue_outside(item, sorted({person_id for person_id, _about in pairs}), wishes, modes, now, zone)

    audit.record(actor=actor, action="item.sent", target=item, recipients=len(pairs))
    surfaced = tuple(pair for pair in pairs if pair[0] not in modes or modes[pair[0]][0] != Mode.DIGEST)
    announce(ItemSent(school_id=school.pk, item_id=item.pk, _pairs=surfaced))
    return item


def _mode_and_time(item: Item, own: timing.Wishes, now: datetime, zone: ZoneInfo) -> tuple[Mode, datetime]:
    digest_time = timing.next_clock(now, own.digest_at, zone)
    mode = timing.mode_for(item, own, digest_time=digest_time)
    return mode, digest_time if mode == Mode.DIGEST else now


_RIGHT = {Level.CONFIRM: "may_confirm", Level.REPLY: "may_confirm", Level.SIGN: "may_sign"}


def _insert_recipients(
    item: Item, asked: Sequence[tuple[int, int]], modes: Mapping[int, tuple[Mode, datetime]], now: datetime
) -> tuple[tuple[int, int], ...]:
    """Write the copies; returns the (person, student or 0) that got one."""
    if not asked:
        return ()
    usual = (0, 0, instant(now), instant(now))  # for all but the few with wishes of their own
    rows: list[tuple[Any, ...]] = []
    for person_id, student_id in asked:
        if person_id not in modes:
            rows.append((person_id, student_id, *usual))
            continue
        mode, surfaces_at = modes[person_id]
        rows.append(
            (
                person_id,
                student_id,
                int(mode == Mode.MUTE),
                int(mode == Mode.DIGEST),
                instant(surfaces_at),
                instant(None if mode == Mode.DIGEST else now),
            )
        )
    source, parameters = table(
        [
            ("person_id", "bigint"),
            ("student_id", "bigint"),
            ("muted", "integer"),
            ("in_digest", "integer"),
            ("surfaces_at", "timestamptz"),
            ("sent_at", "timestamptz"),
        ],
        rows,
    )
    on = now.astimezone(ZoneInfo(item.school.time_zone)).date().isoformat()
    lent = (
        "EXISTS (SELECT 1 FROM people_delegation AS lent JOIN people_guardianship AS lender"
        " ON lender.id = lent.guardianship_id WHERE lent.delegate_id = given.person_id"
        " AND lender.student_id = given.student_id AND lent.revoked_at IS NULL"
        " AND lent.starts_on <= %s AND lent.ends_on >= %s AND lender.restriction <> 'no_contact'"
        " AND (lender.starts_on IS NULL OR lender.starts_on <= %s) AND (lender.ends_on IS NULL OR lender.ends_on >= %s)"
        "{also})"
    )
    right = _RIGHT.get(Level(item.level))
    asks, asks_parameters = "TRUE", []
    if right == "may_confirm":
        asks = f"given.student_id = 0 OR COALESCE(edge.may_confirm, {lent.format(also=' AND lent.may_confirm')})"
        asks_parameters = [on] * 4
    elif right == "may_sign":
        asks = "given.student_id = 0 OR COALESCE(edge.may_sign, FALSE)"  # signing is never lent
    with connection.cursor() as cursor:
        # The + keeps SQLite from walking through the school's people and, for each, through the whole JSON again.
        cursor.execute(
            "INSERT INTO delivery_recipient (school_id, item_id, person_id, student_id, school_class_id, asks, muted,"
            " in_digest, surfaces_at, queued_at, sent_at, reminders, snooze_reason)"
            " SELECT %s, %s, given.person_id, NULLIF(given.student_id, 0), enrolment.school_class_id,"
            f" {asks}, given.muted = 1, given.in_digest = 1, given.surfaces_at, %s, given.sent_at, 0, ''"
            f" FROM {source}"
            " JOIN people_person AS person ON person.id = given.person_id AND +person.school_id = %s"
            " AND person.archived_at IS NULL"
            " LEFT JOIN people_guardianship AS edge ON edge.school_id = %s AND edge.guardian_id = given.person_id"
            " AND edge.student_id = given.student_id AND edge.restriction <> 'no_contact'"
            " AND (edge.starts_on IS NULL OR edge.starts_on <= %s) AND (edge.ends_on IS NULL OR edge.ends_on >= %s)"
            " LEFT JOIN people_enrolment AS enrolment ON enrolment.school_id = %s"
            " AND enrolment.student_id = given.student_id AND enrolment.ends_on IS NULL"
            f" WHERE given.student_id = 0 OR edge.id IS NOT NULL OR {lent.format(also='')}"
            " RETURNING person_id, student_id",
            [
                item.school_id,
                item.pk,
                *asks_parameters,
                instant(now),
                *parameters,
                item.school_id,
                item.school_id,
                on,
                on,
                item.school_id,
                *[on] * 4,
            ],
        )
        return tuple((person_id, student_id or 0) for person_id, student_id in cursor.fetchall())


def queue_outside(  # noqa: PLR0917  (a step of the services beside it)
    item: Item,
    person_ids: Sequence[int],
    wishes: Mapping[int, timing.Wishes],
    modes: Mapping[int, tuple[Mode, datetime]],
    now: datetime,
    zone: ZoneInfo,
    *,
    reason: Dispatch.Reason = Dispatch.Reason.ITEM,
    occasions: Mapping[int, int] | None = None,
) -> int:
    """Queue a message to each person over the way that is next for them; returns how many. `occasions`: which reminder.

    An emergency goes over every way at once and waits for no quiet hours.
    """
    outside = channels.outside_channels()
    if not outside or not person_ids or item.school.is_trial:  # a trial holds somebody's real roster: nothing leaves
        return 0
    ways = [(channel.name, channel.reachable(person_ids)) for channel in outside]
    rows: list[tuple[Any, ...]] = []
    emergency = item.priority == Priority.EMERGENCY
    for person_id in person_ids:
        chain = [name for name, reached in ways if person_id in reached]
        if not chain:
            continue
        own = wishes.get(person_id, timing.DEFAULT)
        mode, surfaces_at = modes.get(person_id, (Mode.INSTANT, now))
        occasion = (occasions or {}).get(person_id, 0)
        if emergency:
            rows += [(person_id, name, reason, occasion, instant(now)) for name in chain]
            continue
        if mode == Mode.MUTE or own.outside_when == OutsideWhen.NEVER:
            continue
        if own.outside_when == OutsideWhen.REMINDERS and reason != Dispatch.Reason.REMINDER:
            continue
        of_digest = mode == Mode.DIGEST and reason == Dispatch.Reason.ITEM
        due_at = timing.after_quiet_hours(surfaces_at if of_digest else now, own, zone)
        rows.append(
            (
                person_id,
                chain[min(occasion, len(chain) - 1)],
                Dispatch.Reason.DIGEST if of_digest else reason,
                occasion,
                instant(due_at),
            )
        )
    if not rows:
        return 0
    source, parameters = table(
        [
            ("person_id", "bigint"),
            ("channel", "text"),
            ("reason", "text"),
            ("occasion", "integer"),
            ("due_at", "timestamptz"),
        ],
        rows,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO delivery_dispatch (school_id, item_id, person_id, channel, reason, occasion, state, due_at,"
            " claimed_by, attempts, failure)"
            " SELECT %s, %s, person_id, channel, reason, occasion, 'waiting', due_at, '', 0, ''"
            f" FROM {source} WHERE true ON CONFLICT DO NOTHING",
            [item.school_id, item.pk, *parameters],
        )
    jobs.wake("delivery.send_dispatches")
    return len(rows)
