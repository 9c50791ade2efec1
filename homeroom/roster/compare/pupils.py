"""Which pupil of the school each row speaks of.

A pupil is known by ID number, then student number, then name with birth date, with a guardian's phone or with the
class. Where this leaves two answers the row is held back and the question put.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from homeroom.people.public import id_number_key, phone_key
from homeroom.roster.present import Present, PresentPupil
from homeroom.roster.reading.classes import class_words
from homeroom.roster.reading.rows import GuardianRow, PupilRow
from homeroom.roster.remarks import Remark

from .adults import Adult
from .classes import Classes
from .questions import Questions


class Step(Enum):
    """The rows are gone through once for each, so that the surer match comes first."""

    IN_PLACE = 1  # proven, and in the class the row says
    SURE = 2
    ASKING = 3


@dataclass(eq=False, slots=True)
class TakenPupil:
    """A row that is taken in. `incomplete`: something about its guardians waits for an answer."""

    row: PupilRow
    present: PresentPupil | None
    incomplete: bool = False
    links: list[tuple[Adult, GuardianRow]] = field(default_factory=list)
    ref: int = 0


class PupilMatch:
    """The file's rows beside the school's pupils. `taken` and `spoken_for` are its result."""

    def __init__(
        self, present: Present, classes: Classes, questions: Questions, phones: Mapping[int, set[str]]
    ) -> None:
        """`phones`: by which numbers each pupil's guardians are known."""
        self.present = present
        self.phones = phones
        self.classes = classes
        self.questions = questions
        self.taken: list[TakenPupil] = []
        self.spoken_for: set[int] = set()  # present pupils that a row, or a question about one, speaks of
        self.asks = False  # whether a row waits that knowing more phones could tell

    def match(self, rows: list[PupilRow], not_taken: list[PupilRow]) -> None:
        by_number = {
            p.student_number: p for p in sorted(self.present.pupils, key=lambda p: not p.archived) if p.student_number
        }
        by_id = {
            p.id_number_key: p for p in sorted(self.present.pupils, key=lambda p: not p.archived) if p.id_number_key
        }
        by_name: dict[str, list[PresentPupil]] = defaultdict(list)
        for pupil in self.present.pupils:
            by_name[pupil.name].append(pupil)
        weak: list[tuple[PupilRow, list[PresentPupil]]] = []
        sure: dict[int, PupilRow] = {}
        order: dict[int, int] = {id(row): position for position, row in enumerate(rows)}
        taken: list[tuple[PupilRow, PresentPupil | None]] = []
        for row in rows:
            verdict = self._by_numbers(row, by_number, by_id)
            if verdict == "held":
                continue
            if isinstance(verdict, PresentPupil):
                sure[verdict.id] = row
                taken.append((row, verdict))
            else:
                weak.append((row, by_name.get(row.name, [])))
        self.spoken_for |= set(sure)
        groups: dict[tuple[str, object], list[PupilRow]] = defaultdict(list)
        for row, _candidates in weak:
            groups[row.name, row.school_class].append(row)
        gone_to = set(self.spoken_for)  # pupils who are a row's already; those only asked about stay open to every row
        for step in Step:  # whoever can be told for sure is not given away by a question about another row
            left: list[tuple[PupilRow, list[PresentPupil]]] = []
            for row, candidates in weak:
                free = [each for each in candidates if each.id not in gone_to]
                group = groups[row.name, row.school_class]
                verdict = self._by_name(row, free, len(group), step)
                if verdict == "later":
                    left.append((row, candidates))
                    continue
                if verdict == "held":
                    self.asks = True
                    continue
                group.pop()  # those still to be matched are counted against the pupils still free
                if isinstance(verdict, PresentPupil):
                    gone_to.add(verdict.id)
                    self.spoken_for.add(verdict.id)
                    taken.append((row, verdict))
                else:
                    taken.append((row, None))
            weak = left
        taken.sort(key=lambda pair: order[id(pair[0])])
        for row in not_taken:  # somebody whose row is wrong has not left the school
            known = [by_number.get(row.student_number), by_id.get(id_number_key(row.id_number))]
            self.spoken_for |= {each.id for each in (*known, *by_name.get(row.name, [])) if each}
        for row, found in taken:
            if found is None and not self._findable(row):
                continue
            self.taken.append(TakenPupil(row, found))

    def _findable(self, row: PupilRow) -> bool:
        """A pupil without class, number and guardians could never be found again: each import would add another."""
        if row.school_class or row.student_number or row.id_number or any(g.name or g.phone for g in row.guardians):
            return True
        self.questions.reject(Remark("class_missing", row.at("class")))
        return False

    def _by_numbers(
        self, row: PupilRow, by_number: Mapping[str, PresentPupil], by_id: Mapping[str, PresentPupil]
    ) -> PresentPupil | str | None:
        key = id_number_key(row.id_number)
        by_id_number = by_id.get(key) if key else None
        numbered = by_number.get(row.student_number) if row.student_number else None
        if by_id_number and numbered and by_id_number.id != numbered.id:
            values = {"by_number": numbered.name, "by_id": by_id_number.name}
            self.questions.reject(Remark("number_and_id_differ", row.at("student_number"), values))
            self.spoken_for |= {numbered.id, by_id_number.id}
            return "held"
        if by_id_number:
            return by_id_number
        if numbered is None or numbered.name == row.name:
            return numbered
        if numbered.born_on and numbered.born_on == row.born_on:
            return numbered
        self.spoken_for.add(numbered.id)
        cell = f"{row.place.sheet}:{row.place.row}"
        answer = self.questions.ask(
            "renamed", row.at("name"), f"renamed:{cell}", [f"same:{numbered.id}", "skip"],
            {str(numbered.id): numbered.name}, name=row.name, present=numbered.name,
        )  # fmt: skip
        return numbered if answer.startswith("same") else "held"

    def _by_name(
        self, row: PupilRow, candidates: list[PresentPupil], alike: int, step: Step
    ) -> PresentPupil | str | None:
        """The pupil of that name, None for a new one, "held" while a question is open, "later" instead of asking."""
        key = id_number_key(row.id_number)
        possible = [
            each
            for each in candidates
            if not (each.born_on and row.born_on and each.born_on != row.born_on)
            and not (each.id_number_key and key)
            and not (each.sex and row.sex and each.sex != row.sex)
        ]
        if not possible:
            return None
        row_phones = {phone_key(guardian.phone) for guardian in row.guardians if guardian.phone}
        class_id = self.classes.ref(row.school_class) if row.school_class else 0

        def numbers_differ(each: PresentPupil) -> bool:
            return bool(each.student_number and row.student_number)

        proofs = {
            p.id: len(row_phones & self.phones.get(p.id, set())) + bool(p.born_on and p.born_on == row.born_on)
            for p in possible
        }
        most = max(proofs.values())
        proven = [p for p in possible if most and proofs[p.id] == most]
        here = [p for p in (proven or possible) if self._sits_in(p, class_id)]
        if step is Step.IN_PLACE:
            return here[0] if proven and len(here) == 1 else "later"
        namesakes = [p for p in possible if self._sits_in(p, class_id) and not numbers_differ(p)]
        if len(proven) == 1 and (here or not namesakes):  # else moved, or the one who is here under a new number
            return proven[0]
        plain = [p for p in here if not numbers_differ(p)]
        if plain and len(plain) == alike:  # as many rows as pupils: where nothing tells them apart, in order
            return plain[0]
        if step is Step.SURE:
            return "later"
        if not proven and not here:
            active = [p for p in possible if not p.archived and not numbers_differ(p)]
            if not active:
                return None
            possible = active
        choices = (here or [*proven, *(p for p in namesakes if p not in proven)] or possible)[:6]
        names = {str(each.id): self._describe_pupil(each) for each in choices}
        cell = f"{row.place.sheet}:{row.place.row}"
        if len(choices) == 1 and not here:
            only = choices[0]
            code = "same_name_elsewhere"
            words = class_words(row.school_class) if row.school_class else "?"
            values = {"name": row.name, "present": self.classes.name_of(only.class_id) or "–", "value": words}
        else:
            code, values = "same_names", {"name": row.name}
        options = [*(f"same:{each.id}" for each in choices), "new", "skip"]
        answer = self.questions.ask(code, row.at("name"), f"who:{cell}", options, names, **values)
        if answer.startswith("same:"):
            wanted = int(answer[5:])
            return next(each for each in choices if each.id == wanted)
        if answer == "new":
            return None
        self.spoken_for |= {each.id for each in choices}
        return "held"

    @staticmethod
    def _sits_in(pupil: PresentPupil, class_id: int) -> bool:
        return class_id > 0 and pupil.class_id == class_id and not pupil.archived

    def _describe_pupil(self, pupil: PresentPupil) -> str:
        parts = [pupil.name, self.classes.name_of(pupil.class_id), pupil.student_number, str(pupil.born_on or "")]
        return " · ".join(part for part in parts if part)
