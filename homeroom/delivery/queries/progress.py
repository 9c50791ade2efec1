"""How far an item has come: its funnel, who is where in it, and what happened to one copy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce, Length
from django.db.models.lookups import Exact

from homeroom.audit import public as audit
from homeroom.delivery.models import Dispatch, Item, Recipient


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far an item has come. Recipients are guardian × child; `subjects` the children (or staff) it is about.

    Under "any one guardian" a child is settled by the first, so `settled` of `subjects` is what a class teacher waits
    for, and the others tell where it is stuck. `unreachable` recipients have no account and no other way.
    """

    recipients: int = 0
    queued: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    done: int = 0
    subjects: int = 0
    settled: int = 0
    reached: int = 0  # subjects somebody of whom has read it
    unreachable: int = 0
    class_id: int | None = None
    class_name: str = ""

    @property
    def waiting(self) -> int:
        return self.subjects - self.settled


_SUBJECT = Coalesce("student_id", "person_id")
# By length, because an encrypted column cannot be compared; an empty one is stored empty.
_UNREACHABLE = Q(person__account__isnull=True) & (
    Q(Exact(Length("person__email"), 0)) | Q(person__email_failed_at__isnull=False)
)


def _funnels(copies: QuerySet[Recipient], by: list[str]) -> list[dict[str, Any]]:
    return list(
        copies.order_by()
        .annotate(subject=_SUBJECT)
        .values(*by)
        .annotate(
            recipients=Count("pk"),
            queued=Count("queued_at"),
            sent=Count("sent_at"),
            delivered=Count("delivered_at"),
            read=Count("read_at"),
            done=Count("done_at"),
            subjects=Count("subject", distinct=True),
            settled=Count("subject", distinct=True, filter=Q(settled_at__isnull=False)),
            reached=Count("subject", distinct=True, filter=Q(read_at__isnull=False)),
            unreachable=Count("pk", filter=_UNREACHABLE),
        )
    )


def funnel(item_ids: Collection[int], *, within: QuerySet[Recipient] | None = None) -> dict[int, Funnel]:
    """item → how far it has come; one statement. `within` narrows to copies the asker may see."""
    copies = (within if within is not None else Recipient.objects.all()).filter(item_id__in=list(item_ids))
    found = {row.pop("item_id"): Funnel(**row) for row in _funnels(copies, ["item_id"])}
    return {item_id: found.get(item_id, Funnel()) for item_id in item_ids}


def funnel_by_class(item: Item, *, within: QuerySet[Recipient] | None = None) -> list[Funnel]:
    """How far the item has come in each class, in the order of the classes; staff and others last. One statement."""
    copies = (within if within is not None else Recipient.objects.all()).filter(item_id=item.pk)
    rows = _funnels(copies, ["school_class_id", "school_class__name", "school_class__grade_id", "school_class__number"])
    rows.sort(
        key=lambda row: (
            row["school_class_id"] is None,
            row["school_class__grade_id"] or 0,
            row["school_class__number"] or 0,
        )
    )
    funnels = []
    for row in rows:
        class_id, name = row.pop("school_class_id"), row.pop("school_class__name")
        row.pop("school_class__grade_id")
        row.pop("school_class__number")
        funnels.append(Funnel(**row, class_id=class_id, class_name=name or ""))
    return funnels


STATES = ("waiting", "unread", "read", "done", "undelivered", "unreachable", "all")


@dataclass(frozen=True, slots=True)
class RecipientPage:
    rows: list[Recipient]
    next: int | None


def recipients_of(
    item: Item,
    *,
    state: str = "all",
    class_id: int | None = None,
    q: str = "",
    after: int | None = None,
    limit: int | None = 100,
    within: QuerySet[Recipient] | None = None,
) -> RecipientPage:
    """The copies of an item in a state, with person, student and class loaded; one statement. Without `limit`, all.

    `waiting`: still asked; `unread`: not opened; `read`: opened but not done; `undelivered`: on no device yet;
    `unreachable`: no account and no other way. `q` is part of a name, or its pinyin.
    """
    copies = (within if within is not None else Recipient.objects.all()).filter(item_id=item.pk)
    copies = copies.select_related("person", "student", "school_class")
    conditions = {
        "waiting": Q(settled_at__isnull=True, asks=True),
        "unread": Q(read_at__isnull=True),
        "read": Q(read_at__isnull=False, done_at__isnull=True),
        "done": Q(done_at__isnull=False),
        "undelivered": Q(delivered_at__isnull=True),
        "unreachable": _UNREACHABLE,
    }
    if state in conditions:
        copies = copies.filter(conditions[state])
    if class_id is not None:
        copies = copies.filter(school_class_id=class_id)
    if q:
        copies = copies.filter(
            Q(person__name__icontains=q)
            | Q(student__name__icontains=q)
            | Q(person__pinyin__istartswith=q)
            | Q(student__pinyin__istartswith=q)
        )
    if after is not None:
        copies = copies.filter(pk__gt=after)
    rows = list(copies.order_by("pk")[: limit + 1 if limit else None])
    if limit is None or len(rows) <= limit:
        return RecipientPage(rows, None)
    return RecipientPage(rows[:limit], rows[limit - 1].pk)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to one copy, with its time."""

    at: datetime
    what: str  # queued, sent, delivered, read, confirmed, signed, replied, reminded, email …
    details: dict[str, Any]


def history(recipient: Recipient) -> list[Step]:
    """Everything that happened to one copy, oldest first: its own steps, reminders, messages outside, signatures."""
    steps = [
        Step(reached, name, {})
        for name in ("queued", "sent", "delivered", "read", "confirmed", "replied")
        if (reached := getattr(recipient, f"{name}_at")) is not None
    ]
    steps += [
        Step(s.signed_at, "signed", {"version": s.text_version, "name": s.typed_name, "drawn": bool(s.strokes)})
        for s in recipient.signatures.all()
    ]
    for dispatch in Dispatch.objects.filter(item_id=recipient.item_id, person_id=recipient.person_id):
        steps.append(
            Step(
                dispatch.sent_at or dispatch.due_at,
                "dispatch",
                {
                    "channel": dispatch.channel,
                    "reason": dispatch.reason,
                    "state": dispatch.state,
                    "failure": dispatch.failure,
                },
            )
        )
    if recipient.reminded_at:
        for entry in audit.about(recipient.item).filter(action="item.reminded", at__lte=recipient.reminded_at):
            steps.append(Step(entry.at, "reminded", {"actor": entry.actor}))
    if recipient.settled_at and recipient.done_at is None:
        steps.append(Step(recipient.settled_at, "settled_by_other", {}))
    return sorted(steps, key=lambda step: step.at)


def hours_to_done(item_ids: Collection[int]) -> dict[int, float | None]:
    """item → the median hours from sending to done; None while nobody has. One statement."""
    rows = Recipient.objects.filter(item_id__in=list(item_ids), done_at__isnull=False).values_list(
        "item_id", "queued_at", "done_at"
    )
    hours: dict[int, list[float]] = defaultdict(list)
    for item_id, queued_at, done_at in rows:
        if done_at is not None:
            hours[item_id].append((done_at - queued_at).total_seconds() / 3600)
    found: dict[int, float | None] = dict.fromkeys(item_ids)
    for item_id, values in hours.items():
        found[item_id] = sorted(values)[len(values) // 2]
    return found
