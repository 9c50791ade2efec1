"""What is stored of conversations."""

from __future__ import annotations

from .handing import Handover
from .talk import MARKS, Conversation, Draft, HouseRules, Membership, Message, MessageRevision, Reaction, Side
from .voice import Transcript

__all__ = [
    "MARKS", "Conversation", "Draft", "Handover", "HouseRules", "Membership", "Message", "MessageRevision", "Reaction",
    "Side", "Transcript",
]  # fmt: skip
