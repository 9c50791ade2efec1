"""Live counts: a hint to the pages that watch an item. Not in the log; what is shown is made anew from the rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from homeroom.people.models import Person
from homeroom.realtime.public import topic_token, touch

from . import access, queries
from .models import Item

TOPIC = "item"


def topic(item: Item) -> str:
    """What a page watches to see an item's counts move."""
    return f"{TOPIC}:{item.uuid}"


def counts_token(item: Item, *, account_id: int) -> str:
    """What a page of somebody who may follow the item shows to the gateway, to hear its counts."""
    return topic_token(topic(item), account_id=account_id)


def counts_moved(item: Item) -> None:
    """Show the item's counts anew to whoever watches, once this is committed; at most twice a second."""
    touch([topic(item)])


def counts_shown(keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """What each topic shows: the whole item's funnel. Two statements for any number."""
    uuids = [key.partition(":")[2] for key in keys]
    items = dict(Item.objects.filter(uuid__in=uuids).values_list("pk", "uuid"))
    return {
        f"{TOPIC}:{items[item_id]}": {"item": str(items[item_id]), **as_dict(counts)}
        for item_id, counts in queries.funnel(list(items)).items()
    }


def as_dict(counts: queries.Funnel) -> dict[str, int]:
    """The numbers of a funnel for a page."""
    return {
        name: getattr(counts, name)
        for name in ("recipients", "sent", "delivered", "read", "done", "subjects", "settled", "reached", "waiting")
    }


def may_watch(key: str, person_ids: Collection[int]) -> bool:
    """Whether any of these persons may follow the whole item: a class teacher of one class asks for pages instead."""
    item = Item.objects.filter(uuid=key.partition(":")[2]).first()
    if item is None:
        return False
    persons = Person.objects.filter(pk__in=list(person_ids), school_id=item.school_id).select_related("school")
    return any(access.oversees(person, item) for person in persons)
