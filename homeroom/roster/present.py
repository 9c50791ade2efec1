"""The school's roster as it is, in a form that travels to the child process which compares."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from homeroom.people.models import Enrolment, Guardianship, Person
from homeroom.school.models import Grade, School, SchoolClass

from .models import RosterEdge


@dataclass(slots=True)
class PresentPupil:
    """`address` and `email` are tokens: they are decrypted where they are compared, not beside the gateway."""

    id: int
    name: str
    student_number: str
    id_number_key: str
    sex: str
    born_on: date | None
    phone_key: str
    address: str
    email: str
    archived: bool
    class_id: int = 0


@dataclass(slots=True)
class PresentAdult:
    id: int
    name: str
    phone_key: str
    id_number_key: str
    email: str


@dataclass(slots=True)
class PresentEdge:
    id: int
    guardian_id: int
    student_id: int
    relation: str
    live: bool
    from_roster: bool
    ended_by_roster: bool


@dataclass(slots=True)
class PresentClass:
    id: int
    stage: str
    grade: int  # the grade's number within its stage
    number: int
    name: str


@dataclass(slots=True)
class Present:
    """Everything a comparison needs to know. An empty one stands for a school that is not there yet."""

    today: date
    version: int = 0
    stages: tuple[str, ...] = ()
    pupils: list[PresentPupil] = field(default_factory=list)
    adults: list[PresentAdult] = field(default_factory=list)
    edges: list[PresentEdge] = field(default_factory=list)
    classes: list[PresentClass] = field(default_factory=list)
    grades: list[tuple[str, int]] = field(default_factory=list)


def today_at(school: School) -> date:
    return timezone.now().astimezone(ZoneInfo(school.time_zone)).date()


def present_of(school: School) -> Present:
    """The roster of `school` in six queries.

    The version is read first: whatever moves while the rest is read makes the comparison stale, never wrong.
    """
    version = School.objects.values_list("roster_version", flat=True).get(pk=school.pk)
    today = today_at(school)
    present = Present(today, version, tuple(school.stages))
    is_pupil = (
        ~Q(student_number="")
        | Q(Exists(Enrolment.objects.filter(student_id=OuterRef("pk"))))
        | Q(Exists(Guardianship.objects.filter(student_id=OuterRef("pk"))))
    )
    classes = dict(
        Enrolment.objects.filter(school=school, ends_on__isnull=True).values_list("student_id", "school_class_id")
    )
    tokens = {"address_token": Cast("address", TextField()), "email_token": Cast("email", TextField())}
    columns = ("id", "name", "student_number", "id_number_key", "sex", "born_on", "phone_key")
    pupil_ids: set[int] = set()
    rows: Any = (
        Person.objects.filter(is_pupil, school=school)
        .annotate(**tokens)
        .values_list(*columns, "address_token", "email_token", "archived_at")
        .order_by("id")
    )
    for pk, name, number, id_key, sex, born_on, phone, address, email, archived_at in rows:
        pupil_ids.add(pk)
        gone, class_id = archived_at is not None, classes.get(pk, 0)
        pupil = PresentPupil(pk, name, number, id_key, sex, born_on, phone, address, email, gone, class_id)
        present.pupils.append(pupil)
    adults = (
        Person.objects.filter(school=school, archived_at__isnull=True)
        .annotate(email_token=tokens["email_token"])
        .values_list("id", "name", "phone_key", "id_number_key", "email_token")
        .order_by("id")
    )
    present.adults = [PresentAdult(*row) for row in adults if row[0] not in pupil_ids]
    made = dict(RosterEdge.objects.filter(school=school).values_list("guardianship_id", "ended"))
    for pk, guardian_id, student_id, relation, ends_on in (
        Guardianship.objects.filter(school=school)
        .order_by("student_id", "contact_order", "id")
        .values_list("id", "guardian_id", "student_id", "relation", "ends_on")
    ):
        live = ends_on is None or ends_on >= today
        present.edges.append(
            PresentEdge(pk, guardian_id, student_id, relation, live, pk in made, made.get(pk, False) and not live)
        )
    present.classes = [
        PresentClass(*row)
        for row in SchoolClass.objects.filter(school=school, archived_at__isnull=True)
        .annotate(grade_number=F("grade__number"))
        .values_list("id", "grade__stage", "grade_number", "number", "name")
    ]
    present.grades = list(Grade.objects.filter(school=school).values_list("stage", "number"))
    return present
