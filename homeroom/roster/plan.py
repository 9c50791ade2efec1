"""What an import would do, in full: the comparison's result and the apply's only input."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from .reading.rows import Original, SheetUse
from .remarks import Remark

# A reference is a row's id when it is there, -1, -2 … for the new ones in order, 0 for none.


@dataclass(slots=True)
class NewClass:
    stage: str
    grade: int
    number: int  # 0: known by its name alone; it gets a number when it is made
    name: str
    entry_year: int


@dataclass(slots=True)
class PersonPlan:
    """A pupil or an adult of the file. `values` are the columns to write, encrypted ones as tokens."""

    ref: int
    name: str
    state: str  # new, changed, same
    values: dict[str, str | None] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)  # what a person may be shown of the old values
    sheet: str = ""
    row: int = 0
    class_ref: int = 0
    class_words: str = ""
    class_before: str = ""
    moves: bool = False  # into `class_ref`: moved, or placed for the first time
    restored: bool = False  # had left the school


@dataclass(slots=True)
class EdgePlan:
    pupil: int
    adult: int
    state: str  # new, changed, same
    relation: str
    order: int = 1
    edge_id: int = 0
    relation_before: str = ""
    reopened: bool = False


@dataclass(slots=True)
class Gone:
    """Somebody or something the file leaves out."""

    id: int
    name: str
    detail: str = ""  # the pupil's class; for a link, the child


@dataclass(slots=True)
class Plan:
    version: int = 0  # the school's roster_version that was compared
    school_name: str = ""
    school_is_new: bool = False
    stages: list[str] = field(default_factory=list)
    classes: list[NewClass] = field(default_factory=list)
    class_names: list[str] = field(default_factory=list)  # every class of the file
    pupils: list[PersonPlan] = field(default_factory=list)
    adults: list[PersonPlan] = field(default_factory=list)
    edges: list[EdgePlan] = field(default_factory=list)
    gone_pupils: list[Gone] = field(default_factory=list)
    gone_edges: list[Gone] = field(default_factory=list)
    gone_adults: list[Gone] = field(default_factory=list)
    ends_gone: bool = True  # whether applying ends the enrolment of the pupils who are gone
    rejected: list[Remark] = field(default_factory=list)
    doubts: list[Remark] = field(default_factory=list)
    sheets: list[SheetUse] = field(default_factory=list)
    originals: list[Original] = field(default_factory=list)  # the rows that something is said about
    kind: str = ""

    @property
    def moved(self) -> list[PersonPlan]:
        return [pupil for pupil in self.pupils if pupil.moves and pupil.class_before]

    @property
    def open_doubts(self) -> list[Remark]:
        """Questions that hold rows back until they are answered."""
        return [doubt for doubt in self.doubts if doubt.held]

    @property
    def changes_nothing(self) -> bool:
        gone = len(self.gone_edges) + (len(self.gone_pupils) if self.ends_gone else 0)
        states = {each.state for each in (*self.pupils, *self.adults)} | {edge.state for edge in self.edges}
        return not gone and states <= {"same"}

    def counts(self) -> dict[str, dict[str, int]]:
        """What the command prints and the page heads with."""
        found = {}
        gone = {"pupils": self.gone_pupils, "guardians": self.gone_adults, "links": self.gone_edges}
        for name, rows in (("pupils", self.pupils), ("guardians", self.adults), ("links", self.edges)):
            states = [row.state for row in rows]
            found[name] = {state: states.count(state) for state in ("new", "changed", "same")}
            found[name]["gone"] = len(gone[name])
        return found

    def as_dict(self) -> dict[str, object]:
        """The object that `--dry-run --json` prints."""
        return {
            **self.counts(),
            "rejected": [remark.as_dict() for remark in self.rejected],
            "doubts": [remark.as_dict() for remark in self.doubts],
            "school": {"name": self.school_name, "new": self.school_is_new, "stages": self.stages},
            "classes": {"new": [each.name for each in self.classes], "in_file": self.class_names},
            "moved_class": len(self.moved),
            "changes_nothing": self.changes_nothing,
        }

    def packed(self) -> bytes:
        return msgspec.msgpack.encode(self)


def unpacked(content: bytes) -> Plan:
    return msgspec.msgpack.decode(content, type=Plan)
