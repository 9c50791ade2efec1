"""A database of an earlier version becomes one of this version with everything in it.

An installation as the first release's migrations made it is filled, saved with `homeroom backup` and restored, which
migrates it. Archives of real releases go into `tests/releases/` (VERSION.zip, VERSION-keys.zip) and are tried too.
"""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path

import pytest
from django.conf import settings

from .conftest import homeroom

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not settings.SQLITE, reason="SQLite files of their own"),
]
RELEASES = sorted((settings.PACKAGE.parent / "tests" / "releases").glob("*[0-9].zip"))

FIRST_RELEASE = """
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
executor = MigrationExecutor(connection)
graph = executor.loader.graph
ours = {app for app, name in graph.nodes if executor.loader.get_migration(app, name).__module__.startswith("homeroom.")}
first = [node for node in graph.root_nodes() if node[0] in ours]
first += [node for node in graph.leaf_nodes() if node[0] not in ours]
executor.migrate(first)
School = executor.loader.project_state(first).apps.get_model("school", "School")
for number in range(3):
    School.objects.create(name=f"school {number}")
"""


def is_current(data: Path) -> bool:
    return homeroom(data, "migrate", "--check", check=False).returncode == 0


def test_an_installation_of_the_first_release_is_brought_forward(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    homeroom(old, "shell", "--no-imports", "-c", FIRST_RELEASE)
    homeroom(old, "backup", str(tmp_path / "b.zip"), "--keys", str(tmp_path / "k.zip"))
    homeroom(new, "restore", str(tmp_path / "b.zip"), "--keys", str(tmp_path / "k.zip"))
    assert is_current(new)
    with sqlite3.connect(new / "homeroom.db") as database:
        rows = database.execute("SELECT name FROM school_school ORDER BY id").fetchall()
    assert rows == [("school 0",), ("school 1",), ("school 2",)]


@pytest.mark.parametrize("archive", RELEASES, ids=lambda path: path.stem)
def test_a_backup_of_a_release_is_brought_forward(archive, tmp_path):
    keys = archive.with_name(f"{archive.stem}-keys.zip")
    homeroom(tmp_path / "data", "restore", str(archive), "--keys", str(keys))
    assert is_current(tmp_path / "data")
    with zipfile.ZipFile(archive) as saved:
        rows = json.loads(saved.read("about.json"))["rows"]
    with sqlite3.connect(tmp_path / "data" / "homeroom.db") as database:
        people = database.execute("SELECT count(*) FROM people_person").fetchone()
    assert people == (rows["people_person"],)


def test_the_models_need_no_migration_that_is_not_there(data):
    wanted = homeroom(data, "makemigrations", "--check", "--dry-run", check=False)
    assert wanted.returncode == 0, wanted.stdout
