"""What is stored of conversations."""

from __future__ import annotations

from .talk import MARKS, Conversation, Draft, HouseRules, Membership, Message, MessageRevision, Reaction, Side

__all__ = [
    "MARKS", "Conversation", "Draft", "HouseRules", "Membership", "Message", "MessageRevision", "Reaction", "Side",
]  # fmt: skip
