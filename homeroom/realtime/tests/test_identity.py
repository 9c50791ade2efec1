"""Whoever must have a second factor and has none hears nothing, as their pages show nothing."""

from __future__ import annotations

import json

import pytest
from allauth.mfa.models import Authenticator

from homeroom.people.models import Role
from homeroom.realtime.identity import identities
from homeroom.realtime.tests.live import sign_in


def heard(person):
    key = sign_in(person.account)
    return identities([key])[key].person_ids


@pytest.mark.parametrize("who", ["leader", "office", "counsellor", "it_admin"])
def test_a_duty_over_the_whole_school_hears_nothing_without_a_second_factor(school, who):
    person = getattr(school, who)
    assert heard(person) == ()
    Authenticator.objects.create(user_id=person.account_id, type=Authenticator.Type.TOTP, data={})
    assert heard(person) == (person.pk,)


@pytest.mark.parametrize("who", ["mother", "class_teacher", "grade_leader", "pupil"])
def test_nobody_else_needs_one_to_hear(school, who):
    assert heard(getattr(school, who)) == (getattr(school, who).pk,)


def test_only_the_person_with_the_duty_is_silent(school, client_for):
    here, there = school.in_both_here, school.in_both_there
    Role.objects.create(school=there.school, person=there, kind="school_leader")
    assert heard(here) == (here.pk,)
    answer = json.loads(client_for(here).get("/api/v1/stream").content)
    assert list(answer["streams"]) == [f"p{here.pk}"]


def test_a_duty_that_is_over_asks_for_nothing(school):
    Role.objects.filter(person=school.office).update(ends_on="2020-01-01")
    assert heard(school.office) == (school.office.pk,)


def test_any_number_of_sockets_costs_two_queries(school, django_assert_num_queries):
    keys = [sign_in(person.account) for person in (school.mother, school.father, school.class_teacher)]
    with django_assert_num_queries(2):
        identities(keys)
