"""Backup and restore, as the commands do them, into installations of their own."""

from __future__ import annotations

import json
import os
import sqlite3
import zipfile
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from .conftest import homeroom, running

pytestmark = pytest.mark.process
sqlite_only = pytest.mark.skipif(not settings.SQLITE, reason="SQLite files of their own")
postgresql_only = pytest.mark.skipif(settings.SQLITE, reason="needs the PostgreSQL of the second test run")

FILL = """
from homeroom.kit.encryption import EncryptedTextField, encrypt
from homeroom.school.models import School
from django.contrib.contenttypes.models import ContentType
School.objects.create(name="实验小学 ' \\" ; é")
print(encrypt("13800138000"))
"""
NAMES = "from homeroom.school.models import School; print([s.name for s in School.objects.order_by('id')])"
DECRYPT = "from homeroom.kit.encryption import decrypt; import os; print(decrypt(os.environ['TOKEN']))"
SCHOOL = "实验小学 ' \" ; é"


def shell(data: Path, code: str, **environment: str) -> str:
    return homeroom(data, "shell", "--no-imports", "-c", code, **environment).stdout.strip()


@pytest.fixture
def filled(data: Path) -> tuple[Path, str]:
    """An installation with a school, a file, and a text encrypted with its keys."""
    token = shell(data, FILL)
    (data / "files" / "ab").mkdir(parents=True)
    (data / "files" / "ab" / "picture").write_bytes(b"\x89PNG" * 1000)
    return data, token


@sqlite_only
def test_a_backup_comes_back_whole_in_a_fresh_directory(filled, tmp_path):
    data, token = filled
    made = homeroom(data, "backup", str(tmp_path / "b.zip"), "--keys", str(tmp_path / "k.zip"), "--json")
    assert json.loads(made.stdout)["files"] == 1
    fresh = tmp_path / "fresh"
    homeroom(fresh, "restore", str(tmp_path / "b.zip"), "--keys", str(tmp_path / "k.zip"))
    assert SCHOOL in shell(fresh, "from homeroom.school.models import School; print(School.objects.get().name)")
    assert shell(fresh, DECRYPT, TOKEN=token) == "13800138000"
    assert (fresh / "files" / "ab" / "picture").read_bytes() == b"\x89PNG" * 1000
    with running(fresh, "web", "--server", "own", "--port", "0") as process:
        assert process.stop() == 0


@sqlite_only
def test_keys_are_not_in_the_backup_and_both_are_readable_by_the_owner_only(filled, tmp_path):
    data, _token = filled
    homeroom(data, "backup", str(tmp_path / "b.zip"), "--keys", str(tmp_path / "k.zip"))
    secret = (data / "keys" / "fields.key").read_text().strip().encode()
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert all(secret not in archive.read(name) for name in archive.namelist())
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.zip")} == {0o600}


@sqlite_only
def test_a_restore_refuses_what_would_lose_something(filled, tmp_path):
    data, _token = filled
    homeroom(data, "backup", str(tmp_path / "b.zip"), "--keys", str(tmp_path / "k.zip"))

    again = homeroom(data, "backup", str(tmp_path / "b.zip"), check=False)
    assert (again.returncode, "exists already" in again.stderr) == (1, True)

    not_empty = homeroom(data, "restore", str(tmp_path / "b.zip"), check=False)
    assert (not_empty.returncode, "1 school(s), 1 file(s)" in not_empty.stderr) == (1, True)

    other_keys = homeroom(tmp_path / "other", "restore", str(tmp_path / "b.zip"), check=False)
    assert (other_keys.returncode, "--keys FILE" in other_keys.stderr) == (1, True)

    damaged = bytearray((tmp_path / "b.zip").read_bytes())
    damaged[200:220] = b"x" * 20
    (tmp_path / "damaged.zip").write_bytes(damaged)
    refused = homeroom(data, "restore", str(tmp_path / "damaged.zip"), "--force", check=False)
    assert refused.returncode == 1
    assert SCHOOL in shell(data, NAMES)
    assert (data / "files" / "ab" / "picture").exists()


@sqlite_only
def test_force_replaces_what_is_there(filled, tmp_path):
    data, _token = filled
    homeroom(data, "backup", str(tmp_path / "b.zip"))
    shell(data, "from homeroom.school.models import School; School.objects.create(name='second')")
    (data / "files" / "later").write_bytes(b"x")
    homeroom(data, "restore", str(tmp_path / "b.zip"), "--force")
    assert "second" not in shell(data, NAMES)
    assert not (data / "files" / "later").exists()


@sqlite_only
def test_a_backup_made_while_others_write_is_consistent(filled, tmp_path):
    data, _token = filled
    with running(data, "serve", "--port", "0"):
        other = sqlite3.connect(data / "homeroom.db", isolation_level=None, timeout=20)
        for number in range(50):
            other.execute("INSERT INTO kit_heartbeat (name, beat_at) VALUES (?, '2026-01-01')", [number])
        homeroom(data, "backup", str(tmp_path / "b.zip"))
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        copy = Path(archive.extract("database.sqlite3", tmp_path))
    database = sqlite3.connect(copy)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("SELECT count(*) FROM kit_heartbeat WHERE beat_at = '2026-01-01'").fetchone() == (50,)


@pytest.mark.parametrize("name", ["../../outside", "/etc/outside"])
@sqlite_only
def test_an_archive_that_names_files_outside_is_refused(filled, tmp_path, name):
    data, _token = filled
    homeroom(data, "backup", str(tmp_path / "b.zip"))
    with zipfile.ZipFile(tmp_path / "b.zip", "a") as archive:
        archive.writestr(f"files/{name}" if name.startswith(".") else name, b"x")
    refused = homeroom(data, "restore", str(tmp_path / "b.zip"), "--force", check=False)
    assert (refused.returncode, "no backup of Homeroom" in refused.stderr) == (1, True)


@postgresql_only
def test_postgresql_comes_back_whole_too(tmp_path):
    url = os.environ["DATABASE_URL"]
    urls = {}
    for name in ("backup_source", "backup_target"):
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {name}")
            server.execute(f"CREATE DATABASE {name}")
        urls[name] = url.replace("/homeroom?", f"/{name}?")
    source, target = tmp_path / "source", tmp_path / "target"
    homeroom(source, "migrate", "--verbosity", "0", DATABASE_URL=urls["backup_source"])
    token = shell(source, FILL, DATABASE_URL=urls["backup_source"])
    files = ["--keys", str(tmp_path / "k.zip")]
    homeroom(source, "backup", str(tmp_path / "b.zip"), *files, DATABASE_URL=urls["backup_source"])
    homeroom(target, "restore", str(tmp_path / "b.zip"), *files, DATABASE_URL=urls["backup_target"])
    assert SCHOOL in shell(target, NAMES, DATABASE_URL=urls["backup_target"])
    assert shell(target, DECRYPT, TOKEN=token, DATABASE_URL=urls["backup_target"]) == "13800138000"
    after = "from homeroom.school.models import School; print(School.objects.create(name='n').id)"
    assert shell(target, after, DATABASE_URL=urls["backup_target"]) == "2"
