"""A message as a frame: all that a page needs to show it, the same for everybody who may hear it.

Nothing here may depend on who reads. What does (a quote from a conversation that not all members can read, a card that
honours each viewer's rights, a recording) is left out, and `ask` tells the page to fetch this one message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db.models import Max

from homeroom.files import public as files_of
from homeroom.realtime.public import event_tail

from . import markup
from .faces import Face, faces
from .models import Membership, Message, MessageRevision, Reaction

OWNER = "message"
NAME = "conversations.message"
SOUND = "sound"  # a recording is shown with its player and its transcript: the page fetches it

COLUMNS = (
    "conversation_id", "number", "changed_number", "id", "uuid", "author_id", "text", "quoted_id", "client_key",
    "has_files", "cites_kind", "sent_at", "edited_at", "withdrawn_at", "withdrawn_by_id", "withdrawn_reason",
)  # fmt: skip


class Row(NamedTuple):
    """A message as it is read for telling; the order is that of COLUMNS."""

    conversation_id: int
    number: int
    changed_number: int
    id: int
    uuid: Any
    author_id: int
    text: str
    quoted_id: int | None
    client_key: Any
    has_files: bool
    cites_kind: str
    sent_at: datetime
    edited_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_by_id: int | None
    withdrawn_reason: str


class Told(msgspec.Struct, omit_defaults=True):
    """What the frame says of a message; docs/contract/conversations.md."""

    id: str
    n: int
    by: str
    key: str
    side: str
    who: msgspec.Raw
    day: str
    clock: str
    html: str = ""
    line: str = ""
    ask: bool = False
    quote: dict[str, Any] | None = None
    files: list[dict[str, Any]] | None = None
    signs: list[dict[str, Any]] | None = None
    former: list[list[str]] | None = None
    gone: dict[str, Any] | None = None


def tails(rows: Sequence[Row]) -> list[bytes]:
    """The shared bytes of each of these messages, in their order."""
    if not rows:
        return []
    extras = _Extras(rows)
    known = faces({(row.conversation_id, person_id) for row in rows for person_id in extras.persons(row)})
    return [_tail(row, known, extras) for row in rows]


def _tail(row: Row, known: dict[tuple[int, int], Face], extras: _Extras) -> bytes:
    author = known[row.conversation_id, row.author_id]
    sent_at = row.sent_at if row.sent_at.tzinfo else row.sent_at.replace(tzinfo=UTC)
    local = sent_at.astimezone(author.zone)
    told = Told(
        id=_uuid(row.uuid),
        n=row.number,
        by=author.uuid,
        key=_uuid(row.client_key),
        side=author.side,
        who=author.who,
        day=f"{local:%Y-%m-%d}",
        clock=f"{local:%H:%M}",
    )
    if row.withdrawn_at is not None:
        by = known.get((row.conversation_id, row.withdrawn_by_id or 0))
        told.gone = {
            "who": by.who if by else author.who, "own": row.withdrawn_by_id == row.author_id,
            "reason": row.withdrawn_reason,
        }  # fmt: skip
    else:
        told.html = markup.escaped(row.text)
        told.line = markup.one_line(row.text)
        extras.add_to(told, row, known)
    return event_tail(NAME, sent_at, told)


def _uuid(value: Any) -> str:
    return str(value if isinstance(value, UUID) else UUID(value))


class _Extras:
    """What hangs on some messages: read only where there is any."""

    def __init__(self, rows: Sequence[Row]) -> None:
        there = [row for row in rows if row.withdrawn_at is None]
        with_files = [row.id for row in there if row.has_files]
        self._files: dict[int, list[Any]] = files_of.attached(OWNER, with_files) if with_files else {}
        self._signs = self._reactions([row.id for row in there if row.changed_number])
        self._former = self._revisions([row.id for row in there if row.edited_at is not None])
        self._quoted = self._originals({row.quoted_id for row in there if row.quoted_id is not None})
        self._floors = self._highest_floors({row.conversation_id for row in there if row.quoted_id is not None})

    @staticmethod
    def _reactions(ids: Collection[int]) -> dict[int, list[tuple[str, int]]]:
        found: dict[int, list[tuple[str, int]]] = defaultdict(list)
        if ids:
            signs = Reaction.objects.filter(message_id__in=ids).order_by("pk")
            for message_id, kind, person_id in signs.values_list("message_id", "kind", "person_id"):
                found[message_id].append((kind, person_id))
        return found

    @staticmethod
    def _revisions(ids: Collection[int]) -> dict[int, list[tuple[str, datetime]]]:
        found: dict[int, list[tuple[str, datetime]]] = defaultdict(list)
        if ids:
            former = MessageRevision.objects.filter(message_id__in=ids)
            for message_id, text, at in former.values_list("message_id", "text", "replaced_at"):
                found[message_id].append((text, at))
        return found

    @staticmethod
    def _originals(ids: Collection[int]) -> dict[int, Message]:
        return Message.objects.in_bulk(ids) if ids else {}

    @staticmethod
    def _highest_floors(conversation_ids: Collection[int]) -> dict[int, int]:
        """conversation → the number above which every present member can read."""
        if not conversation_ids:
            return {}
        present = Membership.objects.filter(conversation_id__in=conversation_ids, left_at__isnull=True)
        floors = present.values_list("conversation_id").annotate(Max("since_number"))
        return dict(floors)

    def persons(self, row: Row) -> Iterable[int]:
        """Whose labels the message shows."""
        yield row.author_id
        if row.withdrawn_by_id is not None:
            yield row.withdrawn_by_id
        for _kind, person_id in self._signs.get(row.id, ()):
            yield person_id
        original = self._quoted.get(row.quoted_id or 0)
        if original is not None and original.conversation_id == row.conversation_id:
            yield original.author_id

    def add_to(self, told: Told, row: Row, known: dict[tuple[int, int], Face]) -> None:
        told.ask = bool(row.cites_kind)
        if row.quoted_id is not None:
            self._quote(told, row, known)
        if row.has_files:
            shown = self._files.get(row.id, [])
            told.files = [_file(one) for one in shown]
            told.ask = told.ask or any(one.kind == SOUND for one in shown)
        if signs := self._signs.get(row.id):
            by_kind: dict[str, list[Face]] = defaultdict(list)
            for kind, person_id in signs:
                by_kind[kind].append(known[row.conversation_id, person_id])
            told.signs = [
                {"kind": kind, "by": [face.uuid for face in by_kind[kind]], "who": [f.who for f in by_kind[kind][:10]]}
                for kind in Reaction.Kind.values
                if kind in by_kind
            ]
        if former := self._former.get(row.id):
            zone = known[row.conversation_id, row.author_id].zone
            told.former = [[f"{at.astimezone(zone):%H:%M}", markup.escaped(text)] for text, at in former]

    def _quote(self, told: Told, row: Row, known: dict[tuple[int, int], Face]) -> None:
        original = self._quoted.get(row.quoted_id or 0)
        for_all = (
            original is not None
            and original.conversation_id == row.conversation_id
            and original.number > self._floors.get(row.conversation_id, 0)
        )
        if original is None or not for_all:
            told.ask = True
            return
        told.quote = {"n": original.number, "who": known[row.conversation_id, original.author_id].who}
        if original.withdrawn_at is None:
            told.quote["line"] = markup.one_line(original.text)


def _file(shown: Any) -> dict[str, Any]:
    made = {"url": shown.url, "name": shown.name, "size": str(shown.human_size)}
    if shown.is_picture:
        made |= {"picture": shown.thumbnail_url, "width": shown.width or 160, "height": shown.height or 120}
    return made
