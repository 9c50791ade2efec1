"""Two browsers and a phone of one person stay the same through anything, with the socket cut at random."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from django.utils import timezone

from homeroom.conversations import faces
from homeroom.conversations.models import Conversation, Membership, Message
from homeroom.conversations.services import edit_message, open_family_thread, react, withdraw_message
from homeroom.kit.errors import NotAllowed, Trouble
from homeroom.kit.ids import new_id
from homeroom.realtime.tests.live import Live, Page, live_gateway, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now
OPERATIONS = 200


@pytest.fixture
def live(transactional_db: None) -> Iterator[Live]:
    faces.forget()
    with live_gateway() as gateway:
        yield gateway


class Device:
    """A client by the protocol alone: what it shows comes from frames, and it resumes from its own numbers."""

    def __init__(self, live: Live, session: str, where: Conversation) -> None:
        self.live, self.session = live, session
        self.said, self.moved, self.where = f"c{where.pk}", f"x{where.pk}", where
        self.after: dict[str, int] = {self.said: 0, self.moved: 0}
        self.shown: dict[int, dict[str, Any]] = {}
        self.read = 0
        self.answers: dict[str, dict[str, Any]] = {}
        self.page: Page | None = None
        self.connect()

    def connect(self) -> None:
        self.page = self.live.page(self.session).hello(**self.after)
        while self.take()["t"] != "ready":
            pass

    def cut(self) -> None:
        """The line breaks without a word."""
        assert self.page is not None
        self.page.socket.shutdown()
        self.page = None

    def take(self) -> dict[str, Any]:
        """The next frame, applied."""
        assert self.page is not None
        frame = self.page.next()
        assert "closed" not in frame, frame
        if frame["t"] == "event" and frame["s"] in self.after:
            have = self.after[frame["s"]]
            if frame["s"] == self.said:
                assert frame["n"] == have + 1, "a number came twice, or one is missing"
                self.shown[frame["n"]] = frame["d"]
            else:
                assert frame["n"] > have
                assert frame["a"] in self.shown, "a change came before its message"
                self.shown[frame["a"]] = frame["d"]
            self.after[frame["s"]] = frame["n"]
        elif frame["t"] in {"acked", "refused"}:
            self.answers[frame["id"]] = frame
        elif frame["t"] == "hint":
            for key, data in frame["d"].items():
                if key.endswith(f"/{self.said}"):
                    self.read = data["read"]
        return frame

    def act(self, do: str, key: str, **data: Any) -> dict[str, Any]:
        assert self.page is not None
        self.page.send(t="act", id=key, do=do, d={"to": self.said, **data})
        while key not in self.answers:
            self.take()
        assert self.answers[key]["t"] == "acked", self.answers[key]
        return self.answers[key]

    def catch_up(self, said: int, moved: int) -> None:
        if self.page is None:
            self.connect()
        while self.after[self.said] < said or self.after[self.moved] < moved:
            self.take()


@pytest.mark.parametrize("seed", [1, 2])
def test_two_browsers_and_a_phone_stay_the_same(live, school, monkeypatch, seed):
    from homeroom.conversations import live as over_socket
    from homeroom.conversations.services import changing

    for pace in (*over_socket._paces, changing.reactions):
        monkeypatch.setattr(pace, "most", 10_000)
        monkeypatch.setattr(pace, "_acts", type(pace._acts)())
    thread = open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=NOW())
    session, others = sign_in(school.mother.account), sign_in(school.class_teacher.account)
    devices = [Device(live, session, thread) for _device in range(3)]
    teacher = Device(live, others, thread)
    random = Random(seed)
    furthest = 0
    for _operation in range(OPERATIONS):
        device = random.choice([*devices, teacher])
        who = school.class_teacher if device is teacher else school.mother
        last = Message.objects.count()
        what = random.choice(["send", "send", "twice", "edit", "withdraw", "react", "read", "cut"])
        if what == "cut":
            if device.page is not None:
                device.cut()
            continue
        if device.page is None:
            device.connect()
        try:
            match what:
                case "send":
                    device.act("conversations.send", str(new_id()), text=f"第 {last} 句 <b>")
                case "twice":  # the answer got lost with the line: the same again from another device
                    key = str(new_id())
                    device.act("conversations.send", key, text="只一次")
                    again = teacher if device is teacher else random.choice(devices)
                    if again.page is None:
                        again.connect()
                    again.answers.pop(key, None)
                    again.act("conversations.send", key, text="只一次")
                    assert again.answers[key]["d"] == device.answers[key]["d"]
                case "edit" | "withdraw" | "react" if last:
                    message = Message.objects.get(conversation=thread, number=random.randint(1, last))
                    change(what, who, message, random)
                case "read" if last:
                    number = random.randint(1, last)
                    device.act("conversations.read", str(new_id()), n=number)
        except (Trouble, NotAllowed):
            pass
        furthest = max(furthest, Membership.objects.get(conversation=thread, person=school.mother).read_number)
    thread.refresh_from_db()
    for device in [*devices, teacher]:
        device.catch_up(thread.last_number, thread.last_change)
    stored = {message.number: message for message in Message.objects.filter(conversation=thread)}
    assert sorted(stored) == list(range(1, thread.last_number + 1))
    for device in [*devices, teacher]:
        assert device.shown == devices[0].shown
        assert {n: told.get("gone") is not None for n, told in device.shown.items()} == {
            n: message.withdrawn_at is not None for n, message in stored.items()
        }
        for number, told in device.shown.items():
            if "gone" not in told:
                assert told["html"] == stored[number].text.replace("<", "&lt;").replace(">", "&gt;")
    assert Membership.objects.get(conversation=thread, person=school.mother).read_number == furthest


def change(what: str, who: Any, message: Message, random: Random) -> None:
    match what:
        case "edit":
            edit_message(actor=who, message=message, text=f"改 {random.random()}", now=NOW())
        case "withdraw":
            withdraw_message(actor=who, message=message, reason="", now=NOW())
        case "react":
            react(actor=who, message=message, kind=random.choice(["ok", "thanks"]), now=NOW())
