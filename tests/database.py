"""The databases of tests: migrated once for each state of the migrations, then copied; and the cast's rows, made once.

Migrating takes seconds, for each worker of each run; a copy takes none. The cast is wanted by a thousand tests, each
in a transaction of its own: the first builds it, the others put the same rows in.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from homeroom.demo.cast import Cast, build_cast, nine_o_clock
from homeroom.people.models import Account
from homeroom.school.models import School
from tests.server import HOMEROOM, PROJECT


def _key() -> str:
    """Changes with our migrations and with the lock of what brings its own."""
    digest = hashlib.sha256()
    for path in [PROJECT / "uv.lock", *sorted((PROJECT / "homeroom").glob("*/migrations/*.py"))]:
        digest.update(f"{path.relative_to(PROJECT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    with (settings.DATA / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _migrate(url: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    environment |= {"DATABASE_URL": url, "HOMEROOM_DATA": str(settings.DATA)}
    subprocess.run([HOMEROOM, "migrate", "--verbosity", "0"], env=environment, cwd=PROJECT, check=True)


def migrated_file() -> Path:
    """An empty, migrated SQLite database; to be copied."""
    made = settings.DATA / f"migrated-{_key()}.db"
    with _one_at_a_time("migrated"):
        if not made.exists():
            for old in settings.DATA.glob("migrated-*.db*"):
                old.unlink()
            unfinished = made.with_suffix(".db-unfinished")
            _migrate(f"sqlite:///{unfinished}")
            unfinished.rename(made)
    return made


def migrated_template() -> str:
    """The name of an empty, migrated PostgreSQL database beside the one DATABASE_URL names; to be copied."""
    name = f"{settings.DATABASES['default']['NAME']}_migrated"
    with _one_at_a_time("migrated"), connection._nodb_cursor() as cursor:
        cursor.execute(
            "SELECT pg_catalog.shobj_description(oid, 'pg_database') FROM pg_catalog.pg_database WHERE datname = %s",
            [name],
        )
        if cursor.fetchone() != (_key(),):  # it is written there last: what is unfinished is made anew
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}"')
            _migrate(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl())
            cursor.execute(f"COMMENT ON DATABASE \"{name}\" IS '{_key()}'")
    return name


@contextmanager
def copied_database() -> Iterator[None]:
    """Let the test database begin as a copy of the migrated one."""
    test = connection.settings_dict["TEST"]
    if not settings.SQLITE:
        test["TEMPLATE"] = migrated_template()
        yield
        return
    file = Path(test["NAME"])
    parts = [file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))]
    for part in parts:
        part.unlink(missing_ok=True)
    shutil.copy(migrated_file(), file)
    yield
    connection.close()
    for part in parts:
        part.unlink(missing_ok=True)


class CastRows:
    """The cast as rows and as objects, to be put into an empty database as often as one likes."""

    def __init__(self) -> None:
        self.built_on: date | None = None
        self.tables: dict[str, Any] = {}
        self.objects = b""

    def put(self) -> Cast:
        """The cast in the database: its rows as `build_cast` made them the first time today."""
        if School.objects.exists() or Account.objects.exists():  # what a test made before has taken the ids
            return build_cast()
        today = nine_o_clock().date()
        with transaction.atomic():
            if self.built_on == today:
                self._write()
            else:
                self.objects = pickle.dumps(build_cast())
                self._read()
                self.built_on = today
        cast: Cast = pickle.loads(self.objects)
        return cast

    def _read(self) -> None:
        self.tables = {}
        names = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
        for table in sorted(names - set(EVERYWHERE)):
            if settings.SQLITE:
                columns = [row[1] for row in connection.connection.execute(f'PRAGMA table_info("{table}")')]
                plain = ", ".join(f'+"{name}"' for name in columns)  # the sign: as stored, not as Django converts it
                rows = connection.connection.execute(f'SELECT {plain} FROM "{table}"').fetchall()
            else:
                with connection.connection.cursor().copy(f'COPY "{table}" TO STDOUT') as copy:
                    rows = b"".join(copy)
            if rows:
                self.tables[table] = rows

    def _write(self) -> None:
        for table, rows in self.tables.items():
            if settings.SQLITE:
                places = ", ".join("?" * len(rows[0]))
                connection.connection.executemany(f'INSERT INTO "{table}" VALUES ({places})', rows)
            else:
                with connection.connection.cursor().copy(f'COPY "{table}" FROM STDIN') as copy:
                    copy.write(rows)


EVERYWHERE = ("django_content_type", "auth_permission", "django_migrations")  # filled by migrating
