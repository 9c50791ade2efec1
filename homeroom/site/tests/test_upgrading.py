"""A database of an earlier version becomes one of this version with everything in it.

`tests/releases/` has a backup of each release (VERSION.zip, VERSION-keys.zip); restoring one migrates it.
"""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path

import pytest
from django.conf import settings

from .conftest import homeroom

pytestmark = pytest.mark.process
RELEASES = sorted((settings.PACKAGE.parent / "tests" / "releases").glob("*[0-9].zip"))

# The mother of the cast, who had answered one of four notices when the archive was made.
A_MOTHER_LOOKS = """
import json
from homeroom.delivery.models import Recipient
from homeroom.people.models import Guardianship
mother = Guardianship.objects.filter(relation="mother").order_by("id").first().guardian
assert mother.phone.startswith("1"), "the phone cannot be read"
copies = Recipient.objects.filter(person=mother).select_related("item")
titles = sorted({copy.item.title for copy in copies})
print(json.dumps({"titles": titles, "replied": any(copy.done_at for copy in copies if copy.item.title == "家长会")}))
"""


def is_current(data: Path) -> bool:
    return homeroom(data, "migrate", "--check", check=False).returncode == 0


def columns(data: Path) -> set[tuple[str, str]]:
    """(table, column) of the whole database."""
    with sqlite3.connect(data / "homeroom.db") as database:
        return set(
            database.execute(
                "SELECT tables.name, columns.name FROM sqlite_master AS tables,"
                " pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'"
            )
        )


@pytest.mark.parametrize("archive", RELEASES, ids=lambda path: path.stem)
def test_a_backup_of_a_release_is_brought_forward(archive, data, tmp_path):
    keys = archive.with_name(f"{archive.stem}-keys.zip")
    homeroom(tmp_path / "restored", "restore", str(archive), "--keys", str(keys))
    assert is_current(tmp_path / "restored")
    with zipfile.ZipFile(archive) as saved:
        rows = json.loads(saved.read("about.json"))["rows"]
    with sqlite3.connect(tmp_path / "restored" / "homeroom.db") as database:
        people = database.execute("SELECT count(*) FROM people_person").fetchone()
    assert people == (rows["people_person"],)
    assert columns(tmp_path / "restored") == columns(data)  # so nobody rewrote a migration that a release has run


@pytest.mark.parametrize("archive", RELEASES, ids=lambda path: path.stem)
def test_a_school_goes_on_where_a_release_left_it(archive, tmp_path):
    """A mother finds her notices, and what was encrypted is read with the keys of then."""
    keys = archive.with_name(f"{archive.stem}-keys.zip")
    homeroom(tmp_path / "data", "restore", str(archive), "--keys", str(keys))
    seen = homeroom(tmp_path / "data", "shell", "--no-imports", "-c", A_MOTHER_LOOKS)
    assert json.loads(seen.stdout) == {"titles": ["周三穿运动鞋", "家长会", "研学告知书", "请确认"], "replied": True}


def test_the_models_need_no_migration_that_is_not_there(data):
    wanted = homeroom(data, "makemigrations", "--check", "--dry-run", check=False)
    assert wanted.returncode == 0, wanted.stdout
