"""What other modules may call."""

from __future__ import annotations

from homeroom.kit.hot import register_hot
from homeroom.realtime.public import register_arrivals, register_frames, register_topic

from . import frames, hints, hot
from .about_child import about_child
from .access import (
    can_follow,
    can_remind,
    can_see,
    get_item_for,
    get_overseen_item,
    in_charge_of,
    overseen_copies,
)
from .hints import counts_token
from .item_cards import item_cards
from .joining import join_copies
from .live_cards import LiveCard, live_cards, parse_cited, register_cards
from .models import MANDATORY, Category, HouseholdRule, Item, Level, Priority, Recipient, Reply, Signature, TextVersion
from .pages.feed import feed_context, note_delivered
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
    family_of,
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
    waiting_talks,
)
from .queries import to_do as todo
from .registries import (
    followed_kinds,
    register_body,
    register_overview,
    register_own_page,
    register_search,
    register_way_on,
    register_way_on_sent,
    ways_on_sent,
)
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
    settle_children,
    sign,
    snooze,
    unsettle_children,
    unsnooze,
)
from .showing import pieces, shown, snooze_dialog, unread_badge, words


def wire_realtime() -> None:
    """Enter frames, live counts, the record of arrivals and the hot inbox where they belong; called by the site."""
    for name in ("item_sent", "item_surfaced", "item_corrected", "item_recalled"):
        register_frames(f"delivery.{name}", frames.whole_card)
    for name in ("item_read", "item_snoozed", "reminders_queued"):
        register_frames(f"delivery.{name}", frames.which_item)
    register_frames("delivery.item_done", frames.done)
    register_frames("delivery.item_replied", frames.replied)
    register_topic(hints.TOPIC, hints.counts_shown, hints.may_watch)
    register_arrivals(frames.arrived)
    register_hot(hot.PATH, hot.answer)


__all__ = [
    "MANDATORY",
    "STATES",
    "Asked",
    "Card",
    "Category",
    "Chip",
    "Counts",
    "FeedPage",
    "Funnel",
    "HouseholdRule",
    "Item",
    "Level",
    "LiveCard",
    "Priority",
    "Recipient",
    "RecipientPage",
    "ReminderPolicy",
    "Reply",
    "Signature",
    "Step",
    "Talk",
    "TextVersion",
    "about_child",
    "answer_reply",
    "can_follow",
    "can_remind",
    "can_see",
    "card_of",
    "confirm",
    "correct_item",
    "counts_token",
    "family_of",
    "feed",
    "feed_context",
    "followed_kinds",
    "funnel",
    "funnel_by_class",
    "get_item_for",
    "get_overseen_item",
    "history",
    "hours_to_done",
    "in_charge_of",
    "item_cards",
    "join_copies",
    "live_cards",
    "mark_delivered",
    "mark_read",
    "need_no_answer",
    "note_delivered",
    "overseen_copies",
    "parse_cited",
    "pieces",
    "recall_item",
    "recipients_of",
    "register_body",
    "register_cards",
    "register_overview",
    "register_own_page",
    "register_search",
    "register_way_on",
    "register_way_on_sent",
    "remind_unfinished",
    "reply",
    "send_item",
    "settle_children",
    "shown",
    "sign",
    "snooze",
    "snooze_dialog",
    "snoozed",
    "talks",
    "todo",
    "unread_badge",
    "unread_count",
    "unread_counts",
    "unsettle_children",
    "unsnooze",
    "waiting_talks",
    "ways_on_sent",
    "wire_realtime",
    "words",
]  # fmt: skip
