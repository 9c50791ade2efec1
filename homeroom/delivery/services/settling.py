"""Settling a child from outside: the school knows that nothing need be asked, as when a fee was paid at the office."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from homeroom.audit import public as audit
from homeroom.delivery import access, hints
from homeroom.delivery.events import ItemDone, ItemSurfaced, Pairs
from homeroom.delivery.models import HouseholdRule, Item, Recipient
from homeroom.eventlog.public import announce
from homeroom.kit.access import Actor


@transaction.atomic
def settle_children(*, actor: Actor, item: Item, student_ids: Collection[int], now: datetime) -> int:
    """Ask nobody anything more about these children; who had not done it is not counted as having. Returns copies.

    Whether the actor may is the owner module's question.
    """
    open_ = Recipient.objects.filter(item_id=item.pk, student_id__in=list(student_ids), settled_at__isnull=True)
    pairs = sorted(set(open_.select_for_update().values_list("person_id", "student_id")))
    if not pairs:
        return 0
    told = _still_theirs(open_, item, now)
    moved = open_.update(settled_at=now)
    students = sorted({student_id for _person, student_id in pairs if student_id is not None})
    audit.record(actor=actor, action="item.settled", target=item, students=students)
    announce(
        ItemDone(
            school_id=item.school_id,
            item_id=item.pk,
            person_id=actor.id or 0,
            student_ids=tuple(students),
            _pairs=told,
        )
    )
    hints.counts_moved(item)
    return moved


@transaction.atomic
def unsettle_children(*, actor: Actor, item: Item, student_ids: Collection[int], now: datetime) -> int:
    """Ask again about these children whatever their families have not done themselves. Returns copies."""
    done = Recipient.objects.filter(item_id=item.pk, student_id=OuterRef("student_id"), done_at__isnull=False)
    settled = Recipient.objects.filter(
        item_id=item.pk, student_id__in=list(student_ids), settled_at__isnull=False, done_at__isnull=True
    )
    if item.household_rule == HouseholdRule.ANY:
        settled = settled.exclude(Exists(done))
    rows = list(settled.select_for_update().values_list("pk", "person_id", "student_id"))
    if not rows:
        return 0
    copies = Recipient.objects.filter(pk__in=[pk for pk, _person, _student in rows])
    moved = copies.update(settled_at=None)
    students = sorted({student_id or 0 for _pk, _person, student_id in rows})
    audit.record(actor=actor, action="item.unsettled", target=item, students=students)
    announce(ItemSurfaced(school_id=item.school_id, item_id=item.pk, _pairs=_still_theirs(copies, item, now)))
    hints.counts_moved(item)
    return moved


def _still_theirs(copies: QuerySet[Recipient], item: Item, now: datetime) -> Pairs:
    """Who hears of it: nobody who was barred from the child since."""
    theirs = access.still_theirs(copies, on=now.astimezone(ZoneInfo(item.school.time_zone)).date())
    return tuple(
        sorted(
            {(person_id, student_id or 0) for person_id, student_id in theirs.values_list("person_id", "student_id")}
        )
    )
