"""What other modules may call, and what the site enters at lower modules."""

from __future__ import annotations

from .access import may_see_files
from .bodies import render_body
from .cards import notice_cards
from .menu import MENU
from .models import Notice
from .queries import find_items
from .services import Draft, publish_notice, save_draft, schedule_notice

__all__ = [
    "MENU", "Draft", "Notice", "find_items", "may_see_files", "notice_cards", "publish_notice",
    "render_body", "save_draft", "schedule_notice",
]  # fmt: skip
