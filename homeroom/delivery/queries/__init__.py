"""Shared reads: a person's feed, how far an item has come, and what families wrote about it."""

from __future__ import annotations

from .cards import Card, Chip, FeedPage
from .feeds import Counts, card_of, family_of, feed, feed_of, snoozed, to_do, unread_count, unread_counts
from .progress import (
    STATES,
    Funnel,
    RecipientPage,
    Step,
    funnel,
    funnel_by_class,
    history,
    hours_to_done,
    recipients_of,
)
from .talks import Talk, talks, waiting_talks

__all__ = [
    "STATES", "Card", "Chip", "Counts", "FeedPage", "Funnel", "RecipientPage", "Step", "Talk", "card_of", "family_of",
    "feed", "feed_of", "funnel", "funnel_by_class", "history", "hours_to_done", "recipients_of", "snoozed", "talks",
    "to_do", "unread_count", "unread_counts", "waiting_talks",
]  # fmt: skip
