"""What a question was asked about, as a card: each viewer sees it by their own rights, or only that there is one.

Other modules enter their kinds in `site/reactions.py`; what they give only has to look like a `Card`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.delivery.public import Item, can_follow, can_see
from homeroom.people.models import Person

from .models import Question


class Cited(Protocol):
    """What is cited, for one viewer. `hidden` says only that there is something: they may not see it, or it is gone.

    What a family wrote themselves can be turned into a question: then `author_id` is who wrote it, and `text`, `files`
    and `student` (its uuid, where it is about one) go along.
    """

    @property
    def label(self) -> str | Promise: ...
    @property
    def title(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def link(self) -> str: ...
    @property
    def hidden(self) -> bool: ...
    @property
    def author_id(self) -> int | None: ...
    @property
    def text(self) -> str: ...
    @property
    def student(self) -> UUID | None: ...
    @property
    def files(self) -> tuple[UUID, ...]: ...


@dataclass(frozen=True, slots=True)
class Card:
    """Something cited that carries nothing along."""

    label: str | Promise
    title: str = ""
    note: str = ""
    link: str = ""
    author_id: int | None = None
    text: str = ""
    student: UUID | None = None
    files: tuple[UUID, ...] = ()

    @property
    def hidden(self) -> bool:
        return not self.title


MakeCard = Callable[[UUID, Person], Cited]
_kinds: dict[str, MakeCard] = {}


def register_about(kind: str, make: MakeCard) -> None:
    """Let questions be asked about things of `kind`: `make(uuid, viewer)` is their card."""
    _kinds[kind] = make


def parse(text: str) -> tuple[str, UUID | None]:
    """`item:<uuid>` of an address; nothing for what is not known."""
    kind, _colon, value = text.partition(":")
    try:
        return (kind, UUID(value)) if kind in _kinds else ("", None)
    except ValueError:
        return "", None


def card_for(kind: str, uuid: UUID | None, viewer: Person) -> Cited | None:
    """The card of what is cited; None when nothing is."""
    make = _kinds.get(kind)
    return make(uuid, viewer) if make is not None and uuid is not None else None


def card_of(question: Question, viewer: Person) -> Cited | None:
    return card_for(question.about_kind, question.about_uuid, viewer)


def _item(uuid: UUID, viewer: Person) -> Card:
    label = _("A message of the school")
    item = Item.objects.filter(uuid=uuid, school_id=viewer.school_id, recalled_at__isnull=True).first()
    if item is None:
        return Card(label)
    if can_see(viewer, item, now=timezone.now()):
        return Card(label, item.title, item.sender_label, f"/feed/items/{item.uuid}/")
    if viewer.current_roles and can_follow(viewer, item):
        return Card(label, item.title, item.sender_label, f"/feed/sent/{item.uuid}/")
    return Card(label)


register_about("item", _item)


def ask_about_item(person: Person, item: Item) -> tuple[str | Promise, str] | None:
    """The way on from an item's page; nobody asks about a question."""
    if item.kind.startswith("question"):
        return None
    return _("Ask about this"), f"{reverse('questions:ask')}?about=item:{item.uuid}"
