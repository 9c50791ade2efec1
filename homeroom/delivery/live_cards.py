"""Live cards: a thing of any module cited elsewhere, shown to each viewer as it is now and by their own rights.

A citation is the owner's word and an id. Nothing else of the thing is stored with whoever cites it, so a correction, a
recall or a right that ended shows at once. Owners enter their kind in `site/reactions.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.people.models import Person


@dataclass(frozen=True, slots=True)
class LiveCard:
    """A cited thing for one viewer; `hidden` tells only that there is one: they may not open it, or it is gone."""

    label: str | Promise  # what kind of thing it is
    title: str = ""
    note: str = ""
    link: str = ""
    icon: str = "note"
    sender_id: int | None = None  # whom to talk to about it
    student_ids: tuple[int, ...] = ()  # the viewer's children it is about

    @property
    def hidden(self) -> bool:
        return not self.title


class MakeCards(Protocol):
    """The cards of all these things that `viewer` may see, in a number of statements that does not grow with them."""

    def __call__(self, ids: Collection[UUID], viewer: Person) -> Mapping[UUID, LiveCard]: ...


UNKNOWN = LiveCard(_("An item you cannot open"), icon="lock")
_kinds: dict[str, MakeCards] = {}
Cited = tuple[str, UUID]


def register_cards(kind: str, make: MakeCards) -> None:
    """Let things of `kind` be cited."""
    _kinds[kind] = make


def parse_cited(text: str) -> Cited | None:
    """`notice:<uuid>` as an address or a form carries it; None for what cannot be cited."""
    kind, _colon, value = text.partition(":")
    try:
        return (kind, UUID(value)) if kind in _kinds else None
    except ValueError:
        return None


def live_cards(cited: Iterable[Cited], viewer: Person) -> dict[Cited, LiveCard]:
    """The card of each for this viewer: one call of the registry a kind, whatever their number."""
    ids: dict[str, set[UUID]] = defaultdict(set)
    for kind, uuid in cited:
        ids[kind].add(uuid)
    found: dict[Cited, LiveCard] = {}
    for kind, uuids in ids.items():
        make = _kinds.get(kind)
        cards = make(uuids, viewer) if make is not None else {}
        for uuid in uuids:
            found[kind, uuid] = cards.get(uuid, UNKNOWN)
    return found
