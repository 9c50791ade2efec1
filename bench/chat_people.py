"""Who talks in `homeroom bench chat`: families with their teachers, and one class far too large.

One JSON object a line: a cookie, the person's stream, and the conversations they may write in.
"""

from __future__ import annotations

import argparse
import json
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from bench.prepare import bench_school, fill, sign_in
from homeroom.conversations.models import Conversation, Membership
from homeroom.conversations.services import follow_roster, open_channel
from homeroom.people.models import Account, Enrolment, Guardianship, Person, Role
from homeroom.school.models import Grade, School, SchoolClass

CHANNEL_CLASS = 900


@transaction.atomic
def family_threads(school: School, conversations: int) -> list[Person]:
    """So many threads of a family with its class teacher; returns the teachers, then the guardians."""
    fill(school, conversations)
    now = timezone.now()
    pairs = Enrolment.objects.filter(school=school, school_class__number__lt=CHANNEL_CLASS).order_by("student_id")
    heads = dict(
        Role.objects.filter(school=school, kind=Role.Kind.CLASS_TEACHER).values_list("school_class_id", "person_id")
    )
    wanted = [
        Conversation(
            school=school,
            kind=Conversation.Kind.FAMILY,
            student_id=student_id,
            teacher_id=heads[class_id],
            opened_at=now,
        )
        for student_id, class_id in pairs.values_list("student_id", "school_class_id")[:conversations]
    ]
    Conversation.objects.bulk_create(wanted, ignore_conflicts=True)
    follow_roster(Conversation.objects.filter(school=school, kind=Conversation.Kind.FAMILY), now=now)
    members = Membership.objects.filter(conversation__school=school, conversation__kind=Conversation.Kind.FAMILY)
    # A leader without a second factor hears nothing.
    leaders = Role.objects.filter(school=school, kind=Role.Kind.SCHOOL_LEADER).values("person_id")
    ids = members.exclude(person__in=leaders).order_by("-side", "person_id").values_list("person_id", flat=True)
    ordered = list(dict.fromkeys(ids))
    persons = Person.objects.select_related("account").in_bulk(ordered)
    return [persons[pk] for pk in ordered]


@transaction.atomic
def class_channel(school: School, readers: int) -> tuple[Person, list[Person]]:
    """A channel of one class with so many guardians; returns its teacher and them."""
    grade = Grade.objects.filter(school=school).order_by("number").first()
    assert grade is not None
    now, on = timezone.now(), timezone.localdate() - timedelta(days=1)
    made = SchoolClass.objects.create(school=school, grade=grade, number=CHANNEL_CLASS, name="大班", entry_year=on.year)
    account = Account.objects.create(username="bench-channel", password="!bench")
    teacher = Person.objects.create(school=school, account=account, name="班主任大班")
    Role.objects.create(school=school, person=teacher, kind=Role.Kind.CLASS_TEACHER, school_class=made)
    accounts = Account.objects.bulk_create(
        [Account(username=f"bench-reader-{n}", password="!bench") for n in range(readers)]
    )
    adults = Person.objects.bulk_create(
        [Person(school=school, account=one, name=f"读者{n}") for n, one in enumerate(accounts)]
    )
    pupils = Person.objects.bulk_create(
        [Person(school=school, name=f"学生大{n}", student_number=f"C{n:07}") for n in range(readers)]
    )
    Enrolment.objects.bulk_create(
        Enrolment(school=school, student=pupil, school_class=made, starts_on=on) for pupil in pupils
    )
    Guardianship.objects.bulk_create(
        Guardianship(school=school, guardian=adult, student=pupil, relation=Guardianship.Relation.MOTHER)
        for adult, pupil in zip(adults, pupils, strict=True)
    )
    open_channel(actor=teacher, school_class=made, now=now)
    return teacher, list(Person.objects.select_related("account").filter(pk__in=[adult.pk for adult in adults]))


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--conversations", type=int, default=0)
    parser.add_argument("--sockets", type=int, default=64)
    parser.add_argument("--readers", type=int, default=0)
    options = parser.parse_args(argv)
    school = bench_school()
    if options.readers:
        teacher, readers = class_channel(school, options.readers)
        persons = [Person.objects.select_related("account").get(pk=teacher.pk), *readers]
    else:
        persons = family_threads(school, options.conversations)[: options.sockets]
    keys = sign_in(persons)
    places: dict[int, list[str]] = {}
    speaking = Membership.objects.filter(person__in=persons, can_speak=True, left_at__isnull=True)
    for person_id, conversation_id in speaking.values_list("person_id", "conversation_id"):
        places.setdefault(person_id, []).append(f"c{conversation_id}")
    for person in persons:
        line = {
            "cookie": f"{settings.SESSION_COOKIE_NAME}={keys[person.pk]}",
            "stream": f"p{person.pk}",
            "to": places.get(person.pk, []),
        }
        print(json.dumps(line))
    return 0
