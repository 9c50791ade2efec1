"""Resolving an audience, set by set: the number of statements never depends on the number of people."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext as _

from homeroom.people.models import Enrolment, Person, Role
from homeroom.people.public import Pair, guardian_label, guardian_pairs, guardians_of
from homeroom.school.models import Grade, School, SchoolClass, Subject

from . import registry
from .audience import Audience, Part
from .models import GroupMember, SavedGroup


@dataclass(frozen=True, slots=True)
class Student:
    """A child meant by an audience."""

    id: int
    uuid: UUID
    name: str
    class_id: int
    class_name: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """The people an audience means on a date."""

    students: list[Student]
    pairs: list[Pair]
    staff: list[int]
    pupils: list[int]  # pupils asked for themselves
    unreachable: frozenset[int]  # person ids of guardians, staff and pupils to whom no way leads

    @property
    def is_empty(self) -> bool:
        return not (self.pairs or self.staff or self.pupils)


@dataclass(frozen=True, slots=True)
class Unreached:
    """A child of whom nobody, or not everybody, can be reached."""

    student: Student
    reason: str
    nobody: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What a sender is told before sending."""

    students: int
    guardians: int
    pairs: int
    staff: int
    pupils: int
    classes: list[tuple[str, int]]  # name and children meant
    unreached: list[Unreached]  # children of whom nobody can be reached come first
    unreached_staff: int

    @property
    def nobody(self) -> int:
        return sum(one.nobody for one in self.unreached)


def grade_q(key: str, prefix: str = "") -> Q:
    """A condition for the grade `primary-3`."""
    stage, _dash, number = key.partition("-")
    return Q(**{f"{prefix}stage": stage, f"{prefix}number": int(number)})


def _enrolment_q(part: Part, school: School, on: date) -> Q | None:
    """The condition on Enrolment for the pupils of one part; None when the part means no pupils."""
    if part.kind == "school":
        return Q(school=school)
    if part.kind == "grade":
        return grade_q(part.id, "school_class__grade__")
    if part.kind == "class":
        return Q(school_class__uuid=part.id)
    if part.kind == "student":
        return Q(student__uuid=part.id)
    if part.kind == "group":
        members = GroupMember.objects.filter(group__uuid=part.id, group__school=school, group__archived_at__isnull=True)
        return Q(student_id__in=members.values("person_id"))
    if part.kind == "subject_group":
        teacher, _colon, subject = part.id.partition(":")
        taught = Role.objects.in_force(on).filter(school=school, person__uuid=teacher, subject_id=int(subject))
        return Q(school_class_id__in=taught.values("school_class_id"))
    if part.kind == "source":
        name, _colon, class_uuid = part.id.partition(":")
        source = registry.sources.get(name)
        if source is None:
            return Q(pk__in=[])
        condition = Q(student_id__in=source.resolve(school, on).values("student_id"))
        return condition & Q(school_class__uuid=class_uuid) if class_uuid else condition
    return None


def enrolments(parts: tuple[Part, ...], school: School, on: date) -> QuerySet[Enrolment]:
    """Current enrolments of the pupils in any of `parts`. Single values of one kind share one condition."""
    condition = Q(pk__in=[])
    singles: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        if part.kind in {"class", "student"}:
            singles[part.kind].append(part.id)
        elif (one := _enrolment_q(part, school, on)) is not None:
            condition |= one
    if singles["class"]:
        condition |= Q(school_class__uuid__in=singles["class"])
    if singles["student"]:
        condition |= Q(student__uuid__in=singles["student"])
    return Enrolment.objects.filter(condition, school=school, ends_on__isnull=True, student__archived_at__isnull=True)


def _staff_q(part: Part, school: School) -> Q | None:
    """The condition on Role for the staff of one part; None when the part means no staff by role."""
    if part.kind != "staff":
        return None
    what, _colon, rest = part.id.partition(":")
    if what == "all":
        return Q(school=school)
    if what == "class_teacher":
        return Q(kind=Role.Kind.CLASS_TEACHER)
    if what == "subject":
        return Q(subject_id=int(rest))
    if what == "class":
        return Q(school_class__uuid=rest)
    return grade_q(rest, "grade__") | grade_q(rest, "school_class__grade__")


def staff_ids(parts: tuple[Part, ...], school: School, on: date) -> QuerySet[Any] | None:
    """Staff in any of `parts` as a queryset of Person; None when no part can mean staff."""
    condition: Q | None = None
    for part in parts:
        one: Q | None = None
        role_q = _staff_q(part, school)
        if role_q is not None:
            one = Q(Exists(Role.objects.in_force(on).filter(role_q, school=school, person_id=OuterRef("pk"))))
        elif part.kind == "group":
            members = GroupMember.objects.filter(
                group__uuid=part.id, group__school=school, group__archived_at__isnull=True
            )
            works = Role.objects.in_force(on).filter(person_id=OuterRef("pk"))
            one = Q(pk__in=members.values("person_id")) & Q(Exists(works))
        if one is not None:
            condition = one if condition is None else condition | one
    if condition is None:
        return None
    return Person.objects.filter(condition, school=school, archived_at__isnull=True)


def students_of(audience: Audience, school: School, on: date) -> QuerySet[Enrolment]:
    """Current enrolments of the children an audience means."""
    meant = enrolments(audience.any, school, on)
    if audience.except_:
        meant = meant.exclude(pk__in=enrolments(audience.except_, school, on).values("pk"))
    return meant


