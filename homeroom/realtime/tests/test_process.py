"""Sockets of a served process, while another process commits, and when the serving one is killed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import websocket

from homeroom.realtime.tests.live import Page
from homeroom.site.tests.conftest import environment_for, running

pytestmark = pytest.mark.process

# What another process does: `person` makes a signed-in guardian, `happen` commits an event for them, `sign_out` ends
# their session. It answers each with a JSON line.
OTHER = """
import json, sys
import django
django.setup()
from django.db import transaction
from homeroom.kit.access import SystemActor
from homeroom.people.models import Account, Person
from homeroom.people.sessions import end_sessions
from homeroom.realtime.tests.live import happen, sign_in
from homeroom.school.models import Stage
from homeroom.school.public import create_school
school = create_school(actor=SystemActor("test"), name="阳光小学", stages=[Stage.PRIMARY])
account = Account.objects.create(username="mother", password="!")
person = Person.objects.create(school=school, account=account, name="李梅")
print(json.dumps({"stream": f"p{person.pk}", "session": sign_in(account)}), flush=True)
for line in sys.stdin:
    if line.strip() == "happen":
        happen(person.pk)
    elif line.strip() == "sign_out":
        with transaction.atomic():
            end_sessions(account)
    print("{}", flush=True)
"""


class Other:
    """Another process on the same database."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        about = self._answer()
        self.stream, self.session = about["stream"], about["session"]

    def do(self, what: str) -> None:
        """Returns when it is committed."""
        assert self.process.stdin is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))


@pytest.fixture
def data(migrated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(migrated, tmp_path / "data"))


@contextmanager
def other_process(data: Path) -> Iterator[Other]:
    environment = environment_for(data, DJANGO_SETTINGS_MODULE="homeroom.site.settings")
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Other(process)
    finally:
        process.kill()
        process.wait()


def numbers(page: Page) -> list[int]:
    """The numbers of everything missed, up to `ready`."""
    return [frame["n"] for frame in page.until("ready")[:-1]]


def test_what_another_process_commits_arrives(data: Path) -> None:
    with running(data, "gateway", "--port", "0") as server, other_process(data) as other:
        page = Page(server.port, other.session).hello()
        page.until("ready")
        for _count in range(3):
            other.do("happen")
        assert page.numbers(3) == [(other.stream, 1), (other.stream, 2), (other.stream, 3)]
        other.do("sign_out")
        assert page.next() == {"closed": 4401}
        with pytest.raises(websocket.WebSocketBadStatusException):
            Page(server.port, other.session)


def test_killed_between_commit_and_fan_out_nothing_is_lost_or_doubled(data: Path) -> None:
    with other_process(data) as other:
        with running(data, "gateway", "--port", "0") as server:
            page = Page(server.port, other.session).hello()
            page.until("ready")
            other.do("happen")
            assert page.numbers(1) == [(other.stream, 1)]
            server.process.send_signal(signal.SIGSTOP)  # it can hear of nothing any more
            other.do("happen")
            other.do("happen")
            server.process.kill()
        with running(data, "serve", "--port", "0") as server:
            page = Page(server.port, other.session).hello(**{other.stream: 1})
            assert numbers(page) == [2, 3]
            other.do("happen")
            assert page.numbers(1) == [(other.stream, 4)]


def test_a_stopping_server_sends_its_clients_away(data: Path) -> None:
    with running(data, "serve", "--port", "0") as server, other_process(data) as other:
        page = Page(server.port, other.session).hello()
        page.until("ready")
        server.process.send_signal(signal.SIGTERM)
        assert page.next() == {"closed": 1001}
        assert server.process.wait(20) == 0
