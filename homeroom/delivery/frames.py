"""How delivery's events look on the wire: all a card needs, so that nothing has to be asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from homeroom.eventlog.public import EventRecord, events_by_id, read_streams
from homeroom.realtime.public import touch

from . import hints
from .models import Item, Reply
from .sql import instant, table

Frames = Mapping[int, Mapping[str, Any] | None]


def _items(events: Sequence[EventRecord]) -> dict[int, Item]:
    return Item.objects.in_bulk({event.body["item_id"] for event in events})


def card(item: Item) -> dict[str, Any]:
    """An item as a card that is the same for everybody who has it."""
    recalled = item.recalled_at is not None
    return {
        "item": str(item.uuid),
        "kind": item.kind,
        "title": item.title,
        "lead": "" if recalled else item.lead,
        "sender": item.sender_label,
        "sender_id": item.sender_id,
        "link": item.link,
        "action": item.action_label,
        "extras": item.extras,
        "level": item.level,
        "priority": item.priority,
        "category": item.category,
        "version": item.text_version,
        "deadline": _iso(item.deadline_at),
        "sent": _iso(item.sent_at),
        "recalled": _iso(item.recalled_at),
        "recall_reason": item.recall_reason,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def whole_card(events: Sequence[EventRecord]) -> Frames:
    """Sent, surfaced, corrected, recalled: the card as it is now."""
    items = _items(events)
    return {event.id: card(item) if (item := items.get(event.body["item_id"])) else None for event in events}


def which_item(events: Sequence[EventRecord]) -> Frames:
    """Read, snoozed, reminded: only which item, and its title for a message on the page."""
    items = _items(events)
    return {
        event.id: {"item": str(item.uuid), "title": item.title} if (item := items.get(event.body["item_id"])) else None
        for event in events
    }


def done(events: Sequence[EventRecord]) -> Frames:
    """Done: by whom and for which children, so that the other guardian's card changes too."""
    items = _items(events)
    return {
        event.id: {
            "item": str(item.uuid),
            "level": item.level,
            "person": event.body["person_id"],
            "children": event.body["student_ids"],
        }
        if (item := items.get(event.body["item_id"]))
        else None
        for event in events
    }


def replied(events: Sequence[EventRecord]) -> Frames:
    """A new line in a talk."""
    items = _items(events)
    lines = Reply.objects.in_bulk({event.body["reply_id"] for event in events})
    shown: dict[int, Mapping[str, Any] | None] = {}
    for event in events:
        item, line = items.get(event.body["item_id"]), lines.get(event.body["reply_id"])
        if item is None or line is None:
            shown[event.id] = None
            continue
        shown[event.id] = {
            "item": str(item.uuid),
            "title": item.title,
            "author": line.author_id,
            "who": line.author_label,
            "text": line.text[:200],
        }
    return shown


def arrived(entries: Sequence[tuple[str, int, int]]) -> None:
    """Note as delivered what clients say they have on their screens. A few statements for any number of entries."""
    after = {stream: first for stream, first, _up_to in entries if stream.startswith("p")}
    up_to = {stream: last for stream, _first, last in entries}
    if not after:
        return
    most = max(up_to[stream] - after[stream] for stream in after)
    read = [entry for entry in read_streams(after, min(most, 500)) if entry.number <= up_to[entry.stream]]
    bodies = {
        event.id: event.body["item_id"]
        for event in events_by_id({entry.event_id for entry in read})
        if event.name in {"delivery.item_sent", "delivery.item_surfaced"}
    }
    pairs = sorted({(int(entry.stream[1:]), bodies[entry.event_id]) for entry in read if entry.event_id in bodies})
    if not pairs:
        return
    source, parameters = table([("person_id", "bigint"), ("item_id", "bigint")], pairs)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE delivery_recipient SET delivered_at = %s WHERE delivered_at IS NULL AND id IN"  # noqa: S608
            f" (SELECT copy.id FROM {source} JOIN delivery_recipient AS copy ON copy.item_id = given.item_id"
            " AND copy.person_id = given.person_id)",
            [instant(timezone.now()), *parameters],
        )
        moved = cursor.rowcount
    if moved:
        touch([hints.topic(item) for item in Item.objects.filter(pk__in={item_id for _person, item_id in pairs})])
