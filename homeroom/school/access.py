"""Who may change a school's shape."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import ALLOWED, Actor, Decision, denied


def can_shape_school(actor: Actor, school_id: int) -> Decision:
    """Classes, subjects, terms, calendar: the office, an IT administrator or a school leader."""
    if actor.keeps_roster(school_id):
        return ALLOWED
    return denied(_("Only the school office, an IT administrator or a school leader can change this."))


def can_decide_for_school(actor: Actor, school_id: int) -> Decision:
    """The school's own name and stages, and which parts of Homeroom it uses: an IT administrator or a leader."""
    if actor.administers(school_id):
        return ALLOWED
    return denied(_("Only an IT administrator or a school leader can change this."))
