"""Talking about something of the school: from its page to the thread with the right teacher, the card at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.delivery.public import Item, LiveCard, live_cards, parse_cited
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Person, Role
from homeroom.people.public import children_of
from homeroom.school.public import module_is_on

from . import roster
from .services.posting import Cited


@dataclass(frozen=True, slots=True)
class About:
    """What somebody wants to talk about: as an address carries it, and as they see it."""

    word: str
    cited: Cited
    card: LiveCard


def cited_or_none(text: str) -> Cited | None:
    """What a form or an address cites. Raises NotVisible for what cannot be cited."""
    if not text:
        return None
    cited = parse_cited(text)
    if cited is None:
        raise NotVisible
    return cited


def about(text: str, viewer: Person) -> About | None:
    """What an address cites, when the viewer may open it; a page goes on without it otherwise."""
    cited = parse_cited(text) if text else None
    if cited is None:
        return None
    card = live_cards([cited], viewer)[cited]
    return None if card.hidden else About(f"{cited[0]}:{cited[1]}", cited, card)


def talk_about_item(person: Person, item: Item) -> tuple[str | Promise, str] | None:
    """Entered at delivery: from a family's copy to the teacher who sent it. Questions have their own page for that."""
    if item.kind.startswith("question") or not module_is_on(person.school_id, "conversations"):
        return None
    if not any(child.sees_records for child in children_of(person)):
        return None
    return _("Talk about this"), f"{reverse('conversations:new')}?cites=item:{item.uuid}"


def talk_about_sent(person: Person, item: Item) -> tuple[str | Promise, str] | None:
    """Entered at delivery: from a page that follows an item to the family of one pupil."""
    teaches = any(role.kind in roster.TEACHING for role in person.current_roles)
    if not teaches or not module_is_on(person.school_id, "conversations"):
        return None
    return _("Talk about this with a family"), f"{reverse('conversations:new')}?cites=item:{item.uuid}"


def nearest_first(teachers: dict[int, list[Role]], child_id: int, topic: About | None) -> tuple[list[int], int | None]:
    """The child's teachers, and whom of them to talk to: whoever sent what is talked about comes first."""
    order = list(teachers)
    if topic is None or topic.card.sender_id not in teachers:
        return order, None
    if topic.card.student_ids and child_id not in topic.card.student_ids:
        return order, None
    order.sort(key=lambda pk: pk != topic.card.sender_id)
    return order, topic.card.sender_id


def with_topic(address: str, given: dict[str, Any]) -> str:
    """`address` of a thread with what the message is to quote or cite, at the place to write."""
    words = "&".join(f"{name}={value}" for name, value in given.items() if value)
    return f"{address}?{words}#write" if words else f"{address}#write"
