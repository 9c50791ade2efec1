"""Backup and restore, as the commands do them, into installations of their own."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from homeroom.kit.encryption import can_read

from .conftest import homeroom

pytestmark = pytest.mark.process

SCHOOL = "实验小学 ' \" ; é"
FILL = f"""
from homeroom.kit.encryption import encrypt
from homeroom.school.models import School
School.objects.create(name={SCHOOL!r})
print(encrypt("13800138000"))
"""
PICTURE = b"\x89PNG" * 1000


@dataclass(frozen=True)
class Saved:
    """An installation with a school, a file and a text encrypted with its keys; its backup; the backup of its keys."""

    data: Path
    file: Path
    keys: Path
    token: str


@pytest.fixture(scope="module")
def saved(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    folder = tmp_path_factory.mktemp("saved")
    data = Path(shutil.copytree(migrated, folder / "data"))
    token = homeroom(data, "shell", "--no-imports", "-c", FILL).stdout.strip()
    (data / "files" / "ab").mkdir(parents=True)
    (data / "files" / "ab" / "picture").write_bytes(PICTURE)
    made = homeroom(data, "backup", str(folder / "b.zip"), "--keys", str(folder / "k.zip"), "--json")
    assert json.loads(made.stdout)["files"] == 1
    return Saved(data, folder / "b.zip", folder / "k.zip", token)


@pytest.fixture
def filled(saved: Saved, tmp_path: Path) -> Path:
    """A copy of that installation, for the test's own use."""
    return Path(shutil.copytree(saved.data, tmp_path / "data"))


def schools(data: Path) -> list[str]:
    with sqlite3.connect(data / "homeroom.db") as database:
        return [row[0] for row in database.execute("SELECT name FROM school_school ORDER BY id")]


def test_a_backup_comes_back_whole_in_a_fresh_directory(saved, tmp_path):
    fresh = tmp_path / "fresh"
    homeroom(fresh, "restore", str(saved.file), "--keys", str(saved.keys))
    assert schools(fresh) == [SCHOOL]
    assert can_read(saved.token, (fresh / "keys" / "fields.key").read_text().split())
    assert (fresh / "files" / "ab" / "picture").read_bytes() == PICTURE
    with sqlite3.connect(fresh / "homeroom.db") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_keys_are_not_in_the_backup_and_both_are_readable_by_the_owner_only(saved):
    secret = (saved.data / "keys" / "fields.key").read_text().strip().encode()
    with zipfile.ZipFile(saved.file) as archive:
        assert all(secret not in archive.read(name) for name in archive.namelist())
    assert {path.stat().st_mode & 0o777 for path in (saved.file, saved.keys)} == {0o600}


def test_a_backup_is_never_overwritten(saved):
    before = saved.file.read_bytes()
    again = homeroom(saved.data, "backup", str(saved.file), check=False)
    assert (again.returncode, "exists already" in again.stderr) == (1, True)
    assert saved.file.read_bytes() == before


def test_an_installation_that_is_not_empty_is_not_replaced_unless_forced(saved, filled):
    with sqlite3.connect(filled / "homeroom.db") as database:
        database.execute("UPDATE school_school SET name = 'later'")
    (filled / "files" / "later").write_bytes(b"x")

    refused = homeroom(filled, "restore", str(saved.file), check=False)
    assert (refused.returncode, "1 school(s), 2 file(s)" in refused.stderr) == (1, True)
    assert schools(filled) == ["later"]

    homeroom(filled, "restore", str(saved.file), "--force")
    assert schools(filled) == [SCHOOL]
    assert not (filled / "files" / "later").exists()
    assert (filled / "files" / "ab" / "picture").exists()


