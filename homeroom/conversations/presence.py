"""Who is here and who is typing: hints that nobody stores, shown only where both sides have them on.

Not in class channels: a hundred families need not know of each other. Staff show it, and are shown it, only in the
school's working time. A gateway tells its own sockets: what is said at another process is not shown here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import partial

import msgspec
from django.utils import timezone

from homeroom.realtime.public import USE_HTTP, Act, hint_whom, on_source
from homeroom.school.models import School
from homeroom.school.public import Calendar

from . import access
from .faces import faces
from .models import Conversation, Membership, PresenceWish, Side

KEPT_FOR = 60.0  # seconds


class _Here(msgspec.Struct):
    to: str
    here: bool = True
    typing: bool = False


_decode = msgspec.json.Decoder(_Here).decode
_open: dict[int, tuple[float, frozenset[int]]] = {}  # conversation → until when this holds, whose presence is shown


def here(acts: Sequence[Act]) -> Iterable[tuple[Act, str]]:
    """Show that somebody is here, or typing; on the loop. Only the newest of one person counts."""
    refused: list[tuple[Act, str]] = []
    newest: dict[tuple[int, int], _Here] = {}
    for act in acts:
        try:
            said = _decode(act.data)
            newest[int(said.to[1:]), act.identity.streams[said.to].person_id] = said
        except (msgspec.DecodeError, KeyError, ValueError):
            refused.append((act, USE_HTTP))
    if newest:
        on_source(partial(_show, newest))
    return refused


def _show(newest: dict[tuple[int, int], _Here]) -> None:
    """On the source's thread."""
    now = time.monotonic()
    unknown = {pk for pk, _person in newest if pk not in _open or _open[pk][0] < now}
    if unknown:
        _open.update({pk: (now + KEPT_FOR, shown) for pk, shown in _shown(unknown).items()})
    pairs = [pair for pair in newest if pair[1] in _open[pair[0]][1]]
    for pair, face in faces(pairs).items():
        conversation_id, person_id = pair
        others = _open[conversation_id][1] - {person_id}
        hint_whom(
            [f"c{conversation_id}/{face.uuid}"],
            {"who": face.who, "here": newest[pair].here, "typing": newest[pair].typing},
            lambda who, others=others, me=person_id: me not in who.person_ids and not others.isdisjoint(who.person_ids),  # type: ignore[misc]
        )


def _shown(conversation_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """The members of each conversation whose presence is shown now."""
    now = timezone.now()
    found: dict[int, set[int]] = {pk: set() for pk in conversation_ids}
    members = Membership.objects.filter(access.holding(now), conversation_id__in=found)
    rows = list(
        members.exclude(conversation__kind=Conversation.Kind.CHANNEL).values_list(
            "conversation_id", "person_id", "side", "conversation__school_id"
        )
    )
    off = set(
        PresenceWish.objects.filter(person_id__in={row[1] for row in rows}, is_on=False).values_list(
            "person_id", flat=True
        )
    )
    working = {
        school.pk: Calendar.of(school).is_working(now)
        for school in School.objects.filter(pk__in={row[3] for row in rows})
    }
    for conversation_id, person_id, side, school_id in rows:
        if person_id not in off and (side != Side.STAFF or working[school_id]):
            found[conversation_id].add(person_id)
    return {pk: frozenset(shown) for pk, shown in found.items()}


def forget() -> None:
    """Ask anew whose presence is shown."""
    _open.clear()
