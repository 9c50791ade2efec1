"""`homeroom bench prepare`: guardians with signed-in sessions, for a load generator outside the project.

One JSON object a line: `cookie`, `person` (its public id), `stream`, `number` (the stream's last number: say hello to
the socket with it) and `expected_items`, what the guardian's inbox must show. The guardians belong to a school of their
own, 压测学校. A database that holds a real school is refused: the bench's people would be in it for good.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction
from django.utils import timezone

from homeroom.delivery import public as delivery
from homeroom.demo import public as demo
from homeroom.eventlog.public import last_numbers
from homeroom.kit.access import SystemActor
from homeroom.people.models import Account, Enrolment, Guardianship, Person, Role, Session
from homeroom.people.sessions import PERSON_KEY, SessionStore
from homeroom.school.models import Grade, School, SchoolClass, Stage
from homeroom.school.public import create_school

SCHOOL = "压测学校"
CLASS_SIZE = 40
ACTOR = SystemActor("bench")
TEACHER = "bench-teacher"


class NotOurs(Exception):
    """The database holds a real school."""


@dataclass(frozen=True, slots=True)
class Guest:
    """One signed-in guardian."""

    cookie: str
    person: str
    person_id: int
    student_id: int
    number: int
    expected_items: int


def bench_school() -> School:
    """The school of the benches, made when it is not there. Raises NotOurs beside a real school."""
    others = School.objects.exclude(name=SCHOOL)
    if others.exists() and not demo.is_demo():
        raise NotOurs
    found = School.objects.filter(name=SCHOOL).first()
    return found or create_school(actor=ACTOR, name=SCHOOL, stages=[Stage.PRIMARY])


@transaction.atomic
def fill(school: School, guardians: int) -> None:
    """Add families until there are so many guardians, each with one child, in classes of forty with a class teacher."""
    there = Guardianship.objects.filter(school=school).count()
    missing = range(there, guardians)
    if not missing:
        return
    today = timezone.localdate() - timedelta(days=1)
    grade = Grade.objects.filter(school=school).order_by("number").first()
    assert grade is not None
    wanted = -(-guardians // CLASS_SIZE)
    for number in range(SchoolClass.objects.filter(school=school).count() + 1, wanted + 1):
        made = SchoolClass.objects.create(
            school=school, grade=grade, number=number, name=f"{grade.name}{number}班", entry_year=today.year
        )
        username = f"{TEACHER}-{number}"
        teacher = Person.objects.create(school=school, account=_account(username), name=f"班主任{number}")
        Role.objects.create(school=school, person=teacher, kind=Role.Kind.CLASS_TEACHER, school_class=made)
        if number == 1:
            Role.objects.create(school=school, person=teacher, kind=Role.Kind.SCHOOL_LEADER)
    classes = list(SchoolClass.objects.filter(school=school).order_by("number"))
    accounts = Account.objects.bulk_create([Account(username=f"bench-{n}", password="!bench") for n in missing])
    adults = Person.objects.bulk_create(
        [Person(school=school, account=account, name=f"家长{n}") for n, account in zip(missing, accounts, strict=True)]
    )
    pupils = Person.objects.bulk_create(
        [Person(school=school, name=f"学生{n}", student_number=f"B{n:07}") for n in missing]
    )
    Enrolment.objects.bulk_create(
        Enrolment(school=school, student=pupil, school_class=classes[n // CLASS_SIZE], starts_on=today)
        for n, pupil in zip(missing, pupils, strict=True)
    )
    Guardianship.objects.bulk_create(
        Guardianship(school=school, guardian=adult, student=pupil, relation=Guardianship.Relation.MOTHER)
        for adult, pupil in zip(adults, pupils, strict=True)
    )


def _account(username: str) -> Account:
    return Account.objects.create(username=username, password="!bench")  # nobody signs in with it: sessions are made


@transaction.atomic
def sign_in(persons: list[Person]) -> dict[int, str]:
    """A session for each person, as signing in would make it; returns session keys by person id."""
    store = SessionStore()
    expires = timezone.now() + timedelta(days=1)
    sessions = []
    keys = {}
    for person in persons:
        assert person.account is not None
        data = {
            SESSION_KEY: str(person.account_id),
            BACKEND_SESSION_KEY: "homeroom.people.sign_in.Backend",
            HASH_SESSION_KEY: person.account.get_session_auth_hash(),
            PERSON_KEY: person.pk,
        }
        keys[person.pk] = key = store._get_new_session_key()  # type: ignore[attr-defined]
        sessions.append(
            Session(
                session_key=key,
                session_data=store.encode(data),
                expire_date=expires,
                account_id=person.account_id,
                person_id=person.pk,
                device="bench",
                last_seen_at=timezone.now(),
            )
        )
    Session.objects.bulk_create(sessions, batch_size=500)
    return keys


def send(school: School, edges: list[tuple[int, int]], title: str, *, level: str = "read") -> None:
    """One item to these (guardian, student) pairs, by the service every module uses."""
    delivery.send_item(
        actor=ACTOR,
        school=school,
        kind="notice",
        source_id=None,
        sender=None,
        title=title,
        lead="",
        level=level,
        recipients=[delivery.Asked(guardian, student) for guardian, student in edges],
        now=timezone.now(),
    )


def edges_of(school: School, guardians: int) -> list[tuple[int, int]]:
    """The first so many (guardian, student) pairs."""
    edges = Guardianship.objects.filter(school=school).order_by("id")
    return list(edges.values_list("guardian_id", "student_id")[:guardians])


def prepare(guardians: int, items: int) -> list[Guest]:
    """Make what is missing; `items` is how many more items each guardian gets."""
    from django.conf import settings

    school = bench_school()
    fill(school, guardians)
    edges = edges_of(school, guardians)
    for number in range(items):
        send(school, edges, f"第{number + 1}条压测通知")
    persons = list(
        Person.objects.select_related("account")
        .filter(pk__in=[guardian for guardian, _student in edges])
        .order_by("id")
    )
    keys = sign_in(persons)
    numbers = last_numbers([f"p{person.pk}" for person in persons])
    students = dict(edges)
    expected = delivery.Recipient.objects.filter(person__in=persons)
    counts: dict[int, int] = {}
    for person_id in expected.values_list("person_id", flat=True):
        counts[person_id] = counts.get(person_id, 0) + 1
    return [
        Guest(
            cookie=f"{settings.SESSION_COOKIE_NAME}={keys[person.pk]}",
            person=str(person.uuid),
            person_id=person.pk,
            student_id=students[person.pk],
            number=numbers[f"p{person.pk}"],
            expected_items=counts.get(person.pk, 0),
        )
        for person in persons
    ]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="homeroom bench prepare", description=__doc__)
    parser.add_argument("--guardians", type=int, default=200, help="signed-in guardians to make (%(default)s)")
    parser.add_argument("--items", type=int, default=20, help="items sent to each of them (%(default)s)")
    options = parser.parse_args(argv)
    try:
        guests = prepare(options.guardians, options.items)
    except NotOurs:
        print(
            "This database holds a real school. Prepare a bench in an installation of its own: "
            "HOMEROOM_DATA=/some/empty/directory homeroom migrate, then the same for this command.",
            file=sys.stderr,
        )
        return 2
    for guest in guests:
        line = {
            "cookie": guest.cookie,
            "person": guest.person,
            "stream": f"p{guest.person_id}",
            "number": guest.number,
            "expected_items": guest.expected_items,
        }
        print(json.dumps(line))
    return 0
