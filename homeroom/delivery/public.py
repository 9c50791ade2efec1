"""What other modules may call."""

from __future__ import annotations

from .access import can_follow, can_remind, can_see, get_item_for, get_overseen_item, overseen_copies
from .models import MANDATORY, Category, HouseholdRule, Item, Level, Priority, Recipient, Reply, Signature, TextVersion
from .queries import (
    STATES,
    Card,
    Chip,
    Counts,
    FeedPage,
    Funnel,
    RecipientPage,
    Step,
    Talk,
    card_of,
    feed,
    funnel,
    funnel_by_class,
    history,
    hours_to_done,
    recipients_of,
    snoozed,
    talks,
    unread_count,
    unread_counts,
)
from .queries import to_do as todo
from .registries import register_body, register_search
from .services import (
    Asked,
    ReminderPolicy,
    answer_reply,
    confirm,
    correct_item,
    mark_delivered,
    mark_read,
    need_no_answer,
    recall_item,
    remind_unfinished,
    reply,
    send_item,
    sign,
    snooze,
    unsnooze,
)

__all__ = [
    "MANDATORY", "STATES", "Asked", "Card", "Category", "Chip", "Counts", "FeedPage", "Funnel", "HouseholdRule",
    "Item", "Level", "Priority", "Recipient", "RecipientPage", "ReminderPolicy", "Reply", "Signature", "Step", "Talk",
    "TextVersion", "answer_reply", "can_follow", "can_remind", "can_see", "card_of", "confirm", "correct_item", "feed",
    "funnel", "funnel_by_class", "get_item_for", "get_overseen_item", "history", "hours_to_done", "mark_delivered",
    "mark_read", "need_no_answer", "overseen_copies", "recall_item", "recipients_of", "register_body",
    "register_search", "remind_unfinished", "reply", "send_item", "sign", "snooze", "snoozed", "talks", "todo",
    "unread_count", "unread_counts", "unsnooze",
]  # fmt: skip