def test_files_kept_elsewhere_are_saved_and_come_back_there(saved, filled, tmp_path):
    elsewhere = tmp_path / "disk" / "学校 文件"
    shutil.move(filled / "files", elsewhere)
    there = {"FILES_URL": elsewhere.as_uri()}
    made = homeroom(filled, "backup", str(tmp_path / "b.zip"), "--json", **there)
    assert json.loads(made.stdout)["files"] == 1
    (elsewhere / "later").write_bytes(b"x")
    inode = elsewhere.stat().st_ino  # the folder itself stays: a disk may be mounted at it
    homeroom(filled, "restore", str(tmp_path / "b.zip"), "--force", **there)
    assert [path.name for path in elsewhere.iterdir()] == ["ab"]
    assert (elsewhere / "ab" / "picture").read_bytes() == PICTURE
    assert elsewhere.stat().st_ino == inode
    assert not (filled / "files").exists()


def test_keys_that_cannot_read_the_backup_are_refused(saved, tmp_path):
    refused = homeroom(tmp_path / "other", "restore", str(saved.file), check=False)
    assert (refused.returncode, "--keys FILE" in refused.stderr) == (1, True)
    assert not (tmp_path / "other" / "files").exists()


@pytest.mark.parametrize("how", ["damaged", "newer", "outside"])
def test_an_archive_that_is_not_whole_and_ours_changes_nothing(saved, filled, tmp_path, how):
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(saved.file) as archive, zipfile.ZipFile(broken, "w") as out:
        for name in archive.namelist():
            content = archive.read(name)
            if how == "newer" and name == "about.json":
                about = json.loads(content)
                content = json.dumps(
                    {**about, "migrations": [*about["migrations"], ["notices", "9999_later"]]}
                ).encode()
            out.writestr(name, content)
        if how == "outside":
            out.writestr("files/../../outside", b"x")
    if how == "damaged":
        content = bytearray(broken.read_bytes())
        content[5000:5020] = b"x" * 20
        broken.write_bytes(content)
    refused = homeroom(filled, "restore", str(broken), "--force", check=False)
    expected = {"damaged": "damaged", "newer": "Install that version first", "outside": "no backup of Homeroom"}[how]
    assert (refused.returncode, expected in refused.stderr) == (1, True)
    assert schools(filled) == [SCHOOL]
    assert (filled / "files" / "ab" / "picture").exists()
    assert not (tmp_path / "outside").exists()


def test_a_backup_made_while_others_write_is_one_moment(filled, tmp_path):
    stop = threading.Event()

    def write_pairs() -> None:
        other = sqlite3.connect(filled / "homeroom.db", isolation_level=None, timeout=20)
        number = 0
        while not stop.is_set():
            other.execute("BEGIN IMMEDIATE")
            for side in ("left", "right"):
                other.execute("INSERT INTO kit_heartbeat VALUES (?, '2026-01-01')", [f"{side}-{number}"])
            other.execute("COMMIT")
            number += 1
        other.close()

    writer = threading.Thread(target=write_pairs)
    writer.start()
    try:
        homeroom(filled, "backup", str(tmp_path / "b.zip"))
    finally:
        stop.set()
        writer.join()
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        database = sqlite3.connect(archive.extract("database.sqlite3", tmp_path))
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    count = database.execute("SELECT count(*) FROM kit_heartbeat WHERE name LIKE ?", ["%-%"])
    assert count.fetchone()[0] % 2 == 0


@pytest.mark.postgresql
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
    token = homeroom(source, "shell", "--no-imports", "-c", FILL, DATABASE_URL=urls["backup_source"]).stdout.strip()
    files = [str(tmp_path / "b.zip"), "--keys", str(tmp_path / "k.zip")]
    homeroom(source, "backup", *files, DATABASE_URL=urls["backup_source"])
    homeroom(target, "restore", *files, DATABASE_URL=urls["backup_target"])
    assert can_read(token, (target / "keys" / "fields.key").read_text().split())
    with psycopg.connect(urls["backup_target"]) as restored:
        assert restored.execute("SELECT id, name FROM school_school").fetchall() == [(1, SCHOOL)]
        following = restored.execute("SELECT nextval(pg_get_serial_sequence('school_school', 'id'))").fetchone()
        assert following == (2,)
