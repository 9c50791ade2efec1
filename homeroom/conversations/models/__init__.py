"""What is stored of conversations."""

from __future__ import annotations

from .calm import Away, AwayAnswer, DutyShift, Rhythm, ScheduledMessage
from .figures import Exchange
from .finding import Findable
from .handing import Handover
from .live import PresenceWish
from .moderation import Block, Case, Held, Report, Ruling
from .talk import MARKS, Conversation, Draft, HouseRules, Membership, Message, MessageRevision, Reaction, Side
from .unopened import Nudge
from .voice import Transcript

__all__ = [
    "MARKS", "Away", "AwayAnswer", "Block", "Case", "Conversation", "Draft", "DutyShift", "Exchange", "Findable",
    "Handover", "Held", "HouseRules", "Membership", "Message", "MessageRevision", "Nudge", "PresenceWish", "Reaction",
    "Report", "Rhythm", "Ruling", "ScheduledMessage", "Side", "Transcript",
]  # fmt: skip