def with_contact(persons: QuerySet[Person]) -> QuerySet[Person]:
    """Persons with what `registry.reachable` asks for."""
    return persons.annotate(email_length=Length("email"))


def resolve(audience: Audience, school: School, on: date) -> Resolved:
    """Everyone meant on a date. At most six statements, for any number of people."""
    meant = students_of(audience, school, on)
    students = [
        Student(*row)
        for row in meant.order_by("school_class__grade_id", "school_class__number", "student_id").values_list(
            "student_id", "student__uuid", "student__name", "school_class_id", "school_class__name"
        )
    ]
    student_rows = Person.objects.filter(pk__in=meant.values("student_id"))
    pairs = guardian_pairs(student_rows, on=on) if students else []
    staff_rows = staff_ids(audience.any, school, on)
    if staff_rows is not None and audience.except_:
        excluded = staff_ids(audience.except_, school, on)
        if excluded is not None:
            staff_rows = staff_rows.exclude(pk__in=excluded.values("pk"))
    staff = list(staff_rows.order_by("pk").values_list("pk", flat=True)) if staff_rows is not None else []
    pupils: list[int] = []
    if audience.pupils_too and students:
        pupils = list(student_rows.filter(account__isnull=False).order_by("pk").values_list("pk", flat=True))
    asked = {pair.person_id for pair in pairs} | set(staff)
    # Asked of the whole school and compared here: those whom nothing reaches are few, and a list of thousands of ids
    # would be too long for one statement.
    missed = with_contact(Person.objects.filter(school=school, archived_at__isnull=True)).exclude(registry.reachable())
    unreachable = frozenset(missed.values_list("pk", flat=True)) & asked if asked else frozenset()
    return Resolved(students, pairs, staff, pupils, unreachable)


def preview(audience: Audience, school: School, on: date, *, most: int = 200) -> Preview:
    """The counts a sender sees, and by name the children of whom somebody cannot be reached."""
    resolved = resolve(audience, school, on)
    of_child: dict[int, list[int]] = defaultdict(list)
    for pair in resolved.pairs:
        of_child[pair.student_id].append(pair.person_id)
    missing = {
        student.id: [person for person in of_child[student.id] if person in resolved.unreachable]
        for student in resolved.students
    }
    concerned = [student for student in resolved.students if missing[student.id] or not of_child[student.id]]
    concerned.sort(key=lambda student: len(missing[student.id]) < len(of_child[student.id]))
    named = guardians_of([student.id for student in concerned[:most]], on=on) if concerned else {}
    unreached = []
    for student in concerned[:most]:
        nobody = len(missing[student.id]) == len(of_child[student.id])
        if not of_child[student.id]:
            reason = _("No guardian is entered.")
        else:
            who = [
                guardian_label(student.name, edge.relation)
                for guardian, edge in named.get(student.id, [])
                if guardian.pk in resolved.unreachable
            ]
            reason = _("No account and no other way: %(who)s") % {"who": _(", ").join(who or [_("a stand-in")])}
        unreached.append(Unreached(student, reason, nobody))
    classes: dict[int, tuple[str, int]] = {}
    for student in resolved.students:
        name, count = classes.get(student.class_id, (student.class_name, 0))
        classes[student.class_id] = (name, count + 1)
    return Preview(
        students=len(resolved.students),
        guardians=len({pair.person_id for pair in resolved.pairs}),
        pairs=len(resolved.pairs),
        staff=len(resolved.staff),
        pupils=len(resolved.pupils),
        classes=list(classes.values()),
        unreached=unreached,
        unreached_staff=len(resolved.unreachable.intersection(resolved.staff)),
    )


def describe(audience: Audience, school: School) -> str:
    """The audience in words: 三年级2班、四年级 等 5 项. At most six statements."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for part in audience.any:
        by_kind[part.kind].append(part.id)
    words: list[str] = []
    if by_kind["school"]:
        words.append(_("Whole school"))
    if by_kind["grade"]:
        wanted = Q(pk__in=[])
        for key in by_kind["grade"]:
            wanted |= grade_q(key)
        words += Grade.objects.filter(wanted, school=school).values_list("name", flat=True)
    if by_kind["class"]:
        words += SchoolClass.objects.filter(school=school, uuid__in=by_kind["class"]).values_list("name", flat=True)
    if by_kind["group"]:
        words += SavedGroup.objects.filter(school=school, uuid__in=by_kind["group"]).values_list("name", flat=True)
    subject_ids = [int(one.partition(":")[2]) for one in by_kind["subject_group"]]
    subject_ids += [int(one.partition(":")[2]) for one in by_kind["staff"] if one.startswith("subject:")]
    if subject_ids:
        words += Subject.objects.filter(school=school, pk__in=subject_ids).values_list("name", flat=True)
    for one in by_kind["source"]:
        source = registry.sources.get(one.partition(":")[0])
        if source is not None:
            words.append(str(source.label))
    if by_kind["student"]:
        names = (
            Person.objects.filter(school=school, uuid__in=by_kind["student"])
            .order_by("id")
            .values_list("name", flat=True)
        )
        words += list(names[:5])
        if len(by_kind["student"]) > 5:
            words.append(_("and other families"))
    if "all" in by_kind["staff"]:
        words.append(_("All staff"))
    elif by_kind["staff"]:
        words.append(_("Staff"))
    if len(words) > 6:
        words = [*words[:5], _("%(count)d more") % {"count": len(words) - 5}]
    return _(", ").join(words)
