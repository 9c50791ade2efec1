"""What a file says, as plain rows: no ids, no decisions, every row with the place it came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from homeroom.roster.remarks import Place, Remark

from . import cells
from .classes import ClassName
from .grid import Grid


@dataclass(slots=True)
class GuardianRow:
    """An adult named in a pupil's row. `name` is empty when only a phone is given."""

    name: str = ""
    relation: str = ""
    phone: str = ""
    id_number: str = ""
    email: str = ""
    source_id: str = ""  # OneRoster's sourcedId
    columns: dict[str, str] = field(default_factory=dict)  # attribute to column


@dataclass(slots=True)
class PupilRow:
    """A pupil as one row (or several rows of the same pupil) says."""

    place: Place
    name: str
    student_number: str = ""
    id_number: str = ""
    sex: str = ""
    born_on: date | None = None
    school_class: ClassName | None = None
    phone: str = ""
    email: str = ""
    address: str = ""
    guardians: list[GuardianRow] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)  # attribute to column
    headers: dict[str, str] = field(default_factory=dict)  # column to header

    def at(self, attribute: str) -> Place:
        """The cell of one attribute."""
        column = self.columns.get(attribute, "")
        return Place(self.place.sheet, self.place.row, column, self.headers.get(column, ""))

    def guardian_at(self, guardian: GuardianRow, attribute: str) -> Place:
        column = guardian.columns.get(attribute) or next(iter(guardian.columns.values()), "")
        return Place(self.place.sheet, self.place.row, column, self.headers.get(column, ""))


@dataclass(slots=True)
class ColumnUse:
    """A column as it was understood. `meaning` is None when nobody knows what it is."""

    column: str
    header: str
    key: str  # the normal header, by which a mapping is remembered
    meaning: str | None
    hidden: bool = False
    samples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class SheetUse:
    """A sheet as it was understood. `state` is read, empty, hidden, instructions or unmapped."""

    name: str
    state: str
    header_row: int = 0
    columns: list[ColumnUse] = field(default_factory=list)
    pupils: int = 0
    class_words: str = ""  # when the class comes from the sheet's name or title
    footers: int = 0
    preview: list[list[str]] = field(default_factory=list)  # the first rows, for a sheet that is not understood


@dataclass(slots=True)
class Original:
    """A row as it stands in the file, for the workbook of rows to correct."""

    sheet: str
    row: int
    cells: list[str]


@dataclass(slots=True)
class Reading:
    """Everything a file says."""

    kind: str
    pupils: list[PupilRow] = field(default_factory=list)
    sheets: list[SheetUse] = field(default_factory=list)
    rejected: list[Remark] = field(default_factory=list)
    doubts: list[Remark] = field(default_factory=list)
    has_guardians: bool = False  # whether the file speaks of guardians at all: if not, none is missing
    has_addresses: bool = False
    school_name: str = ""
    stages: list[str] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    bad_pupils: list[PupilRow] = field(default_factory=list)  # of rejected rows: not taken in, but not gone either

    def originals(self, remarks: Iterable[Remark]) -> list[Original]:
        """The rows that remarks speak of."""
        wanted = {(remark.place.sheet, remark.place.row) for remark in remarks}
        headers = {(use.name, use.header_row) for use in self.sheets}
        return [
            Original(grid.name, number, [cells.plain(cell) for cell in row])
            for grid in self.grids
            for number, row in enumerate(grid.rows, start=1)
            if (grid.name, number) in wanted and (grid.name, number) not in headers
        ]
