"""Whatever a file says, importing it twice changes nothing the second time; rolling back leaves nothing of it."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from homeroom.people.models import Enrolment, Guardianship, Person
from homeroom.roster import services
from homeroom.roster.models import ImportRun
from homeroom.school.models import School, SchoolClass, Stage
from homeroom.school.public import create_school

from .importing import ACTOR, plan_of, put, row

NAMES = st.sampled_from(["林小满", "何嘉木", "张伟", "刘一诺", "刘一鸣"])
ADULTS = st.sampled_from(["", "周敏", "林涛", "唐静"])
PHONES = st.sampled_from(["", "13900000001", "13900000002", "13900000003", "13800000004"])
CLASSES = st.sampled_from(["三年级2班", "三年级1班", "四年级1班"])
NUMBERS = st.sampled_from(["", "", "1", "2", "3", "4"])
BORN = st.sampled_from(["", "2017-05-06", "2016-02-03"])
ROWS = st.lists(
    st.builds(
        row,
        number=NUMBERS,
        name=NAMES,
        school_class=CLASSES,
        mother=ADULTS,
        mother_phone=PHONES,
        father=ADULTS,
        father_phone=PHONES,
        born=BORN,
    ),
    min_size=1,
    max_size=7,
)
SETTINGS = settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Undone(Exception):
    """Ends an example's transaction."""


def state(school):
    """Everything an import may write."""
    persons = Person.objects.filter(school=school).order_by("id")
    return [
        [
            (p.id, p.name, p.student_number, p.sex, p.born_on, p.phone, p.phone_key, p.address, p.archived_at)
            for p in persons
        ],
        list(Enrolment.objects.filter(school=school).order_by("id").values_list("student", "school_class", "ends_on")),
        list(
            Guardianship.objects.filter(school=school)
            .order_by("id")
            .values_list("guardian", "student", "relation", "ends_on")
        ),
        list(SchoolClass.objects.filter(school=school).order_by("id").values_list("name", "number")),
    ]


def in_own_school(check):
    """Run an example in a school that is gone afterwards."""
    try:
        with transaction.atomic():
            check(create_school(actor=ACTOR, name="试验小学", stages=[Stage.PRIMARY]))
            raise Undone
    except Undone:
        pass


def phone(digit):
    return {"": "", "4": "13800000004"}.get(digit, f"1390000000{digit}")


def listed(*rows):
    """Rows as number, name, class, mother, her phone, father, his phone, born."""
    return [row(n, name, c, m, phone(mp), f, phone(fp), born=born) for n, name, c, m, mp, f, fp, born in rows]


# Each was once imported differently the second time.
FOUND = {
    "asked in one row and certain in another": [
        listed(
            ("", "张伟", "四年级1班", "唐静", "2", "周敏", "1", "2017-05-06"),
            ("", "何嘉木", "四年级1班", "林涛", "2", "", "", ""),
            ("1", "何嘉木", "三年级2班", "", "", "唐静", "2", "2016-02-03"),
        )
    ],
    "many of a name and a phone": [
        listed(
            ("", "林小满", "四年级1班", "林涛", "2", "周敏", "3", ""),
            ("", "张伟", "四年级1班", "唐静", "2", "周敏", "1", "2017-05-06"),
            ("3", "张伟", "三年级2班", "周敏", "2", "", "4", ""),
            ("", "何嘉木", "四年级1班", "林涛", "4", "唐静", "", ""),
            ("1", "何嘉木", "三年级2班", "周敏", "4", "唐静", "2", "2016-02-03"),
            ("4", "林小满", "四年级1班", "", "2", "林涛", "2", "2016-02-03"),
        ),
        listed(
            ("1", "刘一诺", "三年级2班", "周敏", "3", "", "2", "2017-05-06"),
            ("", "刘一诺", "三年级1班", "唐静", "4", "周敏", "1", ""),
            ("3", "刘一鸣", "三年级2班", "林涛", "1", "周敏", "4", "2016-02-03"),
            ("4", "张伟", "三年级1班", "唐静", "1", "", "", "2017-05-06"),
            ("4", "何嘉木", "三年级2班", "林涛", "", "林涛", "1", "2016-02-03"),
        ),
    ],
    "a namesake whose guardians wait": [
        listed(
            ("", "张伟", "四年级1班", "唐静", "2", "", "", ""),
            ("", "林小满", "三年级2班", "", "2", "周敏", "2", ""),
            ("", "林小满", "三年级1班", "", "2", "", "", ""),
        )
    ],
    "a number that changes hands": [
        listed(
            ("", "刘一诺", "三年级2班", "", "", "", "4", ""),
            ("", "张伟", "三年级1班", "周敏", "4", "", "", ""),
            ("", "张伟", "三年级2班", "", "", "", "1", ""),
        ),
        listed(
            ("", "刘一诺", "三年级2班", "", "", "周敏", "3", ""),
            ("", "张伟", "四年级1班", "", "4", "", "1", ""),
        ),
    ],
    "a number that goes to a namesake's mother": [
        listed(
            ("", "张伟", "四年级1班", "", "", "", "4", ""),
            ("", "刘一鸣", "四年级1班", "", "", "", "", ""),
            ("", "刘一鸣", "三年级1班", "唐静", "4", "", "", ""),
        ),
        listed(
            ("", "刘一鸣", "四年级1班", "周敏", "1", "", "", ""), ("", "张伟", "四年级1班", "唐静", "1", "", "", "")
        ),
    ],
    "a number without a name beside its holder's name": [
        listed(
            ("", "张伟", "四年级1班", "唐静", "2", "", "", ""),
            ("", "林小满", "三年级2班", "", "2", "周敏", "2", ""),
            ("", "刘一诺", "三年级1班", "", "", "周敏", "2", ""),
            ("", "何嘉木", "三年级2班", "林涛", "2", "唐静", "", ""),
            ("", "林小满", "四年级1班", "周敏", "", "", "2", ""),
        )
    ],
}


def check_twice(files):
    def check(school: School) -> None:
        for rows in files:
            put(rows, school)
            before = state(school)
            again = plan_of(rows, school)
            assert again.changes_nothing, again.counts()
            put(rows, school)
            assert state(school) == before

    in_own_school(check)


@pytest.mark.django_db
@pytest.mark.parametrize("files", FOUND.values(), ids=FOUND.keys())
def test_these_are_nothing_the_second_time(files):
    check_twice(files)


@pytest.mark.django_db
@SETTINGS
@given(first=ROWS, second=ROWS)
def test_twice_is_nothing(first, second):
    check_twice([first, second])


@pytest.mark.django_db
@SETTINGS
@given(first=ROWS, second=ROWS)
def test_rolling_back_restores_everything(first, second):
    def check(school: School) -> None:
        put(first, school)
        before = state(school)
        run = put(second, school)
        services.roll_back(actor=ACTOR, run=run, now=timezone.now())
        assert state(school) == before
        assert ImportRun.objects.get(pk=run.pk).state == ImportRun.State.ROLLED_BACK

    in_own_school(check)
