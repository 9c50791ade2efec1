# ruff: noqa: S608  (what is put into the statements is this file's own text; every value is a parameter)
"""The core of every message: numbers and rows for any number of them in five statements.

It runs inside the caller's transaction: the hot writer's, or that of a job, an import or a test. The conversations are
locked in the order of their ids, so what is decided from their rows (is the membership still the one that was checked,
which number comes next, was this client key here before) holds until the commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from homeroom.kit.errors import NotVisible, Trouble
from homeroom.kit.ids import new_id

from . import access, log
from .models import Membership, Side
from .rows import fetched, rows_of
from .telling import Row


@dataclass(frozen=True, slots=True)
class Posting:
    """A message that was allowed under `membership_version` and is to be written."""

    conversation_id: int
    membership_version: int
    school_id: int
    author_id: int
    text: str
    client_key: UUID
    sent_at: datetime
    quoted_id: int | None = None
    has_files: bool = False
    cites_kind: str = ""  # what it cites, by its owner's word and id
    cites_uuid: UUID | None = None

    @property
    def key(self) -> tuple[int, int, UUID]:
        """What makes it the same message when it is sent again."""
        return self.conversation_id, self.author_id, self.client_key


@dataclass(frozen=True, slots=True)
class Written:
    """A message that is stored; `is_new` is False when the same client key had been here before."""

    id: int
    number: int
    is_new: bool
    conversation_uuid: UUID

    @property
    def waits(self) -> bool:
        """It has no number yet: a moderator reads it first."""
        return self.number == 0


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody has read a conversation up to a number."""

    conversation_id: int
    person_id: int
    number: int


Outcome = Written | Trouble


@dataclass(slots=True)
class _Locked:
    uuid: UUID
    last_number: int
    membership_version: int


def write(postings: Sequence[Posting]) -> list[Outcome]:
    """Write these messages in the running transaction; for each what became of it, in the same order.

    A message of somebody who has left since is refused alone (NotVisible); the others are written.
    """
    locked = _lock({posting.conversation_id for posting in postings})
    known = _known(postings)
    left = _left(postings, locked)
    outcomes: dict[tuple[int, int, UUID], Outcome] = {}
    new: dict[tuple[int, int], Posting] = {}  # (conversation id, number) → posting
    for posting in postings:
        here = locked.get(posting.conversation_id)
        if posting.key in outcomes:
            continue
        if here is None or (posting.conversation_id, posting.author_id) in left:
            outcomes[posting.key] = NotVisible()
        elif posting.key in known:
            outcomes[posting.key] = Written(*known[posting.key], False, here.uuid)
        else:
            here.last_number += 1
            new[posting.conversation_id, here.last_number] = posting
            outcomes[posting.key] = Written(0, here.last_number, True, here.uuid)
    if new:
        _count_up(new)
        uuids = {place: new_id() for place in new}
        inserted = _insert(new, uuids)
        for conversation_id, number, pk in inserted:
            outcomes[new[conversation_id, number].key] = Written(pk, number, True, locked[conversation_id].uuid)
        _mark_own_read(new)
        log.said([_row(pk, number, new[place, number], uuids[place, number]) for place, number, pk in inserted])
    return [outcomes[posting.key] for posting in postings]


New = Mapping[tuple[int, int], Posting]


def _row(pk: int, number: int, posting: Posting, uuid: UUID) -> Row:
    """What the gateway would read of this message, so that it need not."""
    return Row(
        posting.conversation_id, number, 0, pk, uuid, posting.author_id, posting.text, posting.quoted_id,
        posting.client_key, posting.has_files, posting.cites_kind, posting.sent_at, None, None, None, "",
    )  # fmt: skip


def _uuids(values: Iterable[UUID]) -> list[str]:
    return [str(value) for value in values] if connection.vendor == "postgresql" else [value.hex for value in values]


def _cited(values: Iterable[UUID | None]) -> list[str | None]:
    as_text = str if connection.vendor == "postgresql" else _hex
    return [None if value is None else as_text(value) for value in values]


def _hex(value: UUID) -> str:
    return value.hex


def _instants(values: Iterable[datetime]) -> list[Any]:
    if connection.vendor == "postgresql":
        return list(values)
    adapt = connection.ops.adapt_datetimefield_value  # looked up once: a thread's connection costs more than the call
    return [adapt(value) for value in values]


def _lock(ids: Iterable[int]) -> dict[int, _Locked]:
    given, values = rows_of(("bigint", sorted(ids)))
    # SQLite's transaction is the only writer already.
    lock = " ORDER BY id FOR UPDATE" if connection.vendor == "postgresql" else ""
    rows = fetched(
        "id, uuid, last_number, membership_version",
        f"FROM conversations_conversation WHERE id IN (SELECT c0 FROM {given}){lock}",
        values,
    )
    return {
        pk: _Locked(uuid if isinstance(uuid, UUID) else UUID(uuid), last_number, version)
        for pk, uuid, last_number, version in rows
    }


def _known(postings: Sequence[Posting]) -> dict[tuple[int, int, UUID], tuple[int, int]]:
    """Those of these messages that are stored already: id and number."""
    given, values = rows_of(
        ("bigint", [posting.conversation_id for posting in postings]),
        ("bigint", [posting.author_id for posting in postings]),
        ("uuid", _uuids(posting.client_key for posting in postings)),
    )
    rows = fetched(
        "m.conversation_id, m.author_id, m.client_key, m.id, m.number",
        f"FROM {given} JOIN conversations_message m"
        " ON m.conversation_id = c0 AND m.author_id = c1 AND m.client_key = c2",
        values,
    )
    return {
        (conversation_id, author_id, key if isinstance(key, UUID) else UUID(key)): (pk, number)
        for conversation_id, author_id, key, pk, number in rows
    }


