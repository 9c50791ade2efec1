"""Fixtures for every test: the cast of the invented school, signed-in clients and a fixed hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from homeroom.demo.cast import Cast, build_cast, nine_o_clock
from homeroom.people.models import Person
from homeroom.people.second_factor import is_missing
from homeroom.people.sessions import PERSON_KEY


def pytest_configure() -> None:
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one takes 0.2 s on purpose


@pytest.fixture
def school(db: None) -> Cast:
    """The cast: `school.class_teacher`, `school.mother`, `school.class_a` …; `school.school` is 阳光小学 itself."""
    return build_cast()


@pytest.fixture
def now() -> datetime:
    """Nine in the morning today, at the school."""
    return nine_o_clock()


@pytest.fixture
def client_for() -> Callable[..., Client]:
    """`client_for(person)` is a browser signed in as that person; keyword arguments go to Django's test client."""

    def sign_in(person: Person, **options: object) -> Client:
        assert person.account is not None, f"{person.name} has no account"
        if is_missing(person.account, person):  # set up long ago; their pages are not about that
            Authenticator.objects.create(user_id=person.account_id, type=Authenticator.Type.TOTP, data={})
        client = Client(**options)
        client.force_login(person.account)
        session = client.session
        session[PERSON_KEY] = person.pk
        session.save()
        return client

    return sign_in
