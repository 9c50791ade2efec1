"""Messages as a log of the gateway: `c12` is what is said in conversation 12, `x12` what changed in what was said.

The number in `c12` is the message's own. In `x12` it is the conversation's count of changes, where only the newest
change of each message is told: numbers have gaps there.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, Max
from django.utils import timezone

from homeroom.eventlog.public import StreamState
from homeroom.realtime.public import Heard, LogEntry, wake_log

from . import access
from .events import MessageChanged
from .models import Membership, Message
from .rows import fetched, rows_of
from .telling import COLUMNS, Row, tails

SAID, MOVED = "c", "x"
RECENT_AT_MOST = 5_000
MOVED_BY = {MessageChanged.name: "conversation_id"}


def stream(conversation_id: int) -> str:
    """The stream of what is said in a conversation."""
    return f"{SAID}{conversation_id}"


def said(rows: Sequence[Row]) -> None:
    """These messages are being written; inside the transaction. Once they are, the gateway need not read them again."""
    transaction.on_commit(partial(_keep, rows), robust=True)
    wake_log(list({stream(row.conversation_id) for row in rows}))


_recent: OrderedDict[tuple[int, int], Row] = OrderedDict()  # (conversation, number) → what this process wrote lately
_guard = threading.Lock()


def _keep(rows: Sequence[Row]) -> None:
    with _guard:
        _recent.update({(row.conversation_id, row.number): row for row in rows})
        while len(_recent) > RECENT_AT_MOST:
            _recent.popitem(last=False)


def _kept(conversation_id: int, after: int) -> list[Row]:
    """What directly follows a number, as far as it is kept."""
    rows = []
    while (row := _recent.get((conversation_id, after + 1))) is not None:
        rows.append(row)
        after += 1
    return rows


class Messages:
    """The table of messages, as the gateway reads it."""

    def last_place(self) -> int:
        return Message.objects.aggregate(Max("pk"))["pk__max"] or 0

    def moved_after(self, place: int, limit: int) -> tuple[int, Collection[str]]:
        rows = fetched(  # asked fifty times a second
            "id, conversation_id",
            "FROM (SELECT id, conversation_id FROM conversations_message WHERE id > %s ORDER BY id LIMIT %s)",
            [place, limit],
        )
        return (rows[-1][0] if rows else place), {stream(conversation_id) for _pk, conversation_id in rows}

    def stream_states(self, streams: Collection[str]) -> Mapping[str, StreamState]:
        ids = {int(key[1:]) for key in streams}
        given, values = rows_of(("bigint", ids))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, last_number, last_change FROM conversations_conversation"  # noqa: S608
                f" WHERE id IN (SELECT c0 FROM {given})",
                values,
            )
            numbers = {pk: (last, change) for pk, last, change in cursor.fetchall()}
        return {key: StreamState(numbers.get(int(key[1:]), (0, 0))[key[0] == MOVED]) for key in streams}

    def read_streams(self, after: Mapping[str, int], limit: int, *, fresh: bool = False) -> Sequence[LogEntry]:
        said = [(int(key[1:]), number) for key, number in after.items() if key[0] == SAID]
        moved = [(int(key[1:]), number) for key, number in after.items() if key[0] == MOVED]
        rows: list[tuple[str, Row]] = []
        if fresh:
            kept = {pk: _kept(pk, number) for pk, number in said}
            rows += [(SAID, row) for found in kept.values() for row in found]
            said = [(pk, number) for pk, number in said if not kept[pk]]
        rows += [(SAID, row) for row in _read("number", said, limit)]
        rows += [(MOVED, row) for row in _read("changed_number", moved, limit)]
        return [
            LogEntry(f"{letter}{row.conversation_id}", *_numbers(letter, row), tail)
            for (letter, row), tail in zip(rows, tails([row for _letter, row in rows]), strict=True)
        ]

    def streams_of(self, person_ids: Collection[int]) -> Sequence[tuple[str, Heard]]:
        places = Membership.objects.filter(
            access.holding(timezone.now()),
            ~Exists(access.switched_off("conversation__school_id")),
            person_id__in=list(person_ids),
        )
        return [
            (f"{letter}{conversation_id}", Heard(person_id, floor, None if ends_at is None else ends_at.timestamp()))
            for conversation_id, person_id, floor, ends_at in places.values_list(
                "conversation_id", "person_id", "since_number", "ends_at"
            )
            for letter in (SAID, MOVED)
        ]


def _numbers(letter: str, row: Row) -> tuple[int, int]:
    """(number in the stream, what it is about): a change is about the number of the message that changed."""
    return (row.number, 0) if letter == SAID else (row.changed_number, row.number)


def _read(column: str, after: Sequence[tuple[int, int]], limit: int) -> list[Row]:
    if not after:
        return []
    given, values = rows_of(("bigint", [pk for pk, _number in after]), ("bigint", [number for _pk, number in after]))
    columns = ", ".join(f"m.{name}" for name in COLUMNS)
    parameters: list[Any] = [*values, limit]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {given} JOIN conversations_message m ON m.conversation_id = c0"  # noqa: S608
            f" AND m.{column} > c1 AND m.{column} <= c1 + %s AND m.{column} > 0"
            f" ORDER BY m.conversation_id, m.{column}",
            parameters,
        )
        return [Row(*row) for row in cursor.fetchall()]
