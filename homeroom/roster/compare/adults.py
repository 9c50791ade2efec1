"""The adults a comparison knows: those at the school and, as they are told apart, those the file adds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain

from homeroom.roster.present import Present, PresentAdult, PresentEdge
from homeroom.roster.reading.rows import GuardianRow

RELATION_WORDS = {
    "mother": "妈妈", "father": "爸爸", "grandmother_p": "奶奶", "grandfather_p": "爷爷", "grandmother_m": "外婆",
    "grandfather_m": "外公", "stepmother": "继母", "stepfather": "继父", "relative": "亲属", "other": "家长",
}  # fmt: skip
UNTOLD = {"", "other"}  # says nothing of who somebody is to the child


@dataclass(eq=False, slots=True)
class Adult:
    """A guardian while comparing, as they will be after the import."""

    key: str  # the person's id, or f1, f2 … for those of the file; answers refer to it
    name: str
    phone_key: str = ""
    id_number_key: str = ""
    present: PresentAdult | None = None
    nameless: bool = False  # stands under a made-up name such as 张三家长
    named_by_file: bool = False
    phone: str = ""  # this and the next two as the file has them
    id_number: str = ""
    email: str = ""
    links: dict[int, GuardianRow] = field(default_factory=dict)  # position of the pupil in the file to what it says
    ref: int = 0


class Adults:
    """Everyone by phone, by ID number and by child."""

    def __init__(self, present: Present, positions: dict[int, int]) -> None:
        """`positions`: the school's pupils that the file speaks of, to their place in it."""
        self.positions = positions
        self.by_phone: dict[str, list[Adult]] = defaultdict(list)
        self.by_id: dict[str, Adult] = {}
        self.by_person: dict[int, Adult] = {}
        self.edges_to: dict[int, list[PresentEdge]] = defaultdict(list)  # by student
        self.edges_from: dict[int, list[PresentEdge]] = defaultdict(list)  # by guardian
        for edge in present.edges:
            self.edges_to[edge.student_id].append(edge)
            self.edges_from[edge.guardian_id].append(edge)
        children = {pupil.id: pupil.name for pupil in present.pupils}
        for each in present.adults:
            adult = Adult(str(each.id), each.name, each.phone_key, each.id_number_key, each, ref=each.id)
            adult.nameless = any(
                each.name == f"{children.get(edge.student_id, '')}{word}"
                for edge in self.edges_from[each.id]
                for word in RELATION_WORDS.values()
            )
            self.by_person[each.id] = adult
            self.add(adult)

    def add(self, adult: Adult) -> None:
        if adult.phone_key:
            self.by_phone[adult.phone_key].append(adult)
        if adult.id_number_key:
            self.by_id.setdefault(adult.id_number_key, adult)

    def renumber(self, adult: Adult, phone_key: str) -> None:
        """From now on the new number is theirs; who else has the old one is somebody else."""
        if phone_key and phone_key != adult.phone_key:
            if adult.phone_key:
                self.by_phone[adult.phone_key].remove(adult)
            adult.phone_key = phone_key
            self.by_phone[phone_key].append(adult)

    def guardians_of(self, student_id: int) -> list[Adult]:
        """Those the pupil has at the school or once had there, the present ones first."""
        edges = sorted(self.edges_to.get(student_id, ()), key=lambda edge: not edge.live)
        return [self.by_person[edge.guardian_id] for edge in edges if edge.guardian_id in self.by_person]

    def relations(self, adult: Adult) -> set[str]:
        """What the adult will be to their children: by the school's links, and by the file where it says more."""
        found = {guardian.relation for guardian in adult.links.values()}
        for edge in self.edges_from.get(adult.present.id, ()) if adult.present else ():
            told = adult.links.get(self.positions.get(edge.student_id, -1))
            if told is None or told.relation in UNTOLD or is_ended_by_hand(edge):
                found.add(edge.relation)
        return found - UNTOLD

    def phones(self) -> dict[int, set[str]]:
        """By which numbers the guardians of each of the school's pupils are known."""
        found: dict[int, set[str]] = defaultdict(set)
        students = {position: student for student, position in self.positions.items()}
        for adult in chain.from_iterable(self.by_phone.values()):
            for student_id in (*self.children(adult), *(students.get(position, 0) for position in adult.links)):
                found[student_id].add(adult.phone_key)
        return found

    def children(self, adult: Adult) -> set[int]:
        """The ids of the pupils at the school whose guardian the adult is or was."""
        return {edge.student_id for edge in self.edges_from.get(adult.present.id, ())} if adult.present else set()


def is_ended_by_hand(edge: PresentEdge) -> bool:
    """Ended at the school, not by a list: no list opens it again."""
    return not edge.live and not edge.ended_by_roster
