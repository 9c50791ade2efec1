"""The people one can be in the demonstration, and what is worth trying as each."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Part:
    """One person of the cast: `key` as in Cast, and what to try."""

    key: str
    try_this: str | Promise


@dataclass(frozen=True, slots=True)
class Group:
    """People shown together."""

    title: str | Promise
    icon: str
    parts: tuple[Part, ...]


GROUPS = (
    Group(
        _("Families"),
        "home",
        (
            Part("mother", _("One child. Confirm or sign with one tap, reply in private, switch on elder mode.")),
            Part("guardian_of_two", _("Two children in two classes, one list: a child's name stands on every card.")),
            Part("guardian_of_twins", _("A mother alone with twins: one card for both, one signature for each.")),
            Part("father", _("The other guardian: see how the household rule settles what the mother has done.")),
            Part("delegate", _("An aunt to whom the mother lent her rights for a month.")),
            Part(
                "records_barred_guardian", _("A father who is told what concerns his son but may not see his records.")
            ),
            Part("restricted_guardian", _("A father without access after a custody decision: nothing reaches him.")),
            Part("in_both_here", _("One account, children at two schools.")),
            Part("pupil", _("A pupil's own page.")),
        ),
    ),
    Group(
        _("Teachers"),
        "school",
        (
            Part(
                "class_teacher", _("Write a notice to the class and watch the count move; remind those who are left.")
            ),
            Part("subject_teacher", _("Mathematics in two classes: sees just those.")),
            Part("substitute", _("Stands in for the class teacher this fortnight, with the same rights.")),
            Part("teacher_parent", _("A teacher whose own child goes here: two sides of one person.")),
            Part("grade_leader", _("Sees the whole grade.")),
        ),
    ),
    Group(
        _("The school"),
        "building-community",
        (
            Part("leader", _("Notices to the whole school, and the reach of everyone's.")),
            Part("office", _("Import the roster, print invitation slips, correct who answers for a child.")),
            Part("counsellor", _("Sees pupils of every class, and writes to families.")),
            Part("it_admin", _("Accounts, invitations, modules of the school.")),
        ),
    ),
    Group(
        _("The other school"),
        "world",
        (
            Part("teacher_elsewhere", _("A class teacher of the junior middle school.")),
            Part("guardian_elsewhere", _("A mother there: sees nothing of the primary school.")),
            Part("leader_elsewhere", _("Leads the junior middle school.")),
        ),
    ),
)
