"""The hot inbox gives what the plain endpoint gives, in two statements, to nobody but its owner."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from homeroom.delivery import hot
from homeroom.delivery.models import Recipient
from homeroom.people.models import Guardianship, Person, Session
from homeroom.people.sessions import end_sessions


@pytest.fixture
def now():
    return timezone.now() - timedelta(minutes=1)


@pytest.fixture
def inbox(school, send, client_for):
    for number in range(3):
        send(title=f"通知{number}")
    client = client_for(school.guardian_of_two)
    assert client.get("/api/v1/feed").status_code == 200  # lets the middleware settle the session
    return client


def key_of(client):
    return client.cookies["homeroom_session"].value


def test_it_is_the_plain_endpoints_answer_in_two_statements(inbox):
    plain = inbox.get("/api/v1/feed").json()
    with CaptureQueriesContext(connection) as queries:
        body = hot.answer(key_of(inbox), "")
    assert json.loads(body) == plain
    assert len(queries) == 2
    assert [card["title"] for card in plain["cards"]] == ["通知2", "通知1", "通知0"]


def test_it_pages(inbox):
    first = json.loads(hot.answer(key_of(inbox), "limit=2"))
    second = json.loads(hot.answer(key_of(inbox), f"limit=2&before={first['next']}"))
    assert [card["title"] for card in first["cards"] + second["cards"]] == ["通知2", "通知1", "通知0"]
    assert second["next"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=51", "limit=x", "only=everything", "child=3", "limit=²"])
def test_what_it_does_not_know_goes_the_usual_way(inbox, query):
    assert hot.answer(key_of(inbox), query) is None
    assert inbox.get(f"/api/v1/feed?{query}").status_code == 422


@pytest.mark.parametrize(
    "end",
    [
        lambda person: end_sessions(person.account),
        lambda person: Session.objects.update(expire_date=timezone.now()),
        lambda person: (person.account.set_password("another"), person.account.save()),
        lambda person: type(person.account).objects.update(is_active=False),
        lambda person: Person.objects.filter(pk=person.pk).update(archived_at=timezone.now()),
        lambda person: Person.objects.filter(pk=person.pk).update(account=None),
        lambda person: Session.objects.update(session_data="forged"),
    ],
)
def test_a_session_that_ended_gets_nothing(school, inbox, end):
    end(school.guardian_of_two)
    assert hot.answer(key_of(inbox), "") is None


def test_a_session_cannot_be_pointed_at_another_person(school, inbox):
    Session.objects.update(person=school.mother)
    assert hot.answer(key_of(inbox), "") is None


def test_a_custody_change_takes_the_cards_along(school, inbox):
    Guardianship.objects.filter(guardian=school.guardian_of_two).update(restriction="no_contact")
    assert json.loads(hot.answer(key_of(inbox), ""))["cards"] == []


def test_what_a_device_got_is_delivered(school, inbox):
    assert not Recipient.objects.filter(person=school.guardian_of_two, delivered_at__isnull=True).exists()


def test_what_no_device_has_yet_goes_the_usual_way_which_notes_it(school, send, inbox):
    send(title="新的通知")
    with CaptureQueriesContext(connection) as queries:
        assert hot.answer(key_of(inbox), "") is None
    assert not [query for query in queries if query["sql"].startswith("UPDATE")]
    assert inbox.get("/api/v1/feed").json()["cards"][0]["title"] == "新的通知"
    assert not Recipient.objects.filter(person=school.guardian_of_two, delivered_at__isnull=True).exists()
    assert json.loads(hot.answer(key_of(inbox), ""))["cards"][0]["title"] == "新的通知"


def test_the_server_answers_it_before_the_middleware(inbox, settings):
    from homeroom.kit.hot import answer

    settings.ALLOWED_HOSTS = ["school.example.cn"]
    environ = {
        "PATH_INFO": hot.PATH,
        "REQUEST_METHOD": "GET",
        "HTTP_COOKIE": f"x=1; homeroom_session={key_of(inbox)}",
        "HTTP_HOST": "school.example.cn:8000",
        "wsgi.input": io.BytesIO(),
    }
    connection.in_atomic_block, kept = False, connection.in_atomic_block  # the test's own transaction
    try:
        assert len(json.loads(answer(environ))["cards"]) == 3
        assert answer({**environ, "HTTP_HOST": "evil.example"}) is None
        assert answer({**environ, "REQUEST_METHOD": "POST"}) is None
        assert answer({**environ, "HTTP_COOKIE": "homeroom_session=nobody"}) is None
    finally:
        connection.in_atomic_block = kept
