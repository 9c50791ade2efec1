"""Decisions: allowed, or denied with a reason a person can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from django.utils.functional import Promise

from .errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one permission question. Truthy when allowed."""

    allowed: bool
    reason: str | Promise = ""

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Decision(True)


def denied(reason: str | Promise) -> Decision:
    """A refusal; `reason` is shown to the person refused, so it says who may instead."""
    return Decision(False, reason)


def require(decision: Decision) -> None:
    """Raise NotAllowed with the decision's reason unless it allows."""
    if not decision.allowed:
        raise NotAllowed(decision.reason or None)


class Actor(Protocol):
    """Whoever makes a change: a person, or a named system actor such as the reminder job."""

    @property
    def id(self) -> int | None:
        """The person's id; None for a system actor."""
        ...

    @property
    def actor_name(self) -> str:
        """A stable name for the audit log: `person:12` or `system:reminders`."""
        ...

    def leads(self, school_id: int) -> bool:
        """Whether the actor leads (or is the system acting for) that school."""
        ...

    def keeps_roster(self, school_id: int) -> bool:
        """Whether the actor may correct that school's people, classes and calendar."""
        ...

    def administers(self, school_id: int) -> bool:
        """Whether the actor may decide who has which duty there, and which parts of Homeroom it uses."""
        ...

    def acts_for(self, person_id: int | None) -> bool:
        """Whether the actor is that person, or stands in for them today."""
        ...


@dataclass(frozen=True, slots=True)
class SystemActor:
    """A job, an import or a reaction: allowed whatever the service it calls allows the system."""

    name: str
    id: None = None

    @property
    def actor_name(self) -> str:
        return f"system:{self.name}"

    def leads(self, school_id: int) -> bool:
        return True

    def keeps_roster(self, school_id: int) -> bool:
        return True

    def administers(self, school_id: int) -> bool:
        return True

    def acts_for(self, person_id: int | None) -> bool:
        return True