def _left(postings: Sequence[Posting], locked: Mapping[int, _Locked]) -> set[tuple[int, int]]:
    """Who may no longer write, among those whose conversation changed its members since they were checked."""
    moved = {
        (posting.conversation_id, posting.author_id): posting.sent_at
        for posting in postings
        if posting.conversation_id in locked
        and locked[posting.conversation_id].membership_version != posting.membership_version
    }
    if not moved:
        return set()
    still = Membership.objects.filter(
        access.holding(max(moved.values())),
        Q(muted_until__isnull=True) | Q(muted_until__lte=max(moved.values())),
        can_speak=True,
        conversation_id__in={conversation_id for conversation_id, _author in moved},
        person_id__in={author_id for _conversation, author_id in moved},
    ).exclude(conversation__read_first=True, side=Side.FAMILY)  # a moderator reads it first
    return moved.keys() - set(still.values_list("conversation_id", "person_id"))


def _count_up(new: New) -> None:
    last: dict[int, tuple[int, datetime]] = {}
    for (conversation_id, number), posting in new.items():
        _number, sent_at = last.get(conversation_id, (0, posting.sent_at))
        last[conversation_id] = number, max(sent_at, posting.sent_at)
    given, values = rows_of(
        ("bigint", last),
        ("bigint", [number for number, _sent_at in last.values()]),
        ("timestamptz", _instants(sent_at for _number, sent_at in last.values())),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE conversations_conversation SET last_number = given.c1, last_message_at = given.c2"
            f" FROM {given} WHERE conversations_conversation.id = given.c0",
            values,
        )


def _insert(new: New, uuids: Mapping[tuple[int, int], UUID]) -> list[tuple[int, int, int]]:
    given, values = rows_of(
        ("uuid", _uuids(uuids[place] for place in new)),
        ("bigint", [posting.school_id for posting in new.values()]),
        ("bigint", [conversation_id for conversation_id, _number in new]),
        ("bigint", [number for _conversation_id, number in new]),
        ("bigint", [posting.author_id for posting in new.values()]),
        ("text", [posting.text for posting in new.values()]),
        ("bigint", [posting.quoted_id for posting in new.values()]),
        ("uuid", _uuids(posting.client_key for posting in new.values())),
        ("boolean", [posting.has_files for posting in new.values()]),
        ("timestamptz", _instants(posting.sent_at for posting in new.values())),
        ("text", [posting.cites_kind for posting in new.values()]),
        ("uuid", _cited(posting.cites_uuid for posting in new.values())),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO conversations_message (uuid, school_id, conversation_id, number, author_id, text, quoted_id,"
            " client_key, has_files, sent_at, cites_kind, cites_uuid, changed_number, withdrawn_reason)"
            f" SELECT c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, 0, '' FROM {given}"
            f"{' RETURNING conversation_id, number, id' if connection.vendor == 'postgresql' else ''}",
            values,
        )
        if connection.vendor == "postgresql":
            return [(int(conversation_id), int(number), int(pk)) for conversation_id, number, pk in cursor.fetchall()]
        # One writer, and AUTOINCREMENT: the rows of one statement have ids that follow each other, in the order given.
        first = cursor.lastrowid - len(new) + 1
        return [(conversation_id, number, first + at) for at, (conversation_id, number) in enumerate(new)]


def _mark_own_read(new: New) -> None:
    """Whoever writes has read up to there."""
    last: dict[tuple[int, int], int] = {}
    for (conversation_id, number), posting in new.items():
        last[conversation_id, posting.author_id] = number
    given, values = rows_of(
        ("bigint", [conversation_id for conversation_id, _author in last]),
        ("bigint", [author_id for _conversation, author_id in last]),
        ("bigint", last.values()),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE conversations_membership SET read_number = given.c2 FROM {given}"
            " WHERE conversation_id = given.c0 AND person_id = given.c1 AND left_at IS NULL"
            " AND read_number < given.c2",
            values,
        )


def mark(marks: Sequence[Mark]) -> list[Mark]:
    """Enter in the running transaction how far these people have read; returns where that moved.

    Never backwards, never beyond the newest, and only while somebody is a member. One statement.
    """
    furthest: dict[tuple[int, int], int] = {}
    for one in marks:
        place = one.conversation_id, one.person_id
        furthest[place] = max(one.number, furthest.get(place, 0))
    given, values = rows_of(
        ("bigint", [conversation_id for conversation_id, _person in furthest]),
        ("bigint", [person_id for _conversation, person_id in furthest]),
        ("bigint", furthest.values()),
    )
    least = "LEAST" if connection.vendor == "postgresql" else "min"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE conversations_membership SET read_number = {least}(given.c2, c.last_number)"
            f" FROM {given} JOIN conversations_conversation c ON c.id = given.c0"
            " WHERE conversation_id = given.c0 AND person_id = given.c1 AND left_at IS NULL"
            f" AND read_number < {least}(given.c2, c.last_number)"
            " RETURNING conversation_id, person_id, read_number",
            values,
        )
        return [Mark(*row) for row in cursor.fetchall()]
