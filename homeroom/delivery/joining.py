"""Two copies of an item become one, when two entries of one human do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from .models import Recipient

FIRST_TIME = (
    "surfaces_at", "queued_at", "sent_at", "delivered_at", "read_at", "confirmed_at", "signed_at", "replied_at",
    "done_at", "settled_at",
)  # fmt: skip


def join_copies(kept: Recipient, other: Recipient) -> None:
    """`kept` has then done what either had done, at the earlier time; a signature under each version of the text."""
    for name in FIRST_TIME:
        setattr(kept, name, _first(getattr(kept, name), getattr(other, name)))
    kept.done_version = max(filter(None, (kept.done_version, other.done_version)), default=None)
    kept.reminded_at = max(filter(None, (kept.reminded_at, other.reminded_at)), default=None)
    kept.reminders = max(kept.reminders, other.reminders)
    kept.asks = kept.asks or other.asks
    kept.muted = kept.muted and other.muted
    kept.in_digest = kept.in_digest and other.in_digest
    if other.snoozed_until is None:
        kept.snoozed_until, kept.snooze_reason = None, ""
    signed = kept.signatures.values_list("text_version", flat=True)
    other.signatures.exclude(text_version__in=list(signed)).update(recipient=kept)
    other.delete()
    kept.save()


def _first(*instants: datetime | None) -> datetime | None:
    known: Iterable[datetime] = (instant for instant in instants if instant is not None)
    return min(known, default=None)
