"""Conversations over the socket: what is entered at the gateway, and what clients do there.

The handlers run on the gateway's loop and ask no database: whether somebody may write is kept for a minute, together
with the membership version under which it was found. The writer compares that version inside its transaction and looks
members up again when it moved, so what is kept can only be too careful, never too generous.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from homeroom.kit.errors import Trouble
from homeroom.realtime.public import (
    USE_HTTP,
    Act,
    answer,
    done,
    on_source,
    refusal,
    register_act,
    register_greeting,
    register_log,
)  # fmt: skip
from homeroom.redlines.public import check, needs_a_look
from homeroom.school.public import module_is_on, uses
from homeroom.ui.public import register_page_end

from . import access, hints, presence
from .log import MOVED, MOVED_BY, SAID, Messages
from .models import Membership, Side
from .pace import Pace
from .services.posting import checked
from .writer import writer
from .writing import Mark, Outcome, Posting, Written

KEPT_FOR = 60.0  # seconds
PLACES_AT_MOST = 50_000

# Whether a text must be looked at by its service before it is sent, and so goes over HTTP: (school, text).
SCREENS: list[Callable[[int, str], bool]] = [needs_a_look]


class _Send(msgspec.Struct):
    to: str
    text: str


class _Read(msgspec.Struct):
    to: str
    n: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


_decode_send = msgspec.json.Decoder(_Send).decode
_decode_read = msgspec.json.Decoder(_Read).decode


@dataclass(frozen=True, slots=True)
class Place:
    """Whether somebody may write in a conversation, and under which membership version that was found."""

    school_id: int
    version: int
    may_speak: bool
    is_family: bool
    ends_at: datetime | None
    until: float


Pair = tuple[int, int]  # conversation, person
_Wanted = tuple[Act, Pair, _Send, UUID]

_places: dict[Pair, Place] = {}
_paces: list[Pace] = []


def wire() -> None:
    """Enter conversations at the gateway; called by the site."""
    register_log(SAID, Messages(), moves=MOVED, moved_by=MOVED_BY)
    register_greeting(hints.unread)
    register_act("conversations.send", send)
    register_act("conversations.read", read)
    register_act("conversations.here", presence.here)
    register_page_end(unread_count)
    # More than these, and the service looks at the rows: whether it was too fast, or whether nobody has answered yet.
    most = settings.CHAT_MESSAGES_A_MINUTE
    _paces[:] = [Pace(most=most, seconds=60), Pace(most=2 * most, seconds=3600)]


def unread_count(request: HttpRequest) -> str:
    """The element that keeps the count in the menu, where there is one."""
    person = getattr(request, "person", None)
    if person is None or not uses(person.school, "conversations"):
        return ""
    return format_html(
        '<unread-count data-module="conversations/unread-count" data-me="{}" hidden></unread-count>', person.uuid
    )


# --- sending


def send(acts: Sequence[Act]) -> Iterable[tuple[Act, str]]:
    """Begin to send these messages; the act's id is the client's key."""
    refused: list[tuple[Act, str]] = []
    known: list[_Wanted] = []
    unknown: list[_Wanted] = []
    now = time.monotonic()
    for act in acts:
        try:
            said, key = _decode_send(act.data), UUID(act.id)
            heard = act.identity.streams[said.to]
            pair = int(said.to[1:]), heard.person_id
        except (msgspec.DecodeError, KeyError, ValueError):
            refused.append((act, USE_HTTP))
            continue
        place = _places.get(pair)
        (known if place is not None and place.until > now else unknown).append((act, pair, said, key))
    if unknown:
        on_source(partial(_look_up_and_send, unknown))
    return [*refused, *_submit(known)]


def _submit(wanted: Sequence[_Wanted]) -> list[tuple[Act, str]]:
    """Hand what is allowed to the writer; returns the rest, each with why."""
    refused: list[tuple[Act, str]] = []
    allowed: list[tuple[Posting, Act]] = []
    now = timezone.now()
    for act, pair, said, key in wanted:
        place = _places.get(pair)
        posting = _posting(place, pair, said.text, key, now) if place is not None else None
        if posting is None:
            refused.append((act, USE_HTTP))
        else:
            allowed.append((posting, act))
    if allowed:
        writer().submit_all(allowed, _written)
    return refused


def _posting(place: Place, pair: Pair, text: str, key: UUID, now: datetime) -> Posting | None:
    """The message when it may go; None when its sender has to be told why not, or somebody has to look at it."""
    conversation_id, person_id = pair
    if not place.may_speak or (place.ends_at is not None and place.ends_at <= now):
        return None
    try:
        text = checked(text, ())
        _paces[0].count(conversation_id << 32 | person_id)
        if place.is_family:
            _paces[1].count(conversation_id << 32 | person_id)
    except Trouble:
        return None
    if any(needs_looking_at(place.school_id, text) for needs_looking_at in SCREENS):
        return None
    return Posting(conversation_id, place.version, place.school_id, person_id, text, key, now)


def _look_up_and_send(wanted: Sequence[_Wanted]) -> None:
    """On the source's thread: who may write where, by one query, then on."""
    pairs = {pair for _act, pair, _said, _key in wanted}
    if len(_places) > PLACES_AT_MOST:
        _places.clear()
    for pair in pairs:
        _places.pop(pair, None)
    _places.update(_looked_up(pairs))
    if refused := _submit(wanted):
        answer((act.connection, refusal(act.id, why)) for act, why in refused)


