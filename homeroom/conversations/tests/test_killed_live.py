"""A server killed in the middle of what comes over its sockets: what was acknowledged is stored, nothing is doubled."""

from __future__ import annotations

import json
import threading
from uuid import uuid4

import pytest
import websocket

from homeroom.conversations.tests.test_killed import OPEN, STORED
from homeroom.realtime.tests.live import Page

WHERE = """
from homeroom.conversations.models import Conversation
print(Conversation.objects.get().pk)
"""
READ = """
from homeroom.conversations.models import Membership
print(Membership.objects.get(person__account__username="limei", conversation__kind="family").read_number)
"""


class Client:
    """Writes and reads over one socket as fast as it is answered, and notes what was acknowledged."""

    def __init__(self, port: int, session: str, stream: str) -> None:
        self.page = Page(port, session).hello()
        self.page.until("ready")
        self.stream = stream
        self.asked: list[str] = []
        self.acknowledged: dict[str, int] = {}
        self.read = 0
        self.under_way = threading.Event()

    def send(self, key: str) -> None:
        self.page.send(t="act", id=key, do="conversations.send", d={"to": self.stream, "text": key})

    def answers(self, wanted: int) -> None:
        while len(self.acknowledged) < wanted:
            frame = self.page.next()
            if frame.get("t") == "acked" and "number" in frame["d"]:
                self.acknowledged[frame["id"]] = frame["d"]["number"]
            elif frame.get("t") == "acked":
                self.read = int(frame["id"])
            elif frame.get("t") == "refused" or "closed" in frame:
                raise AssertionError(frame)

    def go_on(self) -> None:
        try:
            for _message in range(25):
                key = str(uuid4())
                self.asked.append(key)
                self.send(key)
                self.answers(len(self.asked))
                number = self.acknowledged[key]
                self.page.send(t="act", id=str(number), do="conversations.read", d={"to": self.stream, "n": number})
                if number == 5:
                    self.under_way.set()
        except (OSError, websocket.WebSocketException, AssertionError):
            return


@pytest.mark.process
def test_what_was_acknowledged_is_stored_and_the_rest_sent_again_comes_once(prepared, tmp_path):
    served = prepared.copy_to(tmp_path / "data")
    served.environment["CHAT_MESSAGES_A_MINUTE"] = "1000"
    _thread, session = served.python(OPEN).split()[-2:]
    stream = f"c{served.python(WHERE).split()[-1]}"
    try:
        served.start()
        client = Client(served.port, session, stream)
        working = threading.Thread(target=client.go_on)
        working.start()
        assert client.under_way.wait(20)
        served.kill()  # in the middle of whatever it does
        working.join(20)
        assert client.acknowledged
        assert int(served.python(READ).split()[-1]) >= client.read
        served.start()
        again = Client(served.port, session, stream)
        for key in client.asked:
            again.send(key)
        again.answers(len(client.asked))
        served.stop()
    finally:
        served.kill()
    stored = json.loads(served.python(STORED).strip().splitlines()[-1])
    assert again.acknowledged == stored
    assert client.acknowledged.items() <= stored.items()
    assert sorted(stored.values()) == list(range(1, len(client.asked) + 1))
