"""Every change of conversations."""

from __future__ import annotations

from .changing import edit_message, react, withdraw_message
from .following import dates_moved, edge_moved, follow_roster, role_moved, roster_moved
from .handing import carry_out_due, plan_handover, take_back_handover
from .opening import change_rules, open_channel, open_family_thread, open_pupil_thread, open_staff_room
from .posting import post_message
from .reading import mark_read, save_draft, show_presence
from .speaking import keep_recording, write_transcript

__all__ = [
    "carry_out_due", "change_rules", "dates_moved", "edge_moved", "edit_message", "follow_roster", "keep_recording",
    "mark_read", "open_channel", "open_family_thread", "open_pupil_thread", "open_staff_room", "plan_handover",
    "post_message", "react", "role_moved", "roster_moved", "save_draft", "show_presence", "take_back_handover",
    "withdraw_message",
    "write_transcript",
]  # fmt: skip
