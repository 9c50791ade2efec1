"""What a member of staff's first page counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q

from homeroom.delivery.public import Funnel, Item, Level, Recipient, followed_kinds, funnel, in_charge_of
from homeroom.people.models import Guardianship, Person

DAYS_SHOWN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Sent:
    """An item one sent, with how far it has come."""

    item: Item
    counts: Funnel
    is_open: bool


def sent_lately(person: Person, *, now: datetime, limit: int = 8) -> list[Sent]:
    """What this person, or whom they stand in for, sent in the last week: open ones first, then the newest.

    Two statements.
    """
    senders = {person.pk} | {
        role.stands_in_for.person_id for role in person.current_roles if role.stands_in_for is not None
    }
    items = list(
        Item.objects.filter(
            school_id=person.school_id,
            sender_id__in=senders,
            kind__in=followed_kinds(),
            sent_at__gt=now - DAYS_SHOWN,
        ).order_by("-sent_at")[: limit * 3]
    )
    counts = funnel([item.pk for item in items])
    rows = [
        Sent(
            item,
            counts[item.pk],
            item.recalled_at is None and item.closed_at is None and counts[item.pk].waiting > 0,
        )
        for item in items
    ]
    rows.sort(key=lambda row: not (row.is_open and row.item.level != Level.READ))
    return rows[:limit]


@dataclass(frozen=True, slots=True)
class ClassOverview:
    """What was asked of a class's families lately. `children_waiting` have at least one thing not done."""

    class_id: int
    name: str
    item_count: int
    asked: int
    settled: int
    children_waiting: int


def classes_overview(person: Person, *, since: datetime) -> list[ClassOverview]:
    """The classes in one's charge with what their families were asked since; the most waiting first. One statement."""
    copies = Recipient.objects.filter(
        school_id=person.school_id,
        item__school_id=person.school_id,
        item__sent_at__gt=since,
        item__recalled_at__isnull=True,
        school_class__isnull=False,
        asks=True,
    ).exclude(item__level=Level.READ)
    if not person.keeps_roster(person.school_id):
        copies = copies.filter(in_charge_of(person))
    rows = (
        copies.order_by()
        .values("school_class_id", "school_class__name")
        .annotate(
            item_count=Count("item_id", distinct=True),
            asked=Count("pk"),
            settled=Count("pk", filter=Q(settled_at__isnull=False)),
            children_waiting=Count("student_id", distinct=True, filter=Q(settled_at__isnull=True)),
        )
    )
    found = [
        ClassOverview(
            row["school_class_id"],
            row["school_class__name"],
            row["item_count"],
            row["asked"],
            row["settled"],
            row["children_waiting"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.children_waiting, one.class_id))


@dataclass(frozen=True, slots=True)
class Joined:
    """Guardians who can sign in, of all."""

    guardians: int
    with_account: int


def joined(school_id: int, *, on: date) -> Joined:
    """How many guardians of the school have taken up their invitation. One statement."""
    counts = (
        Guardianship.objects.in_force(on)
        .filter(school_id=school_id, guardian__archived_at__isnull=True, student__archived_at__isnull=True)
        .aggregate(
            guardians=Count("guardian_id", distinct=True),
            with_account=Count("guardian_id", distinct=True, filter=Q(guardian__account__isnull=False)),
        )
    )
    return Joined(counts["guardians"], counts["with_account"])
