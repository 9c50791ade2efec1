"""Whole objects from raw SQL are the ORM's own."""

from __future__ import annotations

import pytest
from django.db import connection
from django.forms import model_to_dict
from django.test.utils import CaptureQueriesContext

from homeroom.kit.columns import Columns
from homeroom.people.models import Person
from homeroom.school.models import School

pytestmark = pytest.mark.django_db
SCHOOL = Columns(School, "school")
PERSON = Columns(Person, "person", without={"phone", "address"}, after=SCHOOL)


def read(school_id: int, person_id: int) -> tuple[School | None, Person | None]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {SCHOOL.sql}, {PERSON.sql} FROM school_school AS school"
            " LEFT JOIN people_person AS person ON person.school_id = school.id AND person.id = %s"
            " WHERE school.id = %s",
            [person_id, school_id],
        )
        row = cursor.fetchone()
    return SCHOOL.read(row), PERSON.read(row)


def test_every_column_is_what_the_orm_reads(school):
    mother = Person.objects.get(pk=school.mother.pk)
    found_school, found = read(mother.school_id, mother.pk)
    assert found == mother
    assert found_school == mother.school
    for object_, expected in ((found, mother), (found_school, mother.school)):
        assert model_to_dict(object_) == model_to_dict(expected)
        for field in type(expected)._meta.concrete_fields:
            assert getattr(object_, field.attname) == getattr(expected, field.attname), field.name


def test_what_was_left_out_is_read_when_somebody_asks(school):
    _school, found = read(school.mother.school_id, school.mother.pk)
    assert found.get_deferred_fields() == {"phone", "address"}
    with CaptureQueriesContext(connection) as asked:
        assert found.phone == Person.objects.get(pk=found.pk).phone
    assert len(asked) == 2


def test_a_join_that_finds_nothing_gives_none(school):
    found_school, found = read(school.mother.school_id, 0)
    assert found_school is not None
    assert found is None
