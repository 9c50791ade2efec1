"""The file's pupils, each once: several rows of one pupil are joined, rows that contradict each other are not taken."""

from __future__ import annotations

from collections import defaultdict

from homeroom.roster.reading.guardians import MAX_GUARDIANS, without_repeats
from homeroom.roster.reading.rows import PupilRow, Reading
from homeroom.roster.remarks import Remark

from .questions import Questions


def distinct_rows(reading: Reading, questions: Questions) -> tuple[list[PupilRow], list[PupilRow]]:
    """The rows to compare, and the rows not taken: whoever they speak of has not left the school."""
    return _Rows(reading, questions).told_apart()


class _Rows:
    def __init__(self, reading: Reading, questions: Questions) -> None:
        self.reading = reading
        self.questions = questions
        self.kept: list[PupilRow] = []
        self.refused: set[int] = set()
        self.not_taken = list(reading.bad_pupils)

    def told_apart(self) -> tuple[list[PupilRow], list[PupilRow]]:
        by_number: dict[str, int] = {}
        by_id: dict[str, int] = {}
        by_name: dict[tuple[str, object], list[int]] = defaultdict(list)
        for row in self.reading.pupils:
            same_number = by_number.get(row.student_number) if row.student_number else None
            same_id = by_id.get(row.id_number) if row.id_number else None
            found = same_id if same_id is not None else same_number
            if found is not None:
                self._same_numbers(row, found, by_id=same_id is not None)
                continue
            twin = self._alike(row, by_name[row.name, row.school_class])
            if twin is not None and not self._stands_alone(row, twin):
                continue
            position = len(self.kept)
            self.kept.append(row)
            if row.student_number:
                by_number[row.student_number] = position
            if row.id_number:
                by_id[row.id_number] = position
            by_name[row.name, row.school_class].append(position)
        rows = [row for position, row in enumerate(self.kept) if position not in self.refused]
        return rows, self.not_taken

    def _same_numbers(self, row: PupilRow, position: int, *, by_id: bool) -> None:
        other = self.kept[position]
        if other.name != row.name:
            code, attribute = ("id_twice", "id_number") if by_id else ("number_twice", "student_number")
            self._reject_pair(code, attribute, row, other, position)
        elif row.school_class and other.school_class and row.school_class != other.school_class:
            self._reject_pair("two_classes", "class", row, other, position)
        else:
            _join(other, row)

    def _reject_pair(self, code: str, attribute: str, row: PupilRow, other: PupilRow, position: int) -> None:
        """Neither of two contradicting rows is taken: the file does not say which one is right."""
        for this, that in ((row, other), (other, row)):
            if this is other and position in self.refused:
                continue
            values = {"other": str(that.place.row), "sheet": that.place.sheet, "name": that.name}
            self.questions.reject(Remark(code, this.at(attribute), values))
        self.refused.add(position)
        self.not_taken += [row, other]

    def _alike(self, row: PupilRow, positions: list[int]) -> PupilRow | None:
        """An earlier row of the same name and class that nothing tells apart from this one."""
        for position in positions:
            other = self.kept[position]
            differ = (
                (row.student_number and other.student_number)
                or (row.id_number and other.id_number)
                or (row.born_on and other.born_on and row.born_on != other.born_on)
                or (row.sex and other.sex and row.sex != other.sex)
            )
            if not differ:
                return other
        return None

    def _stands_alone(self, row: PupilRow, other: PupilRow) -> bool:
        """Whether a row like an earlier one is another pupil's; that is asked."""
        key = f"repeat:{row.place.sheet}:{row.place.row}"
        values = {"name": row.name, "sheet": other.place.sheet, "other": str(other.place.row)}
        answer = self.questions.ask("row_repeats", row.at("name"), key, ["merge", "new", "skip"], {}, **values)
        if answer == "merge":
            _join(other, row)
        return answer == "new"


def _join(kept: PupilRow, row: PupilRow) -> None:
    """Two rows of one pupil: what the first lacks comes from the second."""
    for name in ("student_number", "id_number", "sex", "born_on", "school_class", "phone", "email", "address"):
        if not getattr(kept, name):
            setattr(kept, name, getattr(row, name))
    kept.guardians = without_repeats([*kept.guardians, *row.guardians])[:MAX_GUARDIANS]
