"""A server killed while it publishes what was scheduled: nothing is lost, nothing goes out twice."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.server import Served

SCHEDULED = 24
SCHEDULE = f"""
from datetime import timedelta
from django.utils import timezone
from homeroom.groups.public import Audience
from homeroom.kit.ids import new_id
from homeroom.notices.public import Draft, schedule_notice, save_draft
from homeroom.people.models import Person
now = timezone.now()
actor = Person.objects.select_related("school").get(account__username="wang")
place = actor.current_roles[0].school_class.uuid
for number in range({SCHEDULED}):
    draft = Draft(title=f"定时 {{number}}", text="<p>正文</p>", audience=Audience.of([f"class:{{place}}"]))
    notice = save_draft(actor=actor, draft=draft, client_key=new_id(), now=now)
    schedule_notice(actor=actor, notice=notice, at=now + timedelta(milliseconds=1), now=now)
"""
COUNT = """
import json
from django.db.models import Count
from homeroom.delivery.public import Item, Recipient
from homeroom.eventlog.models import LoggedEvent
from homeroom.notices.models import Notice
print(json.dumps({
    "states": list(Notice.objects.values_list("state", flat=True).distinct()),
    "items": [row["n"] for row in Item.objects.filter(kind="notice").values("source_id").annotate(n=Count("pk"))],
    "copies": sorted(set(Recipient.objects.values("item").annotate(n=Count("pk")).values_list("n", flat=True))),
    "sent": LoggedEvent.objects.filter(name="delivery.item_sent").count(),
}))
"""


def published(data: Path) -> int:
    with sqlite3.connect(f"file:{data / 'homeroom.db'}?mode=ro", uri=True, timeout=10) as database:
        return database.execute("SELECT count(*) FROM notices_notice WHERE state = 'published'").fetchone()[0]


def wait_for_more(served: Served, *, than: int) -> None:
    """Looks again every few milliseconds, for as long as the server lives."""
    assert served.process is not None
    until = time.monotonic() + 60
    while published(served.data) <= than and time.monotonic() < until:
        with suppress(subprocess.TimeoutExpired):
            served.process.wait(0.005)


def forget_leases(data: Path) -> None:
    """As if the fifteen seconds were over in which a dead process's jobs are its own."""
    with sqlite3.connect(data / "homeroom.db", timeout=10) as database:
        database.execute("UPDATE kit_periodicjob SET leased_until = '2020-01-01 00:00:00'")


@pytest.mark.process
def test_scheduled_notices_go_out_once_however_often_the_server_is_killed(prepared, tmp_path):
    served = prepared.copy_to(tmp_path / "data")
    served.python(SCHEDULE)
    kills = 0
    try:
        while kills < 3:
            before = published(served.data)
            served.start()
            wait_for_more(served, than=before)
            served.kill()  # at least one is out by now, and most likely the next is half written
            kills += 1
            if published(served.data) == SCHEDULED:
                break
            forget_leases(served.data)
        served.start()
        wait_for_more(served, than=SCHEDULED - 1)
        served.stop()
    finally:
        served.kill()
    found = json.loads(served.python(COUNT).strip().splitlines()[-1])
    assert found["states"] == ["published"]
    assert found["items"] == [1] * SCHEDULED
    assert len(found["copies"]) == 1
    assert found["sent"] == SCHEDULED
    assert kills >= 1
