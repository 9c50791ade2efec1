"""Talks: what families wrote about an item, and what they were answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from homeroom.delivery.models import Item, Reply
from homeroom.people.models import Person


@dataclass(frozen=True, slots=True)
class Talk:
    """One family member's lines about an item, with the staff's answers."""

    item: Item
    person: Person
    lines: list[Reply]
    waiting: bool


def talks(items: Sequence[Item], *, waiting_only: bool = False) -> list[Talk]:
    """The talks behind these items, the longest waiting first; one statement."""
    by_id = {item.pk: item for item in items}
    lines: dict[tuple[int, int], list[Reply]] = defaultdict(list)
    for line in Reply.objects.filter(item_id__in=by_id).select_related("person", "student").order_by("id"):
        lines[line.item_id, line.person_id].append(line)
    found = [
        Talk(by_id[item_id], same[0].person, same, any(line.answered_at is None for line in same))
        for (item_id, _person_id), same in lines.items()
    ]
    if waiting_only:
        found = [talk for talk in found if talk.waiting]
    return sorted(found, key=lambda talk: (not talk.waiting, talk.lines[-1].written_at))


def waiting_talks(person: Person, *, limit: int = 50) -> list[Talk]:
    """Talks behind what this person, or whom they stand in for, sent, that wait for an answer. Two statements."""
    if not person.current_roles:  # who has left reads no family's lines
        return []
    senders = {person.pk} | {
        role.stands_in_for.person_id for role in person.current_roles if role.stands_in_for is not None
    }
    waiting = Reply.objects.filter(item_id=OuterRef("pk"), answered_at__isnull=True)
    items = Item.objects.filter(Exists(waiting), school_id=person.school_id, sender_id__in=senders)
    return talks(list(items.order_by("-pk")[:limit]), waiting_only=True)
