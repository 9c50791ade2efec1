"""The one state machine of a question: which act leads from which state to which, and who may do it.

It knows no database: `Question` stores a state, `services.moving.move` asks here before anything changes.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a question stands, in the staff's words."""

    OPEN = "open", _("Waiting for an owner")
    ASSIGNED = "assigned", _("Being worked on")
    WAITING_ASKER = "waiting_asker", _("Waiting for the family")
    WAITING_OTHER = "waiting_other", _("Waiting for somebody else")
    ANSWERED = "answered", _("Answered")
    REOPENED = "reopened", _("Taken up again")
    CONFIRMED = "confirmed", _("Confirmed, promises still open")
    CLOSED = "closed", _("Ended")
    MERGED = "merged", _("Merged")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Act(models.TextChoices):
    """What happened to a question; each is one event."""

    ASK = "ask", _("A question was asked")
    ASSIGN = "assign", _("Given to somebody")
    ANSWER = "answer", _("Answered")
    ASK_BACK = "ask_back", _("Asked the family back")
    WAIT = "wait", _("Waits for somebody else")
    RESUME = "resume", _("Taken up after waiting")
    ADD = "add", _("The family wrote more")
    CONFIRM = "confirm", _("The family says this answers it")
    REOPEN = "reopen", _("Taken up again")
    CLOSE = "close", _("Ended")
    WITHDRAW = "withdraw", _("Withdrawn by the family")
    MERGE = "merge", _("Merged with an earlier one")
    RELEASE = "release", _("The duty of whoever had it has ended")
    # These move no state.
    NOTE = "note", _("Internal note")
    ROUTE = "route", _("Topic or circle changed")
    WARN = "warn", _("Reply will soon be late")
    ESCALATE = "escalate", _("Late: told those above")
    PROMISE = "promise", _("A promise")
    RATE = "rate", _("Rated")
    AUTO_ANSWER = "auto_answer", _("Answered by the school's answer")


class Part(models.TextChoices):
    """Whose act it is."""

    ASKER = "asker", _("The family")
    HANDLER = "handler", _("The school")
    SYSTEM = "system", _("Homeroom")


S, A = State, Act
WORKING = (S.OPEN, S.ASSIGNED, S.REOPENED, S.WAITING_ASKER, S.WAITING_OTHER)  # the school, or the asker, owes a step
LIVE = (*WORKING, S.ANSWERED)
FINAL = frozenset({S.MERGED, S.WITHDRAWN})  # nothing leads out of these
OVER = frozenset({S.CLOSED, *FINAL})
ENDING = frozenset({A.CLOSE, A.WITHDRAW, A.MERGE})  # never without a reason

_ASKER, _HANDLER, _BOTH = frozenset({Part.ASKER}), frozenset({Part.HANDLER}), frozenset({Part.ASKER, Part.HANDLER})
_SYSTEM = frozenset({Part.SYSTEM})
_STAFF_OR_SYSTEM = _SYSTEM | {Part.HANDLER}

TRANSITIONS: dict[tuple[Act, State], tuple[State, frozenset[Part]]] = {
    # Being given to somebody starts the work and never interrupts a wait.
    (A.ASSIGN, S.OPEN): (S.ASSIGNED, _STAFF_OR_SYSTEM),
    (A.ASSIGN, S.REOPENED): (S.REOPENED, _STAFF_OR_SYSTEM),
    (A.ASSIGN, S.ASSIGNED): (S.ASSIGNED, _STAFF_OR_SYSTEM),
    (A.ASSIGN, S.WAITING_ASKER): (S.WAITING_ASKER, _STAFF_OR_SYSTEM),
    (A.ASSIGN, S.WAITING_OTHER): (S.WAITING_OTHER, _STAFF_OR_SYSTEM),
    (A.ASSIGN, S.ANSWERED): (S.ANSWERED, _STAFF_OR_SYSTEM),
    (A.ASSIGN, S.CONFIRMED): (S.CONFIRMED, _STAFF_OR_SYSTEM),
    # Losing whoever had it: back to the team, without interrupting a wait.
    **{(A.RELEASE, state): (S.OPEN if state == S.ASSIGNED else state, _SYSTEM) for state in (*LIVE, S.CONFIRMED)},
    **{(A.ANSWER, state): (S.ANSWERED, _HANDLER) for state in LIVE},
    **{(A.ASK_BACK, state): (S.WAITING_ASKER, _HANDLER) for state in LIVE},
    **{(A.WAIT, state): (S.WAITING_OTHER, _HANDLER) for state in LIVE},  # also again: news of the wait
    (A.RESUME, S.WAITING_ASKER): (S.ASSIGNED, _HANDLER),
    (A.RESUME, S.WAITING_OTHER): (S.ASSIGNED, _HANDLER),
    # The asker writes: an answer that brings another line was none yet.
    (A.ADD, S.OPEN): (S.OPEN, _ASKER),
    (A.ADD, S.ASSIGNED): (S.ASSIGNED, _ASKER),
    (A.ADD, S.REOPENED): (S.REOPENED, _ASKER),
    (A.ADD, S.WAITING_ASKER): (S.ASSIGNED, _ASKER),
    (A.ADD, S.WAITING_OTHER): (S.WAITING_OTHER, _ASKER),
    (A.REOPEN, S.ANSWERED): (S.REOPENED, _BOTH),
    (A.REOPEN, S.CONFIRMED): (S.REOPENED, _BOTH),
    (A.REOPEN, S.CLOSED): (S.REOPENED, _BOTH),
    (A.CONFIRM, S.ANSWERED): (S.CONFIRMED, _ASKER),
    (A.CLOSE, S.CONFIRMED): (S.CLOSED, _STAFF_OR_SYSTEM),
    (A.CLOSE, S.ANSWERED): (S.CLOSED, _STAFF_OR_SYSTEM),
    (A.CLOSE, S.WAITING_ASKER): (S.CLOSED, _HANDLER),
    **{(A.WITHDRAW, state): (S.WITHDRAWN, _ASKER) for state in LIVE},
    **{(A.MERGE, state): (S.MERGED, _HANDLER) for state in LIVE},
}


def after(act: Act, state: State, part: Part) -> State | None:
    """The state `act` by `part` leads to; None when that is not one of the school's ways."""
    to, parts = TRANSITIONS.get((act, state), (None, frozenset()))
    return to if part in parts else None


def acts_from(state: State, part: Part) -> frozenset[Act]:
    """What `part` may do to a question in `state`."""
    return frozenset(act for (act, start), (_to, parts) in TRANSITIONS.items() if start == state and part in parts)
