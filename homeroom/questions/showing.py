"""States and acts in words: plain ones for families, short ones for staff."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.people.models import Person

from . import access
from .models import Question
from .states import LIVE, Act, State


@dataclass(frozen=True, slots=True)
class Shown:
    """A label with how it looks."""

    label: str | Promise
    tone: str
    icon: str = ""


FAMILY = {
    State.OPEN: Shown(_("Received, the school is finding who can answer"), "info"),
    State.ASSIGNED: Shown(_("Somebody is working on it"), "info"),
    State.REOPENED: Shown(_("Taken up again, somebody is working on it"), "info"),
    State.WAITING_ASKER: Shown(_("The school waits for your reply"), "warn", "message-circle"),
    State.WAITING_OTHER: Shown(_("The school is asking elsewhere"), "info"),
    State.ANSWERED: Shown(_("Answered: does this answer it?"), "good", "message-circle"),
    State.CONFIRMED: Shown(_("You confirmed it; something promised is still to come"), "good"),
    State.CLOSED: Shown(_("Finished"), "good"),
    State.MERGED: Shown(_("Goes on in your other question"), "neutral", "arrow-right"),
    State.WITHDRAWN: Shown(_("You withdrew it"), "neutral", "arrow-back-up"),
}
STAFF = {
    State.OPEN: Shown(State.OPEN.label, "warn"),
    State.ASSIGNED: Shown(State.ASSIGNED.label, "info"),
    State.REOPENED: Shown(State.REOPENED.label, "warn", "refresh"),
    State.WAITING_ASKER: Shown(State.WAITING_ASKER.label, "neutral", "clock-pause"),
    State.WAITING_OTHER: Shown(State.WAITING_OTHER.label, "info", "clock-pause"),
    State.ANSWERED: Shown(State.ANSWERED.label, "good"),
    State.CONFIRMED: Shown(State.CONFIRMED.label, "good"),
    State.CLOSED: Shown(State.CLOSED.label, "neutral", "check"),
    State.MERGED: Shown(State.MERGED.label, "neutral", "arrow-right"),
    State.WITHDRAWN: Shown(State.WITHDRAWN.label, "neutral", "arrow-back-up"),
}
ENDS = {
    "confirmed": _("the family confirmed the answer"),
    "no_objection": _("nobody objected to the answer"),
    "by_school": _("closed by the school, with its reason"),
    "by_asker": _("withdrawn by the family, with its reason"),
    "duplicate": _("goes on in another question of the same family"),
}
DETAILS = {
    **ENDS,
    "routed": _("by the school's routing"),
    "duty_ended": _("back to the team"),
    "owner": _("told the owner"),
    "grade": _("told the grade leader"),
    "school": _("told the school's leaders"),
    "resolution": _("the whole matter takes too long"),
    "reply": _("a reply is due soon"),
    "given": _("given"),
    "done": _("kept"),
    "late": _("kept late"),
    "dropped": _("not needed"),
    "follow_up": _("a follow-up was added"),
    "promise_told": _("reminded"),
    "follow_up_told": _("reminded"),
}
# Icons: not every screen has the emoji.
FACES = ((5, "mood-happy", _("Very satisfied")), (4, "mood-smile", _("Satisfied")), (3, "mood-empty", _("So-so")),
         (2, "mood-sad", _("Dissatisfied")), (1, "mood-sad-2", _("Very dissatisfied")))  # fmt: skip


def for_family(question: Question) -> Shown:
    return FAMILY[State(question.state)]


def for_staff(question: Question) -> Shown:
    return STAFF[State(question.state)]


def act_words(act: str, detail: str) -> str:
    """One step of the history in words."""
    label = str(Act(act).label)
    more = DETAILS.get(detail)
    return f"{label} · {more}" if more else label


def icon_of(act: str) -> str:
    return {
        Act.ASK: "help-circle", Act.ANSWER: "send", Act.CONFIRM: "circle-check", Act.CLOSE: "check",
        Act.ESCALATE: "alert-triangle", Act.WARN: "alarm", Act.ASSIGN: "user-check", Act.REOPEN: "refresh",
        Act.PROMISE: "calendar-event", Act.NOTE: "note", Act.RATE: "star", Act.WITHDRAW: "arrow-back-up",
    }.get(Act(act), "")  # fmt: skip


def open_questions(person: Person, student_id: int) -> list[tuple[str | Promise, str | Promise, str]]:
    """What one asked about a child and is not over: its title, where it stands, its address. One statement."""
    rows = access.asked_by(person).filter(student_id=student_id, state__in=[*LIVE, State.CONFIRMED])
    return [
        (question.title, for_family(question).label, reverse("questions:question", args=[question.uuid]))
        for question in rows.order_by("-moved_at")[:20]
    ]
