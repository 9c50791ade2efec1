"""What other modules may call, and what the site enters at lower modules."""

from __future__ import annotations

from .access import may_see_files, may_upload
from .citing import MESSAGE, cite, register_message_way
from .hints import TOPIC, may_watch, shown
from .joining import join_memberships
from .live import wire
from .menu import HOURS, MENU, way_to_family
from .metrics import DECLARED
from .models import Conversation
from .queries import duty_phone
from .reviewing import MODERATION, may_see_held_files
from .services import edge_moved, open_family_thread, post_message, role_moved, roster_moved
from .talking import talk_about_item, talk_about_sent

__all__ = [
    "DECLARED", "HOURS", "MENU", "MESSAGE", "MODERATION", "TOPIC", "Conversation", "cite", "duty_phone", "edge_moved",
    "join_memberships", "may_see_files", "may_see_held_files", "may_upload", "may_watch", "open_family_thread",
    "post_message",
    "register_message_way", "role_moved", "roster_moved", "shown", "talk_about_item", "talk_about_sent",
    "way_to_family", "wire",
]  # fmt: skip
