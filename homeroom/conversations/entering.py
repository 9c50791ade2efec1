"""Entering what is said in search, behind the writer's back.

The writer does nothing for it. A job looks every second which conversations have numbers it has not entered, and what
is edited or withdrawn is entered anew in the transaction that changes it. How far a conversation was entered is stored,
so a job that is killed goes on there. Messages commit in another order than their ids were given, so the job looks
again at those of the last seconds, and at every conversation once an hour.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max

from homeroom.kit.jobs import stopping
from homeroom.search.public import Said, enter_passages, forget_passages

from .models import Conversation, Findable, Message

BATCH = 100  # messages in one transaction: the hot writer waits for it
LOOK_BACK = timedelta(seconds=10)
LOOK_AT_ALL = timedelta(hours=1)
BEHIND = (
    " FROM conversations_conversation c LEFT JOIN conversations_findable f ON f.conversation_id = c.id"
    " WHERE c.last_number > COALESCE(f.number, 0)"
)


class Tail:
    """What one process knows of where new messages lie; knowing nothing costs a look at every conversation."""

    def __init__(self) -> None:
        self._from: int | None = None  # ids up to this were there LOOK_BACK ago
        self._newest = 0
        self._noted_at = self._all_at = datetime.min.replace(tzinfo=UTC)

    def due(self, now: datetime) -> list[int]:
        """The conversations with messages that are not entered."""
        newest = Message.objects.aggregate(newest=Max("pk"))["newest"] or 0
        whole = self._from is None or newest < self._newest or now - self._all_at >= LOOK_AT_ALL
        with connection.cursor() as cursor:
            if whole:
                cursor.execute(f"SELECT c.id{BEHIND} ORDER BY c.id")
                self._from, self._newest, self._noted_at, self._all_at = newest, newest, now, now
            else:
                cursor.execute(
                    "SELECT c.id"  # noqa: S608  (this file's own text)
                    + BEHIND
                    + " AND c.id IN (SELECT conversation_id FROM conversations_message WHERE id > %s) ORDER BY c.id",
                    [self._from],
                )
            found = [int(row[0]) for row in cursor.fetchall()]
        if now - self._noted_at >= LOOK_BACK:
            self._from, self._newest, self._noted_at = self._newest, newest, now
        return found


def enter_new(tail: Tail, *, now: datetime) -> int:
    """Enter every message that is not yet; returns how many. What is left when the process stops stays due."""
    due = tail.due(now)
    count = 0
    for start in range(0, len(due), BATCH):
        while (entered := _enter(due[start : start + BATCH])) and not stopping():
            count += entered
    return count


@transaction.atomic
def _enter(ids: Collection[int]) -> int:
    """The next messages of these conversations. Locked in the order of ids: an edit meanwhile would be entered over."""
    locked = list(
        Conversation.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True)
    )
    if not locked:
        return 0
    holes = ", ".join(["%s"] * len(locked))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id FROM conversations_conversation c"  # noqa: S608  (the ids are parameters)
            " LEFT JOIN conversations_findable f ON f.conversation_id = c.id"
            " JOIN conversations_message m ON m.conversation_id = c.id AND m.number > COALESCE(f.number, 0)"
            f" WHERE c.id IN ({holes}) ORDER BY c.id, m.number LIMIT {BATCH}",
            locked,
        )
        messages = list(Message.objects.filter(pk__in=[row[0] for row in cursor.fetchall()]))
    _put(messages)
    upto: dict[int, int] = {}
    for message in messages:
        upto[message.conversation_id] = max(message.number, upto.get(message.conversation_id, 0))
    Findable.objects.bulk_create(
        [Findable(conversation_id=pk, number=number) for pk, number in upto.items()],
        update_conflicts=True, unique_fields=["conversation"], update_fields=["number"],
    )  # fmt: skip
    return len(messages)


def enter_again(message_ids: Iterable[int]) -> None:
    """What these messages say has changed, in this transaction, which has their conversations locked."""
    messages = list(Message.objects.filter(pk__in=list(message_ids)))
    forget_passages(message.pk for message in messages if message.withdrawn_at is not None)
    _put(messages)


def _put(messages: Iterable[Message]) -> None:
    enter_passages(
        Said(
            id=message.pk, school_id=message.school_id, place_id=message.conversation_id, position=message.number,
            author_id=message.author_id, said_at=message.sent_at, text=message.text,
        )
        for message in messages
        if message.withdrawn_at is None
    )  # fmt: skip
