"""After much was written in one transaction, PostgreSQL plans with the true sizes."""

from __future__ import annotations

import pytest
from django.db import connection

from homeroom.kit.statistics import count_again
from homeroom.people.models import Person


def believed_rows() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'people_person'")
        return float(cursor.fetchone()[0])


@pytest.mark.postgresql
def test_a_table_that_was_just_filled_does_not_pass_for_empty(school):
    count_again(Person)
    assert believed_rows() == Person.objects.count()


@pytest.mark.sqlite
def test_sqlite_is_asked_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        count_again(Person)
