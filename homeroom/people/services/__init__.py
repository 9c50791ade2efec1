"""Every change to people."""

from __future__ import annotations

from .accounts import (
    change_password,
    leave_device,
    leave_other_devices,
    remember_preferences,
    reset_second_factor,
)
from .contact import (
    ask_for_link,
    ask_to_confirm,
    change_phone,
    confirm_address,
    remove_address,
    set_forgotten_password,
)
from .guardianship import (
    add_guardian,
    change_guardianship,
    delegate,
    end_guardianship,
    revoke_delegation,
)
from .invitations import (
    Issued,
    accept_invitation,
    answer_invitation,
    create_invitations,
    join_with_account,
    revoke_invitations,
)
from .merging import MergePreview, merge_persons, preview_merge
from .roles import add_staff, appoint_substitute, change_person, end_role, give_role

__all__ = [
    "Issued", "MergePreview", "accept_invitation", "add_guardian", "add_staff", "answer_invitation",
    "appoint_substitute", "ask_for_link", "ask_to_confirm", "change_guardianship", "change_password", "change_person",
    "change_phone", "confirm_address", "create_invitations", "delegate", "end_guardianship", "end_role", "give_role",
    "join_with_account", "leave_device", "leave_other_devices", "merge_persons", "preview_merge",
    "remember_preferences", "remove_address", "reset_second_factor", "revoke_delegation", "revoke_invitations",
    "set_forgotten_password",
]  # fmt: skip
