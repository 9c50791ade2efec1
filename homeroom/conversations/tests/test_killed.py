"""A server killed between commit and answer: what was answered is kept, and sending again gives the same message."""

from __future__ import annotations

import http.client
import json
import threading
from uuid import uuid4

import pytest

from tests.server import Served

OPEN = """
from django.utils import timezone
from homeroom.conversations.public import open_family_thread
from homeroom.people.models import Person
from homeroom.people.sessions import PERSON_KEY, SessionStore
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
with_account = Person.objects.select_related("account", "school")
mother, teacher = (with_account.get(account__username=name) for name in ("limei", "wang"))
child = Person.objects.get(name="张小雨")
thread = open_family_thread(actor=mother, student=child, teacher=teacher, now=timezone.now())
session = SessionStore()
session[SESSION_KEY] = str(mother.account.pk)
session[BACKEND_SESSION_KEY] = "homeroom.people.sign_in.Backend"
session[HASH_SESSION_KEY] = mother.account.get_session_auth_hash()
session[PERSON_KEY] = mother.pk
session.save()
print(f"{thread.uuid} {session.session_key}")
"""
STORED = """
from homeroom.conversations.models import Message
import json
print(json.dumps({str(m.client_key): m.number for m in Message.objects.all()}))
"""


class Sender:
    """Sends one message after another over HTTP, and notes which were answered."""

    def __init__(self, served: Served, thread: str, session: str) -> None:
        self.served, self.thread, self.session = served, thread, session
        self.answered: dict[str, int] = {}
        self.asked: list[str] = []
        self.under_way = threading.Event()

    def send(self, key: str) -> int:
        token = "a" * 32
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=10)
        try:
            connection.request(
                "POST", f"/api/v1/conversations/{self.thread}/messages", json.dumps({"text": key}),
                {
                    "Content-Type": "application/json", "Idempotency-Key": key, "X-CSRFToken": token,
                    "Cookie": f"homeroom_session={self.session}; csrftoken={token}",
                },
            )  # fmt: skip
            response = connection.getresponse()
            body = response.read()
            assert response.status in {200, 201}, body
            return int(json.loads(body)["number"])
        finally:
            connection.close()

    def go_on(self) -> None:
        while len(self.asked) < 25:  # under what one person may send in a minute
            key = str(uuid4())
            self.asked.append(key)
            try:
                self.answered[key] = self.send(key)
            except (OSError, http.client.HTTPException):
                return
            if len(self.answered) == 3:
                self.under_way.set()


@pytest.mark.process
def test_nothing_answered_is_lost_and_nothing_is_doubled(prepared, tmp_path):
    served = prepared.copy_to(tmp_path / "data")
    thread, session = served.python(OPEN).split()[-2:]
    sender = Sender(served, thread, session)
    try:
        served.start()
        working = threading.Thread(target=sender.go_on)
        working.start()
        assert sender.under_way.wait(20)
        served.kill()  # in the middle of whatever it does
        working.join(20)
        assert sender.answered
        served.start()
        again = {key: sender.send(key) for key in sender.asked}
        served.stop()
    finally:
        served.kill()
    stored = json.loads(served.python(STORED).strip().splitlines()[-1])
    assert again == stored
    assert sender.answered.items() <= stored.items()
    assert sorted(stored.values()) == list(range(1, len(sender.asked) + 1))
