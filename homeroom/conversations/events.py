"""What conversations announce. A message is not among it: its row is its event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from homeroom.eventlog.public import Event


@dataclass(frozen=True, kw_only=True)
class ConversationOpened(Event):
    """A family thread, a class channel or a staff room was begun."""

    name: ClassVar[str] = "conversations.opened"
    conversation_id: int
    person_ids: frozenset[int]  # whom it is for


@dataclass(frozen=True, kw_only=True)
class MembershipMoved(Event):
    """The roster moved: these persons joined or left a conversation, or may speak there or not any more."""

    name: ClassVar[str] = "conversations.membership_moved"
    conversation_id: int
    person_ids: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class MessageWithdrawn(Event):
    """A message was taken back, by its author or by whoever answers for the conversation."""

    name: ClassVar[str] = "conversations.message_withdrawn"
    conversation_id: int
    message_id: int
    person_id: int


@dataclass(frozen=True, kw_only=True)
class CaseMoved(Event):
    """A message was held or reported, decided about, appealed against or taken back; `person_id` did it."""

    name: ClassVar[str] = "conversations.case_moved"
    case_id: int
    conversation_id: int
    state: str
    person_id: int


@dataclass(frozen=True, kw_only=True)
class MessageChanged(Event):
    """A message was edited, withdrawn or reacted to: the conversation's count of changes moved."""

    name: ClassVar[str] = "conversations.message_changed"
    conversation_id: int
    message_id: int
