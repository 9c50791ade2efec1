"""kill -9 in the middle of applying, the write lock while 5,000 pupils are written, PostgreSQL's way of writing."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from homeroom.roster.apply import rows_like

HOMEROOM = Path(sys.executable).with_name("homeroom")
PUPILS = 1500

SETUP = """
from homeroom.kit.access import SystemActor
from homeroom.people.models import Account, Person, Role
from homeroom.school.public import create_school
from homeroom.roster import services
from homeroom.roster.jobs import carry_runs
from homeroom.roster.tests.files import workbook_bytes
school = create_school(actor=SystemActor("t"), name="春晖小学", stages=["primary"])
office = Person.objects.create(school=school, account=Account.objects.create(username="o", password="!"), name="教务")
Role.objects.create(school=school, person=office, kind=Role.Kind.OFFICE)
rows = [["学号", "姓名", "班级", "母亲姓名", "母亲电话"]]
for n in range(PUPILS):
    rows.append([str(n), f"学生{chr(0x4E00 + n)}", f"三年级{n % 20 + 1}班", f"妈妈{chr(0x5E00 + n)}", f"138{n:08d}"])
run = services.start_import(actor=office, school=school, filename="a.xlsx", content=workbook_bytes(rows))
carry_runs()
run.refresh_from_db()
assert run.state == "compared", run.trouble
services.ask_to_apply(actor=office, run=run, options={})
print("ready")
""".replace("PUPILS", str(PUPILS))

# Applies, and says so in the middle of the transaction, where it waits to be killed.
DIE = """
import threading
from homeroom.roster import apply
from homeroom.roster.jobs import carry_runs
whole = apply.Writer._write_edges
def half(self):
    whole(self)
    print("in the middle", flush=True)
    threading.Event().wait()
apply.Writer._write_edges = half
carry_runs()
"""

LOOK = """
from homeroom.people.models import Guardianship, Person
from homeroom.roster.models import ImportRun
run = ImportRun.objects.get()
print(Person.objects.filter(name__startswith="学生").count(), Guardianship.objects.count(), run.state, run.wanted)
"""

AGAIN = """
from datetime import timedelta
from django.utils import timezone
from homeroom.roster import services
run = services.claim_next(timezone.now() + timedelta(minutes=2))
services.carry_out(run)
"""


@pytest.fixture(scope="module")
def installation(migrated, tmp_path_factory):
    """A database of its own with an import that waits to be applied."""
    data = tmp_path_factory.mktemp("data")
    shutil.copytree(migrated, data, dirs_exist_ok=True)
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}}
    environment["HOMEROOM_DATA"] = str(data)

    def shell(code: str) -> str:
        done = subprocess.run(
            [HOMEROOM, "shell", "--no-imports"], input=code, env=environment, capture_output=True, text=True,
            timeout=180, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    assert "ready" in shell(SETUP)
    return data, environment, shell


@pytest.mark.process
@pytest.mark.alone
def test_an_import_killed_in_the_middle_leaves_nothing_and_is_taken_up_again(installation):
    data, environment, shell = installation
    before = shell(LOOK)
    assert before.split() == ["0", "0", "compared", "apply"]
    process = subprocess.Popen(
        [HOMEROOM, "shell", "--no-imports"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    )
    process.stdin.write(DIE)
    process.stdin.close()
    assert "in the middle" in process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    assert shell(LOOK) == before

    longest = measured_while(data / "homeroom.db", lambda: shell(AGAIN))
    assert shell(LOOK).split() == [str(PUPILS), str(PUPILS), "applied"]
    assert longest < 2.0


def measured_while(database: Path, work) -> float:
    """The longest anybody waits for SQLite's write lock while `work` is done."""
    over = threading.Event()
    longest = 0.0

    def ask() -> None:
        nonlocal longest
        connection = sqlite3.connect(database, timeout=0, isolation_level=None)
        since = 0.0
        while not over.wait(0.005):
            now = time.monotonic()
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                since = since or now
                continue
            connection.execute("ROLLBACK")
            longest, since = max(longest, time.monotonic() - since if since else 0.0), 0.0
        connection.close()

    asking = threading.Thread(target=ask)
    asking.start()
    work()
    over.set()
    asking.join()
    return longest


@pytest.mark.django_db
def test_rows_made_without_objects_are_what_objects_would_store(school):
    from homeroom.people.models import Guardianship
    from homeroom.roster.apply import insert

    pupil, adult = school.pupils_b[0], school.other_class_teacher
    sample = Guardianship(school=school.school)
    (pk,) = insert(Guardianship, rows_like(sample, ("guardian_id", "student_id"), [(adult.pk, pupil.pk)]))
    made = Guardianship.objects.get(pk=pk)
    assert (made.relation, made.contact_order, made.sees_records, made.may_sign, made.restriction) == (
        "other",
        1,
        True,
        True,
        "",
    )
    assert made.created_at is not None
    after = Guardianship.objects.create(school=school.school, guardian=adult, student=school.pupils_b[1])
    assert after.pk > pk
