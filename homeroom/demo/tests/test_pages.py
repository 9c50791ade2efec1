"""Being somebody else: only in the demonstration, only people of the cast."""

from __future__ import annotations

import pytest
from django.db import DatabaseError
from django.test import Client

from homeroom.demo.public import banner
from homeroom.people.models import Account, Person, Session
from homeroom.school.models import School

PAGES = [("get", "/demo/"), ("post", "/demo/as/class_teacher/"), ("get", "/demo/trial/"), ("post", "/demo/trial/end/")]


@pytest.mark.parametrize(("method", "path"), PAGES)
def test_without_the_mark_there_is_no_such_page(school, client_for, method, path):
    for client in (Client(), client_for(school.leader)):
        assert getattr(client, method)(path).status_code == 404
    assert Session.objects.filter(person=school.class_teacher).count() == 0


@pytest.mark.usefixtures("demonstration")
def test_a_stranger_becomes_the_class_teacher_with_one_click(school):
    client = Client()
    page = client.get("/demo/")
    assert page.status_code == 200
    assert school.class_teacher.name in page.content.decode()
    client.post("/demo/as/class_teacher/")
    assert Session.objects.get().person_id == school.class_teacher.pk


@pytest.mark.usefixtures("demonstration")
def test_becoming_somebody_else_ends_the_first_session(school):
    client = Client()
    client.post("/demo/as/class_teacher/")
    client.post("/demo/as/mother/")
    assert list(Session.objects.values_list("person_id", flat=True)) == [school.mother.pk]


@pytest.mark.usefixtures("demonstration")
@pytest.mark.parametrize("key", ["grandfather", "child_a", "nobody"])
def test_nobody_becomes_somebody_without_an_account(key):
    assert Client().post(f"/demo/as/{key}/").status_code == 404
    assert not Session.objects.filter(person__isnull=False).exists()


@pytest.mark.usefixtures("demonstration")
def test_becoming_needs_a_token_of_our_own_page():
    assert Client(enforce_csrf_checks=True).post("/demo/as/mother/").status_code == 403


@pytest.mark.usefixtures("demonstration")
def test_a_trial_school_needs_the_warning_to_be_read():
    client = Client()
    assert client.get("/demo/trial/").status_code == 200
    assert client.post("/demo/trial/", {"stages": ["primary"]}).status_code == 422
    assert not School.objects.filter(is_trial=True).exists()


@pytest.mark.usefixtures("demonstration")
def test_a_trial_school_goes_when_its_visitor_says_so(school):
    client = Client()
    before = (School.objects.count(), Person.objects.count(), Account.objects.count())
    client.post("/demo/trial/", {"stages": ["primary", "junior"], "understood": "on"})
    trial = School.objects.get(is_trial=True)
    assert Session.objects.get().person.school_id == trial.pk
    assert trial.grades.count() == 9
    client.post("/demo/trial/end/")
    assert (School.objects.count(), Person.objects.count(), Account.objects.count()) == before


@pytest.mark.usefixtures("demonstration")
def test_only_a_trial_school_can_be_ended(school, client_for):
    assert client_for(school.office).post("/demo/trial/end/").status_code == 404
    assert School.objects.filter(pk=school.school.pk).exists()


@pytest.mark.usefixtures("demonstration")
def test_a_stranger_is_shown_the_way_in(client):
    assert "/demo/" in client.get("/sign-in/").content.decode()


def test_a_real_school_shows_no_way_to_be_somebody_else(school, client, client_for):
    assert "/demo/" not in client.get("/sign-in/").content.decode()
    assert "/demo/" not in client_for(school.mother).get("/").content.decode()


def test_the_error_page_needs_no_database(monkeypatch, rf):
    def broken() -> bool:
        raise DatabaseError("disk full")

    monkeypatch.setattr("homeroom.demo.public.is_demo", broken)
    assert banner(rf.get("/")) is None