def _looked_up(pairs: Iterable[Pair]) -> dict[Pair, Place]:
    conversations, persons = ({pair[at] for pair in pairs} for at in (0, 1))
    rows = Membership.objects.filter(
        access.holding(timezone.now()), conversation_id__in=conversations, person_id__in=persons
    )
    until = time.monotonic() + KEPT_FOR
    found = {}
    on: dict[int, bool] = {}
    waits = Q(conversation__read_first=True, side=Side.FAMILY)  # a moderator reads it first
    free = rows.exclude(waits).filter(Q(muted_until__isnull=True) | Q(muted_until__lte=timezone.now()))
    for conversation_id, person_id, may_speak, ends_at, side, school_id, version in free.values_list(
        "conversation_id", "person_id", "can_speak", "ends_at", "side",
        "conversation__school_id", "conversation__membership_version",
    ):  # fmt: skip
        if school_id not in on:
            on[school_id] = module_is_on(school_id, "conversations")
            check("", school_id)  # so that this process knows the school's words
        found[conversation_id, person_id] = Place(
            school_id, version, may_speak and on[school_id], side == Side.FAMILY, ends_at, until
        )
    return found


def _written(outcomes: Sequence[tuple[Any, Outcome | bool]]) -> None:
    """On the writer's thread, after the commit."""
    answers = []
    for act, outcome in outcomes:
        if isinstance(outcome, Written):
            answers.append((act.connection, done(act.id, {"number": outcome.number})))
        else:
            _places.clear()  # somebody left, or the database failed: ask anew
            answers.append((act.connection, refusal(act.id, USE_HTTP)))
    answer(answers)


# --- reading


def read(acts: Sequence[Act]) -> Iterable[tuple[Act, str]]:
    """Enter how far somebody has read; written together with the messages of the same moment."""
    refused: list[tuple[Act, str]] = []
    marks: list[tuple[Mark, Act]] = []
    for act in acts:
        try:
            wanted = _decode_read(act.data)
            heard = act.identity.streams[wanted.to]
            marks.append((Mark(int(wanted.to[1:]), heard.person_id, wanted.n), act))
        except (msgspec.DecodeError, KeyError, ValueError):
            refused.append((act, USE_HTTP))
    if marks:
        writer().submit_all(marks, _marked)
    return refused


def _marked(outcomes: Sequence[tuple[Any, Outcome | bool]]) -> None:
    answer((act.connection, done(act.id) if stored else refusal(act.id, USE_HTTP)) for act, stored in outcomes)
