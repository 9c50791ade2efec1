"""Who is in a pupil's thread, told to everybody in it: nobody writes here without knowing who reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .access import holding
from .models import Conversation, Membership, Side
from .queries import speakers


@dataclass(frozen=True, slots=True)
class Company:
    """`pupil`, `staff` and guardians by their labels; guardians apart by whether they write or read along."""

    pupil: str
    staff: tuple[str, ...]
    writing: tuple[str, ...]
    reading: tuple[str, ...]


def company_of(conversation: Conversation, *, now: datetime) -> Company | None:
    """Everybody in a pupil's thread; None for other kinds, where the roster's own words say it."""
    if conversation.kind != Conversation.Kind.PUPIL:
        return None
    rows = list(
        Membership.objects.filter(holding(now), conversation=conversation)
        .order_by("pk")
        .values_list("person_id", "side", "can_speak")
    )
    named = speakers(conversation, [person_id for person_id, _side, _speaks in rows])
    guardians = [(pk, speaks) for pk, side, speaks in rows if side == Side.FAMILY and pk != conversation.student_id]
    return Company(
        pupil=named.get(conversation.student_id or 0, ""),
        staff=tuple(named.get(pk, "") for pk, side, _speaks in rows if side == Side.STAFF),
        writing=tuple(named.get(pk, "") for pk, speaks in guardians if speaks),
        reading=tuple(named.get(pk, "") for pk, speaks in guardians if not speaks),
    )
