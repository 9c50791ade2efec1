"""What hangs on a message and depends on who reads it: a cited thing, a handover, what a recording says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from homeroom.delivery.public import LiveCard, live_cards
from homeroom.people.models import Person
from homeroom.people.public import labels, staff_label

from .models import Handover, Message, Transcript

HANDOVER = "handover"  # what the line of a handover cites


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The line that tells a family who answers from now on; `goes_on` when that is in another thread."""

    leaving: str
    successor: str
    on: date
    goes_on: UUID | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording in writing."""

    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Extra:
    """What one message carries for one reader."""

    card: LiveCard | None = None
    handover: HandedOver | None = None
    spoken: Spoken | None = None


NOTHING = Extra()


def extras_of(messages: Sequence[Message], reader: Person, sounds: Sequence[int]) -> dict[int, Extra]:
    """message id → what it carries. Statements are made only for what is there, and one for any number of it."""
    there = [message for message in messages if message.withdrawn_at is None]
    cited = {(m.cites_kind, m.cites_uuid) for m in there if m.cites_kind and m.cites_uuid is not None}
    cards = live_cards([(kind, uuid) for kind, uuid in cited if uuid is not None], reader) if cited else {}
    handed = _handovers([m.pk for m in there if m.cites_kind == HANDOVER])
    spoken = _spoken(sounds)
    found = {}
    for message in there:
        card = cards.get((message.cites_kind, message.cites_uuid)) if message.cites_uuid is not None else None
        extra = Extra(card, handed.get(message.pk), spoken.get(message.pk))
        if extra != NOTHING:
            found[message.pk] = extra
    return found


def _handovers(ids: Sequence[int]) -> dict[int, HandedOver]:
    if not ids:
        return {}
    rows = Handover.objects.filter(message_id__in=ids).select_related("continued_in", "leaving", "successor")
    return {
        row.message_id: HandedOver(
            staff_label(row.leaving, ()),
            staff_label(row.successor, ()),
            row.on,
            row.continued_in.uuid if row.continued_in is not None else None,
        )
        for row in rows
        if row.message_id is not None
    }


def _spoken(ids: Sequence[int]) -> dict[int, Spoken]:
    if not ids:
        return {}
    rows = list(Transcript.objects.filter(message_id__in=ids))
    named = labels({row.transcribed_by_id for row in rows}) if rows else {}
    return {row.message_id: Spoken(row.text, named[row.transcribed_by_id], row.written_at) for row in rows}
