"""Whether a text may be said as it is: the school's red lines, and open answers that are read first.

Asked before anything is stored, by the form, by the socket and by jobs alike; outside a transaction without a
statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from homeroom.kit.errors import NotAllowed
from homeroom.redlines import public as redlines

from .models import Held, Membership, Side

FOR_A_MODERATOR = {redlines.Action.HOLD: Held.Cause.WORDS, redlines.Action.REFUSE: Held.Cause.APPEAL}


class Wish(StrEnum):
    """What the sender said after being told which words hit."""

    NONE = ""
    SEND = "send"  # as it is, after a warning
    ASK = "ask"  # let a moderator read it first


@dataclass(frozen=True, slots=True)
class Waits:
    """The text has to wait for a moderator."""

    cause: Held.Cause
    findings: redlines.Findings


def looked_at(membership: Membership, text: str, wish: Wish = Wish.NONE) -> Waits | None:
    """None when the text may be said; Waits when a moderator reads it first.

    Raises WordsFound, which says which words hit and why, when the sender has to decide first.
    """
    family = membership.side == Side.FAMILY
    findings = redlines.check(text, membership.conversation.school_id, by_staff=not family)
    cause = FOR_A_MODERATOR.get(findings.action)
    if findings and wish != Wish.ASK and (cause is not None or wish != Wish.SEND):
        raise redlines.WordsFound(findings)
    if cause is None and membership.conversation.read_first and family:
        cause = Held.Cause.REPLY
    return Waits(cause, findings) if cause is not None else None


def require_clean(text: str, membership: Membership) -> None:
    """For a text that nobody reads first, such as an edit: warned about is let through, the rest is refused.

    Raises WordsFound, and NotAllowed where a moderator reads what families say before others do.
    """
    family = membership.side == Side.FAMILY
    if family and membership.conversation.read_first:
        raise NotAllowed(_("A moderator reads messages here first. Write another one, or withdraw this one."))
    findings = redlines.check(text, membership.conversation.school_id, by_staff=not family)
    if findings.action in FOR_A_MODERATOR:
        raise redlines.WordsFound(findings)
