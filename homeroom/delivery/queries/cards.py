"""Cards: an item as one person sees it, put together from the rows of their copies."""

# ruff: noqa: S608  (only constant names are put together; every value is a parameter)
from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from homeroom.delivery.sql import at, moment


class Chip(msgspec.Struct, frozen=True):
    """A child on a card, and what is still asked for them."""

    student_id: int
    uuid: str
    name: str
    asks: bool
    done_at: datetime | None
    settled_at: datetime | None


class Card(msgspec.Struct, frozen=True):
    """An item as one person's feed shows it: one card, however many children it is about."""

    item_id: int
    uuid: str
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
    household_rule: str
    text_version: int
    deadline_at: datetime | None
    sent_at: datetime
    surfaces_at: datetime
    recalled_at: datetime | None
    recall_reason: str
    read_at: datetime | None
    confirmed_at: datetime | None
    signed_at: datetime | None
    replied_at: datetime | None
    done_at: datetime | None
    delivered: bool
    muted: bool
    snoozed_until: datetime | None
    snooze_reason: str
    reminded_at: datetime | None
    children: list[Chip]
    asks: bool  # whether anything is still asked of this person
    settled: bool  # somebody did it, by the household rule

    @property
    def is_new(self) -> bool:
        return self.read_at is None and not self.muted

    @property
    def link_or_page(self) -> str:
        return self.link or f"/feed/items/{self.uuid}/"


class FeedPage(msgspec.Struct, frozen=True):
    """A page of cards; `next` continues after the last one, None at the end."""

    cards: list[Card]
    next: str | None = None


# A guardian sees what is about children they answer for today: an edge that ended or was barred takes the cards along.
MINE = (
    "mine (student_id) AS ("
    "SELECT edge.student_id FROM people_guardianship AS edge WHERE edge.school_id = %s AND edge.guardian_id = %s"
    " AND edge.restriction <> 'no_contact' AND (edge.starts_on IS NULL OR edge.starts_on <= %s)"
    " AND (edge.ends_on IS NULL OR edge.ends_on >= %s)"
    " UNION SELECT lender.student_id FROM people_delegation AS lent JOIN people_guardianship AS lender"
    " ON lender.id = lent.guardianship_id WHERE lent.delegate_id = %s AND lent.revoked_at IS NULL"
    " AND lent.starts_on <= %s AND lent.ends_on >= %s AND lender.restriction <> 'no_contact'"
    " AND (lender.starts_on IS NULL OR lender.starts_on <= %s) AND (lender.ends_on IS NULL OR lender.ends_on >= %s))"
)
VISIBLE = "(r.student_id IS NULL OR r.student_id IN (SELECT student_id FROM mine))"
CARD = (
    f"SELECT page.seen, {at('page.surfaces_at')}, i.id, i.uuid, i.kind, i.title, i.lead, i.sender_label, i.link,"
    " i.action_label, i.extras, i.level, i.priority, i.category, i.household_rule, i.text_version,"
    f" {at('i.deadline_at')}, {at('i.sent_at')}, {at('i.recalled_at')}, i.recall_reason,"
    f" {at('r.read_at')}, {at('r.confirmed_at')}, {at('r.signed_at')}, {at('r.replied_at')}, {at('r.done_at')},"
    f" {at('r.delivered_at')}, r.muted, {at('r.snoozed_until')}, r.snooze_reason, {at('r.reminded_at')},"
    f" r.student_id, r.asks, {at('r.settled_at')}, child.uuid, child.name"
    " FROM page JOIN delivery_item AS i ON i.id = page.item_id"
    " JOIN delivery_recipient AS r ON r.item_id = page.item_id AND r.person_id = %s AND "
    + VISIBLE
    + " LEFT JOIN people_person AS child ON child.id = r.student_id"
)


def mine_for(school_id: int, person_id: int, on: str) -> list[Any]:
    return [school_id, person_id, on, on, person_id, on, on, on, on]


def dashed(value: Any) -> str:
    text = str(value)
    return text if "-" in text else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def cards_in(rows: Sequence[Sequence[Any]]) -> list[Card]:
    """Rows of CARD, grouped: one card for all rows of an item."""
    grouped: dict[int, list[Sequence[Any]]] = {}
    for row in rows:
        grouped.setdefault(row[2], []).append(row)
    cards = []
    for same in grouped.values():
        row = same[0]
        children = [
            Chip(each[30], dashed(each[33]), each[34], bool(each[31]), moment(each[24]), moment(each[32]))
            for each in same
            if each[30] is not None
        ]
        recalled_at = moment(row[18])
        cards.append(
            Card(
                row[2],
                dashed(row[3]),
                row[4],
                row[5],
                "" if recalled_at else row[6],
                row[7],
                row[8],
                row[9],
                msgspec.json.decode(row[10]) if isinstance(row[10], str | bytes) else row[10],
                row[11],
                row[12],
                row[13],
                row[14],
                row[15],
                moment(row[16]),
                moment(row[17]) or _NEVER,
                moment(row[1]) or _NEVER,
                recalled_at,
                row[19],
                moment(row[20]),
                _latest(same, 21),
                _latest(same, 22),
                _latest(same, 23),
                _latest(same, 24),
                row[25] is not None,
                bool(row[26]),
                moment(row[27]),
                row[28],
                moment(row[29]),
                children,
                recalled_at is None and any(each[31] and each[32] is None for each in same),
                all(each[32] is not None for each in same),
            )
        )
    return cards


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def _latest(rows: Sequence[Sequence[Any]], column: int) -> datetime | None:
    if len(rows) == 1:
        return moment(rows[0][column])
    return max((found for row in rows if (found := moment(row[column])) is not None), default=None)
