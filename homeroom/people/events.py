"""What people announces. Each goes to the streams of the persons whose rights moved, so a socket may be cut at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from homeroom.eventlog.public import Event


@dataclass(frozen=True, kw_only=True)
class RoleChanged(Event):
    """A member of staff was given a duty, or lost one, or its dates moved."""

    name: ClassVar[str] = "people.role_changed"
    person_id: int
    role_id: int

    def streams(self) -> Iterable[tuple[str, int]]:
        return [(f"p{self.person_id}", 0)]


@dataclass(frozen=True, kw_only=True)
class GuardianshipChanged(Event):
    """An edge was made, changed or ended: what `person_id` may see and do about `student_id` moved."""

    name: ClassVar[str] = "people.guardianship_changed"
    person_id: int
    student_id: int

    def streams(self) -> Iterable[tuple[str, int]]:
        return [(f"p{self.person_id}", self.student_id)]


@dataclass(frozen=True, kw_only=True)
class DelegationChanged(Event):
    """Rights for a child were lent to `person_id`, or taken back."""

    name: ClassVar[str] = "people.delegation_changed"
    person_id: int
    student_id: int

    def streams(self) -> Iterable[tuple[str, int]]:
        return [(f"p{self.person_id}", self.student_id)]


@dataclass(frozen=True, kw_only=True)
class PersonsMerged(Event):
    """Two entries of one human became one: whatever named `other_id` names `person_id` now."""

    name: ClassVar[str] = "people.persons_merged"
    person_id: int
    other_id: int

    def streams(self) -> Iterable[tuple[str, int]]:
        return [(f"p{self.person_id}", 0), (f"p{self.other_id}", 0)]


@dataclass(frozen=True, kw_only=True)
class PersonJoined(Event):
    """A person has an account now, by invitation."""

    name: ClassVar[str] = "people.person_joined"
    person_id: int
