"""Telling open pages that a conversation moved: a hint, made anew from the rows, at most twice a second.

The page then asks for what it lacks by its own numbers, so a hint that gets lost costs a few seconds and no message.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from homeroom.realtime.public import hint, topic_token, touch

from .models import Conversation, Membership

TOPIC = "conversation"


def token(conversation: Conversation, *, account_id: int) -> str:
    """What a member's page shows to the gateway, to hear that this conversation moved."""
    return topic_token(f"{TOPIC}:{conversation.uuid}", account_id=account_id)


def conversation_moved(*uuids: UUID) -> None:
    """Tell whoever watches these conversations, once this is committed."""
    touch([f"{TOPIC}:{uuid}" for uuid in uuids])


def read_key(person_id: int, conversation_id: int) -> str:
    """Under which a person's own devices hear how far they have read: each conversation by itself."""
    return f"p{person_id}/c{conversation_id}"


def read_moved(marks: Iterable[tuple[int, int, int]]) -> None:
    """Tell the other devices of who has read (conversation, person, number), once this is committed."""
    for conversation_id, person_id, number in marks:
        hint([read_key(person_id, conversation_id)], {"read": number})


def unread(person_ids: Collection[int]) -> Mapping[int, Mapping[str, Mapping[str, int]]]:
    """What a page that has just come is told: how far its person has read, wherever something is unread."""
    places = Membership.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=timezone.now()), person_id__in=list(person_ids), left_at__isnull=True,
        conversation__last_number__gt=F("read_number"),
    )  # fmt: skip
    told: dict[int, dict[str, dict[str, int]]] = {}
    for conversation_id, person_id, number in places.values_list("conversation_id", "person_id", "read_number"):
        told.setdefault(person_id, {})[read_key(person_id, conversation_id)] = {"read": number}
    return told


def shown(keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """What each topic shows: the numbers a page compares with its own. One statement for any number."""
    uuids = [key.partition(":")[2] for key in keys]
    rows = Conversation.objects.filter(uuid__in=uuids).values_list("uuid", "last_number", "last_change")
    return {f"{TOPIC}:{uuid}": {"last": last, "change": change} for uuid, last, change in rows}


def may_watch(key: str, person_ids: Collection[int]) -> bool:
    """Whether any of these persons is a member now."""
    now = timezone.now()
    return Membership.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now),
        conversation__uuid=key.partition(":")[2], person_id__in=list(person_ids), left_at__isnull=True,
    ).exists()  # fmt: skip
