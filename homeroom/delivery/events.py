"""What delivery announces. A person's own acts go to that person's stream, so every device of theirs hears of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from homeroom.eventlog.public import Event

Pairs = tuple[tuple[int, int], ...]  # (person, about: the student or 0)


@dataclass(frozen=True, kw_only=True)
class OfPeople(Event):
    """An event about an item in the streams of some of its people."""

    item_id: int
    _pairs: Pairs = ()

    def streams(self) -> Iterable[tuple[str, int]]:
        return ((f"p{person_id}", about) for person_id, about in self._pairs)


@dataclass(frozen=True, kw_only=True)
class ItemSent(OfPeople):
    """An item reached its people's inboxes. Copies that wait for a digest are announced when they surface."""

    name: ClassVar[str] = "delivery.item_sent"


@dataclass(frozen=True, kw_only=True)
class ItemSurfaced(OfPeople):
    """A digest came, or a snooze ended: the item shows again as new."""

    name: ClassVar[str] = "delivery.item_surfaced"


@dataclass(frozen=True, kw_only=True)
class ItemRead(OfPeople):
    name: ClassVar[str] = "delivery.item_read"


@dataclass(frozen=True, kw_only=True)
class ItemDone(OfPeople):
    """Somebody did what was asked. Also in the streams of those for whom it settled the child."""

    name: ClassVar[str] = "delivery.item_done"
    person_id: int
    student_ids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ItemReplied(OfPeople):
    """A line was written between a family member and the staff."""

    name: ClassVar[str] = "delivery.item_replied"
    reply_id: int
    author_id: int


@dataclass(frozen=True, kw_only=True)
class ItemSnoozed(OfPeople):
    name: ClassVar[str] = "delivery.item_snoozed"


@dataclass(frozen=True, kw_only=True)
class RemindersQueued(OfPeople):
    """These people are reminded now: in the app by this event, outside by dispatches."""

    name: ClassVar[str] = "delivery.reminders_queued"
    person_ids: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class ItemRecalled(OfPeople):
    name: ClassVar[str] = "delivery.item_recalled"


@dataclass(frozen=True, kw_only=True)
class ItemCorrected(OfPeople):
    name: ClassVar[str] = "delivery.item_corrected"
    text_version: int


@dataclass(frozen=True, kw_only=True)
class ItemClosed(Event):
    """The deadline passed and the sender got the report."""

    name: ClassVar[str] = "delivery.item_closed"
    item_id: int
