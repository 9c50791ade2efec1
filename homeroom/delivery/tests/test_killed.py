"""A server killed while the mail server has not answered yet: everybody gets the mail, and the app shows it once."""

from __future__ import annotations

import email
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from email import policy

import pytest
from aiosmtpd.controller import Controller

from tests.server import Served, free_port

SLOW_AT = 4  # the mail whose answer is kept back
SEND = """
import json
from django.utils import timezone
from homeroom.delivery.public import Asked, send_item
from homeroom.demo.cast import build_cast
from homeroom.people.public import guardian_pairs
cast, now = build_cast(), timezone.now()
pairs = guardian_pairs([pupil.pk for pupil in cast.pupils_a], on=cast.today)
asked = [pair for pair in pairs if pair.person_id in {guardian.pk for guardian in cast.guardians}]
for guardian in cast.guardians:
    guardian.email = f"g{guardian.pk}@example.cn"
    guardian.save()
send_item(
    actor=cast.class_teacher, school=cast.school, kind="plain", source_id=None, sender=cast.class_teacher,
    title="停课通知", lead="因台风明日停课。", level="confirm", priority="emergency", now=now,
    recipients=[Asked(pair.person_id, pair.student_id) for pair in asked],
)
print(json.dumps(sorted({f"g{pair.person_id}@example.cn" for pair in asked})))
"""
LEASE_RUNS_OUT = """
from datetime import timedelta
from django.utils import timezone
from homeroom.delivery.models import Dispatch
held = Dispatch.objects.filter(state="waiting", claimed_until__isnull=False)
print(held.update(claimed_until=timezone.now() - timedelta(seconds=1)))
"""
SHOWN = """
import json
from django.db.models import Count
from django.utils import timezone
from homeroom.delivery.models import Dispatch, Item, Recipient
from homeroom.delivery.public import feed
from homeroom.eventlog.models import LoggedEvent
from homeroom.people.models import Person
people = Person.objects.select_related("school").filter(pk__in=Recipient.objects.values("person_id"))
copies = Recipient.objects.values("person_id", "student_id").annotate(n=Count("pk"))
print(json.dumps({
    "items": Item.objects.filter(kind="plain").count(),
    "announced": LoggedEvent.objects.filter(name="delivery.item_sent").count(),
    "copies": sorted({row["n"] for row in copies}),
    "cards": sorted({
        [card.title for card in feed(person, now=timezone.now()).cards].count("停课通知") for person in people
    }),
    "states": sorted(set(Dispatch.objects.values_list("state", flat=True))),
}))
"""


class SlowServer:
    """A mail server that takes its time over one mail, and keeps what it accepted by address."""

    def __init__(self) -> None:
        self.mails: dict[str, list[str]] = defaultdict(list)
        self.asked = 0
        self.let_go = threading.Event()
        self.news = threading.Condition()

    async def handle_DATA(self, server, session, envelope):
        with self.news:
            self.asked += 1
            slow = self.asked == SLOW_AT
            mail = email.message_from_bytes(envelope.content, policy=policy.default)
            self.mails[envelope.rcpt_tos[0]].append(str(mail["Message-ID"]))
            self.news.notify_all()
        if slow:  # accepted, and the sender does not hear of it
            await server.loop.run_in_executor(None, self.let_go.wait, 60)
        return "250 OK"

    def until(self, condition: Callable[[], bool]) -> None:
        with self.news:
            assert self.news.wait_for(condition, timeout=90), dict(self.mails)


@pytest.fixture
def smtp() -> Iterator[tuple[SlowServer, int]]:
    handler = SlowServer()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, controller.port
    handler.let_go.set()
    controller.stop()


@pytest.mark.process
def test_killed_between_a_mail_and_its_answer_everybody_gets_it_and_the_app_shows_it_once(migrated, tmp_path, smtp):
    handler, port = smtp
    served = Served(migrated, EMAIL_URL=f"smtp://127.0.0.1:{port}").copy_to(tmp_path / "data")
    expected = set(json.loads(served.python(SEND).strip().splitlines()[-1]))
    try:
        served.start()
        handler.until(lambda: handler.asked >= SLOW_AT)
        served.kill()
        handler.let_go.set()
        assert handler.mails.keys() < expected
        assert int(served.python(LEASE_RUNS_OUT).strip().splitlines()[-1]) > 0
        served.start()
        handler.until(lambda: handler.mails.keys() == expected)
        served.stop()  # it finishes what it is at
    finally:
        served.kill()
    # Whoever got it twice got the same mail twice: the key tells a mail program so.
    assert {len(set(keys)) for keys in handler.mails.values()} == {1}
    shown = json.loads(served.python(SHOWN).strip().splitlines()[-1])
    assert shown == {"items": 1, "announced": 1, "copies": [1], "cards": [1], "states": ["sent"]}
