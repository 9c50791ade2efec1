"""What the roster announces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from homeroom.eventlog.public import Event


@dataclass(frozen=True, kw_only=True)
class RosterImported(Event):
    """A file was applied: pupils, guardians, classes or links of the school are others than before."""

    name: ClassVar[str] = "roster.imported"
    run_id: int


@dataclass(frozen=True, kw_only=True)
class RosterRolledBack(Event):
    """The last import was undone."""

    name: ClassVar[str] = "roster.rolled_back"
    run_id: int
