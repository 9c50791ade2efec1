"""The schools around the cast: about 1,200 pupils with their families, and 90 members of staff."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, cycle
from random import Random
from typing import Any

from django.db import transaction

from homeroom.people.models import Delegation, Enrolment, Guardianship, Person, Role
from homeroom.school.models import Grade, School, SchoolClass, Subject

from .cast import Cast, Maker, current_term, entry_year, take_over_ids
from .names import Names

CLASSES_IN_A_GRADE = {"primary": 4, "junior": 3}
PUPILS_IN_A_CLASS = {"primary": 34, "junior": 42}
Relation = Guardianship.Relation
Kind = Role.Kind

# Who answers for a child, and how many families in a hundred live so.
HOUSEHOLDS: list[tuple[int, tuple[str, ...]]] = [
    (62, (Relation.MOTHER, Relation.FATHER)),
    (10, (Relation.MOTHER, Relation.FATHER, Relation.GRANDMOTHER_P)),
    (6, (Relation.MOTHER, Relation.FATHER, Relation.GRANDFATHER_M)),
    (10, (Relation.MOTHER,)),
    (5, (Relation.FATHER,)),
    (3, (Relation.GRANDMOTHER_P, Relation.GRANDFATHER_P)),
    (2, (Relation.MOTHER, Relation.STEPFATHER)),
    (2, (Relation.FATHER, Relation.STEPMOTHER)),
]
HAS_ACCOUNT = {Relation.MOTHER: 0.94, Relation.FATHER: 0.66, Relation.STEPFATHER: 0.7, Relation.STEPMOTHER: 0.8}
FEMALE = {Relation.MOTHER, Relation.STEPMOTHER, Relation.GRANDMOTHER_P, Relation.GRANDMOTHER_M}
# Subjects beside those the class teacher gives, and how many classes one teacher has.
PRIMARY_LOADS = [
    ("数学", 3), ("英语", 5), ("科学", 8), ("体育", 8), ("音乐", 8), ("美术", 8), ("道德与法治", 12), ("信息科技", 12),
]  # fmt: skip
JUNIOR_LOADS = [
    ("数学", 3), ("英语", 3), ("物理", 5), ("历史", 5), ("地理", 6), ("生物", 6), ("化学", 9), ("道德与法治", 5),
    ("体育", 5),
]  # fmt: skip
OFFICES = {
    "primary": [Kind.SCHOOL_LEADER, Kind.SCHOOL_LEADER, Kind.OFFICE],
    "junior": [Kind.SCHOOL_LEADER, Kind.OFFICE, Kind.COUNSELLOR, Kind.IT_ADMINISTRATOR],
}


@dataclass
class Household:
    """One family: its family name and the adults, made once for all its children of one school."""

    school: School
    family: str
    adults: list[tuple[str, Person]]


@dataclass
class Population:
    """What was added, for whoever gives it a life."""

    classes: list[SchoolClass] = field(default_factory=list)  # of both schools, the cast's too
    head_of: dict[int, Person] = field(default_factory=dict)  # class id → its class teacher
    teachers_of: dict[int, list[tuple[Person, str]]] = field(default_factory=dict)  # class id → (teacher, subject)
    pupils: int = 0
    guardians: int = 0
    staff: int = 0


@transaction.atomic
def build_population(cast: Cast, maker: Maker, random: Random) -> Population:
    """Fill both schools up to their ordinary size."""
    return _Filler(cast, maker, random).fill()


class _Filler:
    def __init__(self, cast: Cast, maker: Maker, random: Random) -> None:
        self.cast = cast
        self.maker = maker
        self.random = random
        self.names = Names(random)
        self.result = Population()
        self.usernames = (f"demo{n}" for n in count(1))
        self.staff_numbers = count(101)
        self.edges: list[Guardianship] = []
        self.enrolments: list[Enrolment] = []
        self.roles: list[Role] = []

    def fill(self) -> Population:
        self.build_classes()
        for school in (self.cast.school, self.cast.elsewhere):
            self.build_staff(school)
            self.build_families(school)
        self.maker.save()
        take_over_ids(self.edges, "guardian", "student")
        take_over_ids(self.enrolments, "student")
        take_over_ids(self.roles, "person")
        Guardianship.objects.bulk_create(self.edges, batch_size=500)
        Enrolment.objects.bulk_create(self.enrolments, batch_size=500)
        Role.objects.bulk_create(self.roles)
        self.delegate_some()
        self.result.pupils = Enrolment.objects.filter(school__in=self.schools).count()
        self.result.guardians = (
            Guardianship.objects.filter(school__in=self.schools).values("guardian").distinct().count()
        )
        self.result.staff = Role.objects.filter(school__in=self.schools).values("person").distinct().count()
        return self.result

    @property
    def schools(self) -> list[School]:
        return [self.cast.school, self.cast.elsewhere]

    def build_classes(self) -> None:
        new = []
        there = {(c.grade_id, c.number) for c in SchoolClass.objects.filter(school__in=self.schools)}
        for grade in Grade.objects.filter(school__in=self.schools).select_related("school"):
            for number in range(1, CLASSES_IN_A_GRADE[grade.stage] + 1):
                if (grade.pk, number) not in there:
                    entered = entry_year(self.cast.today, grade.number)
                    name = f"{grade.name}{number}班"
                    new.append(
                        SchoolClass(school=grade.school, grade=grade, number=number, name=name, entry_year=entered)
                    )
        SchoolClass.objects.bulk_create(new)
        rows = SchoolClass.objects.filter(school__in=self.schools).select_related("grade", "school")
        self.result.classes = list(rows.order_by("grade_id", "number"))

    def classes_of(self, school: School) -> list[SchoolClass]:
        return [school_class for school_class in self.result.classes if school_class.school_id == school.pk]

    # --- staff

    def new_teacher(self, school: School, *, women: float = 0.72) -> Person:
        sex = "f" if self.random.random() < women else "m"
        name = self.names.teacher(sex)
        number = f"T{next(self.staff_numbers)}"
        return self.maker.adult(school, name, username=next(self.usernames), sex=sex, staff_number=number)

    def role(self, person: Person, kind: str, **place: Any) -> None:
        self.roles.append(Role(school=person.school, person=person, kind=kind, **place))

    def teach(self, person: Person, school_class: SchoolClass, subject: Subject) -> None:
        self.role(person, Kind.SUBJECT_TEACHER, school_class=school_class, subject=subject)
        self.result.teachers_of.setdefault(school_class.pk, []).append((person, subject.name))

    def build_staff(self, school: School) -> None:
        stage = school.stages[0]
        subjects = {subject.name: subject for subject in school.subjects.all()}
        taken: set[tuple[int, str]] = set()
        cast_roles = Role.objects.filter(school=school, stands_in_for=None).select_related("person__school", "subject")
        for role in cast_roles.exclude(school_class=None):
            class_id = role.school_class_id or 0
            if role.kind == Kind.CLASS_TEACHER:
                self.result.head_of[class_id] = role.person
            elif role.subject is not None:
                taken.add((class_id, role.subject.name))
                known = self.result.teachers_of.setdefault(class_id, [])
                known.append((role.person, role.subject.name))
        classes = self.classes_of(school)
        for school_class in classes:
            if school_class.pk not in self.result.head_of:
                head = self.new_teacher(school)
                self.result.head_of[school_class.pk] = head
                self.role(head, Kind.CLASS_TEACHER, school_class=school_class)
                self.teach(head, school_class, subjects["语文"])
                taken.add((school_class.pk, "语文"))
        for subject, load in PRIMARY_LOADS if stage == "primary" else JUNIOR_LOADS:
            gives = [c for c in classes if (c.pk, subject) not in taken and self.is_taught(subject, c)]
            for start in range(0, len(gives), load):
                teacher = self.new_teacher(school, women=0.3 if subject in {"体育", "物理"} else 0.7)
                for school_class in gives[start : start + load]:
                    self.teach(teacher, school_class, subjects[subject])
        led = set(Role.objects.filter(school=school, kind=Kind.GRADE_LEADER).values_list("grade_id", flat=True))
        for grade in {c.grade_id: c.grade for c in classes}.values():
            if grade.pk not in led:
                first = next(c for c in classes if c.grade_id == grade.pk)
                self.role(self.result.head_of[first.pk], Kind.GRADE_LEADER, grade=grade)
        for kind in OFFICES[stage]:
            self.role(self.new_teacher(school, women=0.5), kind)

    @staticmethod
    def is_taught(subject: str, school_class: SchoolClass) -> bool:
        """By the curriculum: English and IT from year 3, physics from year 8, chemistry in year 9."""
        grade = school_class.grade
        first = {"英语": 3, "信息科技": 3} if grade.stage == "primary" else {"物理": 2, "化学": 3}
        return grade.number >= first.get(subject, 1)

    # --- families

    def build_families(self, school: School) -> None:
        households: list[Household] = []
        sizes = dict.fromkeys((c.pk for c in self.classes_of(school)), 0)
        for class_id in Enrolment.objects.filter(school=school).values_list("school_class_id", flat=True):
            sizes[class_id] += 1
        places = self.places(school, sizes)
        for school_class in places:
            sibling = households and self.random.random() < 0.13
            household = self.random.choice(households) if sibling else self.new_household(school)
            if not sibling:
                households.append(household)
            self.add_child(household, school_class)
            if self.random.random() < 0.006:  # twins go to one class
                self.add_child(household, school_class)
        self.restrict_some()

    def places(self, school: School, sizes: dict[int, int]) -> Iterator[SchoolClass]:
        free = []
        for school_class in self.classes_of(school):
            usual = PUPILS_IN_A_CLASS[school_class.grade.stage] + self.random.randint(-2, 2)
            free += [school_class] * max(0, usual - sizes[school_class.pk])
        self.random.shuffle(free)
        yield from free

    def new_household(self, school: School) -> Household:
        weights = [weight for weight, _relations in HOUSEHOLDS]
        relations = self.random.choices(HOUSEHOLDS, weights)[0][1]
        family = self.names.family()
        adults = [(relation, self.new_guardian(school, family, relation)) for relation in relations]
        return Household(school, family, adults)

    def new_guardian(self, school: School, family: str, relation: str) -> Person:
        sex = "f" if relation in FEMALE else "m"
        if relation in {Relation.MOTHER, Relation.STEPMOTHER}:
            name = self.names.mother()
        elif relation in {Relation.FATHER, Relation.STEPFATHER}:
            name = self.names.father(family if relation == Relation.FATHER else "")
        else:
            name = self.names.grandparent(sex, family if relation == Relation.GRANDFATHER_P else "")
        signs_in = self.random.random() < HAS_ACCOUNT.get(Relation(relation), 0.15)
        return self.maker.adult(school, name, username=next(self.usernames) if signs_in else "", sex=sex)

    def add_child(self, household: Household, school_class: SchoolClass) -> None:
        sex = self.random.choice("fm")
        name = self.names.child(household.family, sex)
        child = self.maker.pupil(household.school, name, sex=sex, grade=school_class.grade)
        since = current_term(self.cast.today)["starts_on"]
        self.enrolments.append(
            Enrolment(school=household.school, student=child, school_class=school_class, starts_on=since)
        )
        for order, (relation, adult) in enumerate(household.adults, 1):
            self.edges.append(
                Guardianship(
                    school=household.school, guardian=adult, student=child, relation=relation, contact_order=order
                )
            )

    def restrict_some(self) -> None:
        """A few fathers after a divorce: some may not see records, a few have no access at all."""
        fathers = [
            e for e in self.edges if e.relation == Relation.FATHER and e.contact_order == 2 and not e.restriction
        ]
        chosen = self.random.sample(fathers, 6)
        for edge, restriction in zip(chosen, cycle(["no_records", "no_records", "no_contact"]), strict=False):
            edge.restriction = restriction
            if restriction == "no_contact":
                edge.custody_note = "孩子由母亲抚养，已按法院文书登记。"

    def delegate_some(self) -> None:
        """Parents away for work lend their rights to a neighbour whose child goes to the same school."""
        mothers = [edge for edge in self.edges if edge.relation == Relation.MOTHER and not edge.restriction]
        rows = []
        for _number in range(6):
            edge = self.random.choice(mothers)
            neighbours = [m for m in mothers if m.school_id == edge.school_id and m.guardian_id != edge.guardian_id]
            since = self.cast.today - timedelta(days=self.random.randint(3, 30))
            until = self.cast.today + timedelta(days=self.random.randint(10, 60))
            delegate = self.random.choice(neighbours).guardian
            rows.append(
                Delegation(school=edge.school, guardianship=edge, delegate=delegate, starts_on=since, ends_on=until)
            )
        Delegation.objects.bulk_create(rows)
