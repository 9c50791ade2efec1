"""Who may change a school's red lines."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import ALLOWED, Actor, Decision, denied


def can_change_words(actor: Actor, school_id: int) -> Decision:
    """A school leader or an IT administrator."""
    if actor.administers(school_id):
        return ALLOWED
    return denied(_("Only an IT administrator or a school leader can change this."))
