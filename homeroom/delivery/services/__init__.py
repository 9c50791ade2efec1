"""Every change of delivery: sending, answering, reminding, correcting, and what each person prefers."""

from __future__ import annotations

from .answering import answer_reply, confirm, mark_delivered, mark_read, need_no_answer, reply, sign, snooze, unsnooze
from .changing import correct_item, recall_item
from .reminding import remind_unfinished
from .sending import Asked, ReminderPolicy, send_item
from .settling import settle_children, unsettle_children
from .wishing import save_settings

__all__ = [
    "Asked", "ReminderPolicy", "answer_reply", "confirm", "correct_item", "mark_delivered", "mark_read",
    "need_no_answer", "recall_item", "remind_unfinished", "reply", "save_settings", "send_item", "settle_children",
    "sign", "snooze", "unsettle_children", "unsnooze",
]  # fmt: skip
