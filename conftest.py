"""Fixtures for every test: the cast of the invented school, signed-in clients and a fixed hour."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from homeroom.demo.cast import Cast, nine_o_clock
from homeroom.people.models import Person
from homeroom.people.second_factor import is_missing
from homeroom.people.sessions import PERSON_KEY
from tests.database import CastRows, copied_database, migrated_file
from tests.server import SMALL, Served, once


def pytest_configure() -> None:
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one takes 0.2 s on purpose


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test of one database runs on that one; what meets no database is proven once, on SQLite's turn."""
    from django.conf import settings

    kept = [item for item in items if _belongs(item, sqlite=settings.SQLITE)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def _belongs(item: pytest.Item, *, sqlite: bool) -> bool:
    names = {mark.name for mark in item.iter_markers()}
    if sqlite or "postgresql" in names:
        return sqlite != ("postgresql" in names)
    if names & {"sqlite", "browser", "process"}:
        return False
    return "django_db" in names or bool({"db", "transactional_db"} & set(getattr(item, "fixturenames", ())))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """The test database of this process begins as a copy of one that was migrated before."""
    with django_db_blocker.unblock(), copied_database():
        yield


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """On SQLite the copy lies where the database would be made."""
    from django.conf import settings

    return bool(settings.SQLITE)


@pytest.fixture(scope="session")
def cast_rows() -> CastRows:
    """Kept from test to test: the rows of the cast."""
    return CastRows()


@pytest.fixture
def school(db: None, cast_rows: CastRows) -> Cast:
    """The cast: `school.class_teacher`, `school.mother`, `school.class_a` …; `school.school` is 阳光小学 itself."""
    return cast_rows.put()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with keys, static files and an empty, migrated SQLite database; others copy it too."""

    def make(data: Path) -> None:
        data.mkdir()
        shutil.copy(migrated_file(), data / "homeroom.db")
        Served(data).homeroom("build")

    return once(tmp_path_factory, "migrated", make)


@pytest.fixture(scope="session")
def prepared(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Served:
    """The cast, marked as a demonstration; never served itself: `prepared.copy_to(folder)` is."""
    return Served(once(tmp_path_factory, "prepared", lambda data: Served(migrated).copy_to(data).python(SMALL)))


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
