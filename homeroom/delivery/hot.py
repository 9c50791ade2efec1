"""The inbox as JSON, `GET /api/v1/feed`: every device asks for it whenever it wakes, so it is two statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec
from django.utils import timezone

from homeroom.people.models import Person
from homeroom.people.public import who_asks

from . import access
from .models import Category, Recipient
from .queries import Card, FeedPage, feed_of

PATH = "/api/v1/feed"
LARGEST_PAGE = 50
_encode = msgspec.json.Encoder().encode


class ChildOut(msgspec.Struct, frozen=True):
    """A child on a card."""

    id: str
    name: str
    asks: bool
    done_at: datetime | None
    settled_at: datetime | None


class CardOut(msgspec.Struct, frozen=True):
    """A card without the numbers that are only ours."""

    id: str
    kind: str
    title: str
    lead: str
    sender: str
    link: str
    action_label: str
    extras: dict[str, Any]
    level: str
    priority: str
    category: str
    text_version: int
    deadline_at: datetime | None
    sent_at: datetime
    surfaces_at: datetime
    recalled_at: datetime | None
    read_at: datetime | None
    confirmed_at: datetime | None
    signed_at: datetime | None
    replied_at: datetime | None
    done_at: datetime | None
    asks: bool
    settled: bool
    children: list[ChildOut]


class FeedOut(msgspec.Struct, frozen=True):
    cards: list[CardOut]
    next: str | None


def _out(card: Card) -> CardOut:
    return CardOut(
        card.uuid,
        card.kind,
        card.title,
        card.lead,
        card.sender,
        card.link,
        card.action_label,
        card.extras,
        card.level,
        card.priority,
        card.category,
        card.text_version,
        card.deadline_at,
        card.sent_at,
        card.surfaces_at,
        card.recalled_at,
        card.read_at,
        card.confirmed_at,
        card.signed_at,
        card.replied_at,
        card.done_at,
        card.asks,
        card.settled,
        [ChildOut(chip.uuid, chip.name, chip.asks, chip.done_at, chip.settled_at) for chip in card.children],
    )


def _body(page: FeedPage) -> bytes:
    return _encode(FeedOut([_out(card) for card in page.cards], page.next))


def _wanted(query: str) -> dict[str, Any] | None:
    """The parameters of the address; None when one is unknown, or cannot be."""
    if not query:
        return {}
    given = {name: values[-1] for name, values in parse_qs(query).items()}
    if not given.keys() <= {"only", "before", "limit"}:
        return None
    if given.get("only") and given["only"] not in {"unread", "read", *Category.values}:
        return None
    if "limit" in given:
        if not given["limit"].isascii() or not given["limit"].isdigit() or not 0 < int(given["limit"]) <= LARGEST_PAGE:
            return None
        return {**given, "limit": int(given["limit"])}
    return given


def answer(session_key: str, query: str) -> bytes | None:
    """The body of the inbox for a session; None where anything is out of the ordinary."""
    wanted = _wanted(query)
    if wanted is None:
        return None
    now = timezone.now()
    asker = who_asks(session_key, now=now)
    if asker is None:
        return None
    page = feed_of(person_id=asker.person_id, school_id=asker.school_id, on=asker.today(now), now=now, **wanted)
    if not all(card.delivered for card in page.cards):  # the first time a device has them: that is noted
        return None
    return _body(page)


def plain_answer(person: Person, query: str) -> bytes | None:
    """The same for a person who is known already, and noted as delivered; None when something unknown is asked for."""
    wanted = _wanted(query)
    if wanted is None:
        return None
    now = timezone.now()
    on = access.school_day(now, person).isoformat()
    page = feed_of(person_id=person.pk, school_id=person.school_id, on=on, now=now, **wanted)
    waiting = [card.item_id for card in page.cards if not card.delivered]
    if waiting:
        Recipient.objects.filter(person_id=person.pk, item_id__in=waiting, delivered_at__isnull=True).update(
            delivered_at=now
        )
    return _body(page)
