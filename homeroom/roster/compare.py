"""A reading beside the school as it is: who is new, changed, moved, gone, the same; and what has to be asked.

A pupil is known by ID number, then student number, then name with birth date, with a guardian's phone or with the
class. A guardian is known by ID number, then phone and name, then as the guardian of that name the pupil has already.
Where this leaves two answers the row is held back and the question put: nothing is guessed, and nothing already at
the school is overwritten by a blank.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cryptography.fernet import InvalidToken

from homeroom.kit.encryption import decrypt, encrypt
from homeroom.people.public import id_number_key, phone_key, pinyin_of

from .plan import EdgePlan, Gone, NewClass, PersonPlan, Plan
from .present import Present, PresentAdult, PresentClass, PresentEdge, PresentPupil
from .reading.classes import ClassName, class_words
from .reading.rows import GuardianRow, PupilRow, Reading
from .reading.table import MAX_GUARDIANS, without_repeats
from .remarks import Place, Remark

RELATION_WORDS = {
    "mother": "妈妈", "father": "爸爸", "grandmother_p": "奶奶", "grandfather_p": "爷爷", "grandmother_m": "外婆",
    "grandfather_m": "外公", "stepmother": "继母", "stepfather": "继父", "relative": "亲属", "other": "家长",
}  # fmt: skip
MANY_GONE = 5  # and a fifth of the classes: then the file is more likely incomplete than the pupils gone


@dataclass(eq=False, slots=True)
class _Adult:
    """A guardian while comparing: one at the school, or one first met in the file."""

    key: str  # the person's id, or f1, f2 … for those of the file; answers refer to it
    name: str
    phone_key: str = ""
    id_number_key: str = ""
    present: PresentAdult | None = None
    nameless: bool = False  # stands under a made-up name such as 张三家长
    relations: set[str] = field(default_factory=set)
    phone: str = ""
    id_number: str = ""
    email: str = ""
    named_by_file: bool = False
    pupils: list[int] = field(default_factory=list)  # positions in the file
    ref: int = 0


@dataclass(eq=False, slots=True)
class _Pupil:
    """A row that is taken in. `incomplete`: something about its guardians waits for an answer."""

    row: PupilRow
    present: PresentPupil | None
    incomplete: bool = False
    links: list[tuple[_Adult, GuardianRow]] = field(default_factory=list)
    ref: int = 0


def compare(reading: Reading, present: Present, *, answers: Mapping[str, str], keep_gone: bool = False) -> Plan:
    """What importing `reading` would do to the school."""
    return _Comparison(reading, present, answers, keep_gone).plan()


class _Comparison:
    def __init__(self, reading: Reading, present: Present, answers: Mapping[str, str], keep_gone: bool) -> None:
        self.reading = reading
        self.present = present
        self.answers = answers
        self.keep_gone = keep_gone
        self.rejected = list(reading.rejected)
        self.doubts = list(reading.doubts)
        self.not_taken: list[PupilRow] = []
        self.pupils: list[_Pupil] = []
        self.spoken_for: set[int] = set()  # present pupils that a row, or a question about one, speaks of
        self.adults: list[_Adult] = []  # those of the file, in order
        self.by_phone: dict[str, list[_Adult]] = defaultdict(list)
        self.by_id: dict[str, _Adult] = {}
        self.by_person: dict[int, _Adult] = {}
        self.edges_of: dict[int, list[PresentEdge]] = defaultdict(list)  # by student
        self.edge: dict[tuple[int, int], PresentEdge] = {}
        for edge in present.edges:
            self.edges_of[edge.student_id].append(edge)
            self.edge[edge.guardian_id, edge.student_id] = edge
        self.classes: dict[tuple[str, int, int, str], int] = {}
        self.class_by_id: dict[int, PresentClass] = {each.id: each for each in present.classes}
        self.new_classes: list[NewClass] = []

    def plan(self) -> Plan:
        rows = self._distinct_rows()
        self._match_pupils(rows)
        self._know_adults()
        stated = self._phones_stated()
        for position, pupil in enumerate(self.pupils):
            self._match_guardians(position, pupil, stated)
        self._join_without_phone()
        self._note_differing_phones()
        return self._result()

    def _doubt(
        self, code: str, place: Place, key: str, choices: Iterable[str], names: Mapping[str, str], **values: str
    ) -> str:
        """Put a question, unless it is answered: the answer, or "" while it is open (the row is then held)."""
        choices = list(choices)
        answer = self.answers.get(key, "")
        if answer in choices:
            return answer
        self.doubts.append(Remark(code, place, values, key, choices, dict(names), held=True))
        return ""

    # --- pupils

    def _distinct_rows(self) -> list[PupilRow]:
        """The file's pupils, each once: several rows of one pupil are joined, rows that contradict are rejected."""
        kept: list[PupilRow | None] = []
        by_number: dict[str, int] = {}
        by_id: dict[str, int] = {}
        by_name: dict[tuple[str, object], list[int]] = defaultdict(list)
        refused: set[int] = set()
        self.not_taken = list(self.reading.bad_pupils)
        for row in self.reading.pupils:
            same_number = by_number.get(row.student_number) if row.student_number else None
            same_id = by_id.get(row.id_number) if row.id_number else None
            found = same_id if same_id is not None else same_number
            if found is not None:
                other = kept[found]
                if other is None:
                    continue
                attribute = "id_number" if same_id is not None else "student_number"
                if other.name != row.name:
                    code = "id_twice" if same_id is not None else "number_twice"
                    self._reject_pair(code, attribute, row, other, refused, found)
                elif row.school_class and other.school_class and row.school_class != other.school_class:
                    self._reject_pair("two_classes", "class", row, other, refused, found)
                else:
                    _join(other, row)
                continue
            twin = self._same_in_file(row, kept, by_name[row.name, row.school_class])
            if twin is not None:
                other = kept[twin]
                key = f"repeat:{row.place.sheet}:{row.place.row}"
                values = {"name": row.name, "sheet": row.place.sheet, "other": str(other.place.row if other else 0)}
                if other is not None:
                    values["sheet"] = other.place.sheet
                answer = self._doubt("row_repeats", row.at("name"), key, ["merge", "new", "skip"], {}, **values)
                if answer == "merge" and other is not None:
                    _join(other, row)
                if answer != "new":
                    continue
            position = len(kept)
            kept.append(row)
            if row.student_number:
                by_number[row.student_number] = position
            if row.id_number:
                by_id[row.id_number] = position
            by_name[row.name, row.school_class].append(position)
        return [row for position, row in enumerate(kept) if row is not None and position not in refused]

    def _reject_pair(  # noqa: PLR0917
        self, code: str, attribute: str, row: PupilRow, other: PupilRow, refused: set[int], position: int
    ) -> None:
        """Neither of two contradicting rows is taken: the file does not say which one is right."""
        for this, that in ((row, other), (other, row)):
            if this is other and position in refused:
                continue
            values = {"other": str(that.place.row), "sheet": that.place.sheet, "name": that.name}
            self.rejected.append(Remark(code, this.at(attribute), values))
        refused.add(position)
        self.not_taken += [row, other]

    @staticmethod
    def _same_in_file(row: PupilRow, kept: list[PupilRow | None], positions: list[int]) -> int | None:
        """An earlier row of the same name and class that nothing tells apart from this one."""
        for position in positions:
            other = kept[position]
            if other is None:
                continue
            differ = (
                (row.student_number and other.student_number)
                or (row.id_number and other.id_number)
                or (row.born_on and other.born_on and row.born_on != other.born_on)
                or (row.sex and other.sex and row.sex != other.sex)
            )
            if not differ:
                return position
        return None

    def _match_pupils(self, rows: list[PupilRow]) -> None:
        by_number = {
            p.student_number: p for p in sorted(self.present.pupils, key=lambda p: not p.archived) if p.student_number
        }
        by_id = {
            p.id_number_key: p for p in sorted(self.present.pupils, key=lambda p: not p.archived) if p.id_number_key
        }
        by_name: dict[str, list[PresentPupil]] = defaultdict(list)
        for pupil in self.present.pupils:
            by_name[pupil.name].append(pupil)
        phones = self._phones_at_school()
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
        for asking in (False, True):  # whoever can be told for sure is not given away by a question about another row
            left: list[tuple[PupilRow, list[PresentPupil]]] = []
            for row, candidates in weak:
                free = [each for each in candidates if each.id not in gone_to]
                group = groups[row.name, row.school_class]
                verdict = self._by_name(row, free, phones, len(group), asking=asking)
                if verdict == "later":
                    left.append((row, candidates))
                    continue
                if verdict == "held":
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
        for row in self.not_taken:  # somebody whose row is wrong has not left the school
            known = [by_number.get(row.student_number), by_id.get(id_number_key(row.id_number))]
            self.spoken_for |= {each.id for each in (*known, *by_name.get(row.name, [])) if each}
        for row, found in taken:
            if found is None and not self._findable(row):
                continue
            self.pupils.append(_Pupil(row, found))

    def _findable(self, row: PupilRow) -> bool:
        """A pupil without class, number and guardians could never be found again: each import would add another."""
        if row.school_class or row.student_number or row.id_number or any(g.name or g.phone for g in row.guardians):
            return True
        self.rejected.append(Remark("class_missing", row.at("class")))
        return False

    def _by_numbers(
        self, row: PupilRow, by_number: Mapping[str, PresentPupil], by_id: Mapping[str, PresentPupil]
    ) -> PresentPupil | str | None:
        key = id_number_key(row.id_number)
        by_id_number = by_id.get(key) if key else None
        numbered = by_number.get(row.student_number) if row.student_number else None
        if by_id_number and numbered and by_id_number.id != numbered.id:
            values = {"by_number": numbered.name, "by_id": by_id_number.name}
            self.rejected.append(Remark("number_and_id_differ", row.at("student_number"), values))
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
        answer = self._doubt(
            "renamed", row.at("name"), f"renamed:{cell}", [f"same:{numbered.id}", "skip"],
            {str(numbered.id): numbered.name}, name=row.name, present=numbered.name,
        )  # fmt: skip
        return numbered if answer.startswith("same") else "held"

    def _by_name(
        self, row: PupilRow, candidates: list[PresentPupil], phones: Mapping[int, set[str]], alike: int, *, asking: bool
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
            return None if asking else "later"
        row_phones = {phone_key(guardian.phone) for guardian in row.guardians if guardian.phone}
        class_id = self._class_ref(row.school_class) if row.school_class else 0

        def numbers_differ(each: PresentPupil) -> bool:
            return bool(each.student_number and row.student_number)

        proven = [
            p for p in possible if (p.born_on and p.born_on == row.born_on) or row_phones & phones.get(p.id, set())
        ]
        if len(proven) == 1:
            return proven[0]
        here = [p for p in (proven or possible) if class_id > 0 and p.class_id == class_id and not p.archived]
        plain = [p for p in here if not numbers_differ(p)]
        if plain and len(plain) == alike:  # as many rows as pupils: where nothing tells them apart, in order
            return plain[0]
        if not asking:
            return "later"
        if not proven and not here:
            active = [p for p in possible if not p.archived and not numbers_differ(p)]
            if not active:
                return None
            possible = active
        choices = (here or proven or possible)[:6]
        names = {str(each.id): self._describe_pupil(each) for each in choices}
        cell = f"{row.place.sheet}:{row.place.row}"
        if len(choices) == 1 and not here:
            only = choices[0]
            code = "same_name_elsewhere"
            words = class_words(row.school_class) if row.school_class else "?"
            values = {"name": row.name, "present": self._class_name(only.class_id) or "–", "value": words}
        else:
            code, values = "same_names", {"name": row.name}
        options = [*(f"same:{each.id}" for each in choices), "new", "skip"]
        answer = self._doubt(code, row.at("name"), f"who:{cell}", options, names, **values)
        if answer.startswith("same:"):
            wanted = int(answer[5:])
            return next(each for each in choices if each.id == wanted)
        if answer == "new":
            return None
        self.spoken_for |= {each.id for each in choices}
        return "held"

    def _phones_at_school(self) -> dict[int, set[str]]:
        keys = {adult.id: adult.phone_key for adult in self.present.adults if adult.phone_key}
        found: dict[int, set[str]] = defaultdict(set)
        for edge in self.present.edges:
            if edge.guardian_id in keys:
                found[edge.student_id].add(keys[edge.guardian_id])
        return found

    def _describe_pupil(self, pupil: PresentPupil) -> str:
        parts = [pupil.name, self._class_name(pupil.class_id), pupil.student_number, str(pupil.born_on or "")]
        return " · ".join(part for part in parts if part)

    def _class_name(self, class_id: int) -> str:
        return self.class_by_id[class_id].name if class_id in self.class_by_id else ""

    # --- classes

    def _class_ref(self, name: ClassName) -> int:
        """The class's id, or -1, -2 … for one to be made."""
        key = (name.grade.stage, name.grade.number, name.number, re.sub(r"\s", "", name.label))
        if key not in self.classes:
            found = next((each.id for each in self.present.classes if _is_class(each, name)), 0)
            if not found:
                found = -len(self.new_classes) - 1
                year = self.present.today.year - (self.present.today.month < 8)
                entered = name.entry_year or year - name.grade.number + 1
                new = NewClass(name.grade.stage, name.grade.number, name.number, class_words(name)[:30], entered)
                self.new_classes.append(new)
            self.classes[key] = found
        return self.classes[key]

    # --- guardians

    def _know_adults(self) -> None:
        relations: dict[int, set[str]] = defaultdict(set)
        names: dict[int, set[str]] = defaultdict(set)
        pupil_names = {pupil.id: pupil.name for pupil in self.present.pupils}
        for edge in self.present.edges:
            relations[edge.guardian_id].add(edge.relation)
            names[edge.guardian_id].add(
                f"{pupil_names.get(edge.student_id, '')}{RELATION_WORDS.get(edge.relation, '')}"
            )
        for each in self.present.adults:
            adult = _Adult(str(each.id), each.name, each.phone_key, each.id_number_key, each, ref=each.id)
            adult.relations = relations[each.id]
            adult.nameless = each.name in names[each.id]
            self._register(adult)
            self.by_person[each.id] = adult

    def _register(self, adult: _Adult) -> None:
        if adult.phone_key:
            self.by_phone[adult.phone_key].append(adult)
        if adult.id_number_key:
            self.by_id.setdefault(adult.id_number_key, adult)

    def _own(self, pupil: _Pupil) -> list[_Adult]:
        """The guardians the pupil has at the school."""
        if pupil.present is None:
            return []
        ids = [edge.guardian_id for edge in self.edges_of[pupil.present.id]]
        return [self.by_person[each] for each in ids if each in self.by_person]

    def _phones_stated(self) -> dict[int, dict[str, tuple[str, int]]]:
        """For each guardian at the school, the numbers that rows of their children state under their name."""
        stated: dict[int, dict[str, tuple[str, int]]] = defaultdict(dict)
        for pupil in self.pupils:
            by_name = {adult.name: adult for adult in self._own(pupil)}
            for guardian in pupil.row.guardians:
                adult = by_name.get(guardian.name)
                if adult and adult.present and guardian.phone:
                    place = (guardian.phone, pupil.row.place.row)
                    stated[adult.present.id].setdefault(phone_key(guardian.phone), place)
        return stated

    def _match_guardians(
        self, position: int, pupil: _Pupil, stated: Mapping[int, Mapping[str, tuple[str, int]]]
    ) -> None:
        in_row: list[_Adult] = []
        for guardian in pupil.row.guardians:
            adult = self._guardian(pupil, guardian, in_row, stated)
            if adult is None:
                pupil.incomplete = True
                continue
            if adult in in_row:
                continue
            in_row.append(adult)
            if not adult.pupils:
                self.adults.append(adult)
            adult.pupils.append(position)
            adult.relations = {*adult.relations, guardian.relation}
            adult.phone = adult.phone or guardian.phone
            adult.id_number = adult.id_number or guardian.id_number
            adult.email = adult.email or guardian.email
            pupil.links.append((adult, guardian))

    def _guardian(
        self,
        pupil: _Pupil,
        guardian: GuardianRow,
        in_row: list[_Adult],
        stated: Mapping[int, Mapping[str, tuple[str, int]]],
    ) -> _Adult | None:
        """Who the row means; None while that is a question or when the answer was to leave them out."""
        key, id_key = phone_key(guardian.phone), id_number_key(guardian.id_number)
        own = self._own(pupil)
        if id_key and id_key in self.by_id:
            return self._named(self.by_id[id_key], guardian)
        holders = self.by_phone.get(key, []) if key else []
        named = [each for each in holders if guardian.name and each.name == guardian.name]
        if named:
            return next((each for each in named if each in own), named[0])
        others = [each for each in holders if each not in in_row]
        if not guardian.name and others:
            linked = [each for each in others if each in own] or others
            fitting = [each for each in linked if guardian.relation in each.relations] if len(linked) > 1 else linked
            if len(fitting) == 1:
                return fitting[0]
        unnamed = [each for each in others if each.nameless]
        if guardian.name and len(unnamed) == 1:
            return self._named(unnamed[0], guardian)
        if others and not all(_other_role(each, guardian) for each in others):
            return self._ask_phone(pupil, guardian, others)
        if not holders and (known := self._among_own(pupil, guardian, own, key, stated)) is not None:
            return known if isinstance(known, _Adult) else None
        return self._new_adult(pupil, guardian, key, id_key)

    def _named(self, adult: _Adult, guardian: GuardianRow) -> _Adult:
        """The same person under the name that the file gives first."""
        if guardian.name and not adult.named_by_file:
            adult.name, adult.named_by_file, adult.nameless = guardian.name, True, False
        return adult

    def _ask_phone(self, pupil: _Pupil, guardian: GuardianRow, others: list[_Adult]) -> _Adult | None:
        row = pupil.row
        place = row.guardian_at(guardian, "phone")
        key = f"phone:{place.sheet}:{place.row}:{place.column}"
        options = [*(f"same:{each.key}" for each in others[:4]), "new", "skip"]
        names = {each.key: each.name for each in others[:4]}
        called = guardian.name or f"{row.name}{RELATION_WORDS[guardian.relation or 'other']}"
        phone = f"{guardian.phone[:3]}…{guardian.phone[-4:]}"
        present = "、".join(names.values())
        answer = self._doubt("phone_shared", place, key, options, names, phone=phone, present=present, name=called)
        if answer.startswith("same:"):
            return self._named(next(each for each in others if each.key == answer[5:]), guardian)
        if answer == "new":
            return self._new_adult(pupil, guardian, phone_key(guardian.phone), id_number_key(guardian.id_number))
        return None

    def _among_own(
        self,
        pupil: _Pupil,
        guardian: GuardianRow,
        own: list[_Adult],
        key: str,
        stated: Mapping[int, Mapping[str, tuple[str, int]]],
    ) -> _Adult | str | None:
        """The guardian of that name the pupil has already: with a new number, when the whole file agrees on it."""
        same = [each for each in own if guardian.name and each.name == guardian.name]
        if not guardian.name and guardian.relation in {"father", "mother"}:
            same = [each for each in own if guardian.relation in each.relations and self._only_here(each)]
        if len(same) != 1:
            return None
        adult = same[0]
        numbers = stated.get(adult.present.id, {}) if adult.present else {}
        if not key or not adult.phone_key or len(numbers) <= 1:
            self._renumber(adult, key)
            return adult
        other = next((place for found, place in numbers.items() if found != key), ("", 0))
        place = pupil.row.guardian_at(guardian, "phone")
        values = {
            "name": adult.name,
            "value": _masked(guardian.phone),
            "phone": _masked(other[0]),
            "other": str(other[1]),
        }
        answer = self._doubt(
            "phones_differ",
            place,
            f"phones:{place.sheet}:{place.row}:{place.column}",
            ["this", "keep", "new"],
            {},
            **values,
        )
        if answer == "this":
            adult.phone = guardian.phone
            self._renumber(adult, key)
            return adult
        if answer == "keep":
            guardian.phone = ""
            return adult
        return None if answer == "new" else "held"

    def _only_here(self, adult: _Adult) -> bool:
        """Known for one child, and not yet spoken of in the file: a number without a name may replace theirs."""
        children = {
            edge.student_id for edge in self.present.edges if adult.present and edge.guardian_id == adult.present.id
        }
        return len(children) == 1 and not adult.pupils

    def _renumber(self, adult: _Adult, key: str) -> None:
        """From now on the new number is theirs; who else has the old one is somebody else."""
        if key and key != adult.phone_key:
            if adult.phone_key:
                self.by_phone[adult.phone_key].remove(adult)
            adult.phone_key = key
            self.by_phone[key].append(adult)

    def _new_adult(self, pupil: _Pupil, guardian: GuardianRow, key: str, id_key: str) -> _Adult:
        name = guardian.name or f"{pupil.row.name}{RELATION_WORDS[guardian.relation or 'other']}"
        adult = _Adult(f"f{pupil.row.place.sheet}:{pupil.row.place.row}:{len(pupil.links)}", name, key, id_key)
        adult.nameless = not guardian.name
        adult.named_by_file = bool(guardian.name)
        self._register(adult)
        return adult

    def _join_without_phone(self) -> None:
        """A father without a number in two rows that share the mother is one man."""
        for adult in list(self.adults):
            if adult.present or adult.phone_key or adult.id_number_key or adult.nameless or not adult.pupils:
                continue
            pupil = self.pupils[adult.pupils[0]]
            in_row = [other for other, _ in pupil.links]
            partners = [other for other in in_row if other is not adult]
            twin = next(
                (
                    candidate
                    for partner in partners
                    for candidate in self._partners_of(partner)
                    if candidate not in in_row and candidate.name == adult.name
                ),
                None,
            )
            if twin is None:
                continue
            pupil.links = [(twin if linked is adult else linked, guardian) for linked, guardian in pupil.links]
            if not twin.pupils:
                self.adults.append(twin)
            twin.pupils.append(adult.pupils[0])
            self.adults.remove(adult)
            adult.pupils = []

    def _partners_of(self, adult: _Adult) -> list[_Adult]:
        """Everyone who shares a child with `adult`, in the file or at the school."""
        found = [other for position in adult.pupils for other, _ in self.pupils[position].links]
        if adult.present:
            for edge in self.present.edges:
                if edge.guardian_id == adult.present.id:
                    ids = [each.guardian_id for each in self.edges_of[edge.student_id]]
                    found += [self.by_person[each] for each in ids if each in self.by_person]
        return found

    def _note_differing_phones(self) -> None:
        """Two children share one parent, and the other parent has the same name but two numbers: perhaps a slip."""
        noted: set[tuple[int, str]] = set()
        for shared in self.adults:
            if len(shared.pupils) < 2:
                continue
            by_name: dict[str, tuple[_Adult, int]] = {}
            for position in shared.pupils:
                for other, guardian in self.pupils[position].links:
                    if other is shared or other.nameless:
                        continue
                    first = by_name.setdefault(other.name, (other, position))
                    if (
                        first[0] is not other
                        and (id(other), other.name) not in noted
                        and not (other.present and first[0].present)
                    ):
                        noted.add((id(other), other.name))
                        row = self.pupils[position].row
                        values = {
                            "name": other.name, "value": _masked(guardian.phone), "phone": _masked(first[0].phone),
                            "other": str(self.pupils[first[1]].row.place.row),
                        }  # fmt: skip
                        self.doubts.append(Remark("two_of_a_name", row.guardian_at(guardian, "phone"), values))

    # --- the result

    def _result(self) -> Plan:
        plan = Plan(version=self.present.version, sheets=self.reading.sheets, kind=self.reading.kind)
        for number, adult in enumerate((each for each in self.adults if each.present is None), start=1):
            adult.ref = -number
        new = 0
        for pupil in self.pupils:
            if pupil.present is None:
                new += 1
            pupil.ref = pupil.present.id if pupil.present else -new
            plan.pupils.append(self._pupil_plan(pupil))
        plan.adults = [_adult_plan(adult) for adult in self.adults]
        touched: set[int] = set()
        for pupil in self.pupils:
            for order, (adult, guardian) in enumerate(pupil.links, start=1):
                edge = self._edge_plan(pupil, adult, guardian, order)
                plan.edges.append(edge)
                touched.add(edge.edge_id)
        self._find_gone(plan, touched)
        plan.classes = self.new_classes
        named = {class_words(pupil.row.school_class) for pupil in self.pupils if pupil.row.school_class}
        plan.class_names = sorted(named)
        plan.rejected, plan.doubts = self.rejected, self.doubts
        return plan

    def _pupil_plan(self, pupil: _Pupil) -> PersonPlan:
        row, present = pupil.row, pupil.present
        plan = PersonPlan(pupil.ref, row.name, "new", sheet=row.place.sheet, row=row.place.row)
        values: dict[str, str | None] = {}
        if present is None or row.name != present.name:
            values |= {"name": row.name, "pinyin": pinyin_of(row.name)}
        if row.student_number and (present is None or row.student_number != present.student_number):
            values["student_number"] = row.student_number
        if row.sex and (present is None or row.sex != present.sex):
            values["sex"] = row.sex
        if row.born_on and (present is None or row.born_on != present.born_on):
            values["born_on"] = row.born_on.isoformat()
        _encrypted(values, "phone", row.phone, phone_key(row.phone), present.phone_key if present else "")
        id_key = id_number_key(row.id_number)
        if id_key:
            _encrypted(values, "id_number", row.id_number, id_key, present.id_number_key if present else "")
        elif row.id_number and present is None:
            values["id_number"] = encrypt(row.id_number)
        for name, text in (("address", row.address), ("email", row.email)):
            if text and (present is None or _decrypted(getattr(present, name)) != text):
                values[name] = encrypt(text)
        if row.school_class:
            plan.class_ref, plan.class_words = self._class_ref(row.school_class), class_words(row.school_class)
            plan.moves = present is None or present.class_id != plan.class_ref
        plan.values = values
        if present is not None:
            plan.class_before = self._class_name(present.class_id)
            plan.restored = present.archived
            shown = {"name": present.name, "student_number": present.student_number, "sex": present.sex}
            shown["born_on"] = str(present.born_on or "")
            plan.before = {name: shown.get(name, "") for name in values}
            plan.state = "changed" if values or plan.moves or plan.restored else "same"
        return plan

    def _edge_plan(self, pupil: _Pupil, adult: _Adult, guardian: GuardianRow, order: int) -> EdgePlan:
        relation = guardian.relation or "other"
        edge = None
        if pupil.present and adult.present:
            edge = self.edge.get((adult.present.id, pupil.present.id))
        if edge is None:
            return EdgePlan(pupil.ref, adult.ref, "new", relation, order)
        plan = EdgePlan(pupil.ref, adult.ref, "same", edge.relation, order, edge.id, edge.relation)
        if not edge.live and not edge.ended_by_roster:
            place = pupil.row.guardian_at(guardian, "name")
            self.doubts.append(Remark("edge_ended", place, {"name": adult.name, "child": pupil.row.name}))
            return plan
        plan.reopened = not edge.live
        if relation != "other":
            plan.relation = relation
        plan.state = "changed" if plan.reopened or plan.relation != edge.relation else "same"
        return plan

    def _find_gone(self, plan: Plan, touched: set[int]) -> None:
        names = {each.id: each.name for each in self.present.adults}
        if self.reading.has_guardians:
            for pupil in self.pupils:
                if pupil.present is None or pupil.incomplete or not pupil.links:
                    continue  # a row that names no guardian says nothing about them
                for edge in self.edges_of[pupil.present.id]:
                    if edge.live and edge.from_roster and edge.id not in touched:
                        plan.gone_edges.append(Gone(edge.id, names.get(edge.guardian_id, "?"), pupil.row.name))
        ended = {gone.id for gone in plan.gone_edges}
        left = {edge.guardian_id for edge in self.present.edges if edge.live and edge.id not in ended}
        in_file = {adult.ref for adult in self.adults}
        leaving = dict.fromkeys(edge.guardian_id for edge in self.present.edges if edge.id in ended)
        plan.gone_adults = [
            Gone(each, names.get(each, "?")) for each in leaving if each not in left and each not in in_file
        ]
        in_classes = {plan.class_ref for plan in plan.pupils if plan.class_ref > 0}
        there = [p for p in self.present.pupils if p.class_id in in_classes and not p.archived]
        gone = [p for p in there if p.id not in self.spoken_for]
        plan.gone_pupils = [Gone(p.id, p.name, self._class_name(p.class_id)) for p in gone]
        plan.ends_gone = not self.keep_gone
        if not self.keep_gone and len(gone) >= MANY_GONE and len(gone) * 5 > len(there):
            answer = self.answers.get("many_gone", "")
            plan.ends_gone = answer == "end"
            if answer not in {"end", "keep"}:
                place = Place(self.reading.sheets[0].name if self.reading.sheets else "", 1)
                values = {"count": str(len(gone)), "total": str(len(there))}
                self.doubts.append(Remark("many_gone", place, values, "many_gone", ["end", "keep"]))


def _join(kept: PupilRow, row: PupilRow) -> None:
    """Two rows of one pupil: what the first lacks comes from the second."""
    for name in ("student_number", "id_number", "sex", "born_on", "school_class", "phone", "email", "address"):
        if not getattr(kept, name):
            setattr(kept, name, getattr(row, name))
    kept.guardians = without_repeats([*kept.guardians, *row.guardians])[:MAX_GUARDIANS]


def _is_class(there: PresentClass, name: ClassName) -> bool:
    if (there.stage, there.grade) != (name.grade.stage, name.grade.number):
        return False
    if name.label:
        wanted = re.sub(r"\s", "", name.label)
        plain = re.sub(r"\s", "", there.name)
        return plain == wanted or plain == re.sub(r"\s", "", class_words(name))[:30]
    return there.number == name.number


def _other_role(adult: _Adult, guardian: GuardianRow) -> bool:
    """Whether `adult` is known to be somebody else than the row's guardian: a mother is no father."""
    known = adult.relations - {"other", ""}
    return bool(known) and guardian.relation not in {"other", ""} and guardian.relation not in known


def _masked(phone: str) -> str:
    return f"{phone[:3]}…{phone[-4:]}" if phone else "–"


def _encrypted(values: dict[str, str | None], name: str, text: str, key: str, present_key: str) -> None:
    if text and key and key != present_key:
        values[name] = encrypt(text)
        values[f"{name}_key"] = key


def _decrypted(token: str) -> str:
    try:
        return decrypt(token) if token else ""
    except InvalidToken:
        return ""


def _adult_plan(adult: _Adult) -> PersonPlan:
    present = adult.present
    plan = PersonPlan(adult.ref, adult.name, "new")
    values: dict[str, str | None] = {}
    if present is None or adult.name != present.name:
        values |= {"name": adult.name, "pinyin": pinyin_of(adult.name)}
    _encrypted(values, "phone", adult.phone, phone_key(adult.phone), present.phone_key if present else "")
    id_key = id_number_key(adult.id_number)
    _encrypted(values, "id_number", adult.id_number, id_key, present.id_number_key if present else "")
    if adult.email and (present is None or _decrypted(present.email) != adult.email):
        values["email"] = encrypt(adult.email)
    if present is None:
        sexes = {"mother": "f", "father": "m", "grandmother_p": "f", "grandfather_p": "m", "grandmother_m": "f",
                 "grandfather_m": "m", "stepmother": "f", "stepfather": "m"}  # fmt: skip
        told = {sexes[relation] for relation in adult.relations if relation in sexes}
        if len(told) == 1:
            values["sex"] = told.pop()
    plan.values = values
    if present is not None:
        plan.before = {"name": present.name} if "name" in values else {}
        plan.state = "changed" if values else "same"
    return plan
