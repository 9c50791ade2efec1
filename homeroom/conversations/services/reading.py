"""What a person's devices share: how far they have read, and what they have begun to write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction

from homeroom.conversations import access, hints, presence
from homeroom.conversations.models import Draft, Membership, PresenceWish
from homeroom.kit.access import require
from homeroom.people.models import Person

from .posting import LONGEST


@transaction.atomic
def mark_read(*, actor: Person, membership: Membership, number: int) -> bool:
    """The actor has read up to `number`; never backwards, never beyond the newest. Returns whether anything moved."""
    up_to = min(number, membership.conversation.last_number)
    behind = Membership.objects.filter(pk=membership.pk, person_id=actor.pk, read_number__lt=up_to)
    moved = bool(behind.update(read_number=up_to))
    if moved:
        hints.read_moved([(membership.conversation_id, actor.pk, up_to)])
    return moved


@contextmanager
def unread_kept(conversation_id: int, person_id: int) -> Iterator[None]:
    """Around a message that goes out by itself: what its author has not read is as unread as before.

    In the caller's transaction. Who had read everything has read their own message too.
    """
    place = Membership.objects.select_related("conversation").filter(
        conversation_id=conversation_id, person_id=person_id, left_at__isnull=True
    )
    before = place.first()
    yield
    if before is not None and before.read_number < before.conversation.last_number:
        place.update(read_number=before.read_number)


@transaction.atomic
def show_presence(*, actor: Person, is_on: bool) -> None:
    """Let others see that the actor is here and typing, and the actor them; or neither."""
    PresenceWish.objects.update_or_create(person=actor, defaults={"is_on": is_on})
    transaction.on_commit(presence.forget)


@transaction.atomic
def save_draft(*, actor: Person, membership: Membership, text: str, now: datetime) -> None:
    """Keep what the actor has begun to write, for all their devices; an empty text forgets it.

    Raises NotAllowed where the actor may only read.
    """
    require(access.can_speak(membership))
    place: dict[str, Any] = {"conversation_id": membership.conversation_id, "person_id": actor.pk}
    if text.strip():
        Draft.objects.update_or_create(**place, defaults={"text": text[:LONGEST], "saved_at": now})
    else:
        Draft.objects.filter(**place).delete()
