"""How families took the notices of a term: who read, confirmed, signed, answered, and when.

Written straight into the tables: twenty thousand receipts through the services would take minutes. What is written
follows the services' rules: a read is the same on all copies of a person, who does what is asked settles the child
for the household when any one guardian is enough, and somebody without an account can do nothing in the app.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from django.db import connection

from homeroom.delivery.models import HouseholdRule, Item, Level, Recipient, Reply, Signature
from homeroom.people.models import Person
from homeroom.people.public import labels

from .cast import ZONE
from .texts import texts

DONE = {Level.READ: 1.0, Level.CONFIRM: 0.95, Level.SIGN: 0.91, Level.REPLY: 0.62}  # of those who read, in the end


@dataclass(slots=True)
class Habit:
    """How somebody deals with notices."""

    hours: float  # from arrival to reading, their median
    reads: float  # share of notices read at all
    does: float  # multiplies the share of notices done


@dataclass(slots=True)
class Copy:
    """A recipient row being filled in."""

    pk: int
    person_id: int
    student_id: int | None
    asks: bool
    read_at: datetime | None = None
    done_at: datetime | None = None
    settled_at: datetime | None = None
    reminded_at: datetime | None = None
    reminders: int = 0


class Receipts:
    """Writes what became of each item up to `now`."""

    def __init__(
        self, random: Random, now: datetime, *, with_account: Collection[int], leave_open: Collection[int]
    ) -> None:
        self.random = random
        self.now = now
        self.with_account = set(with_account)
        self.leave_open = set(leave_open)  # persons who still have everything of the last days before them
        self.habits: dict[int, Habit] = {}
        self.updates: list[tuple[Any, ...]] = []
        self.signatures: list[Signature] = []
        self.replies: list[tuple[Reply, Item, str]] = []  # with the school's answer
        self.said = {text.title: text.replies for text in texts()}

    def habit(self, person_id: int) -> Habit:
        if person_id not in self.habits:
            random = self.random
            careless = random.random() < 0.12
            self.habits[person_id] = Habit(
                hours=random.lognormvariate(0.9, 0.9) * (4 if careless else 1),
                reads=random.uniform(0.5, 0.85) if careless else random.uniform(0.93, 1),
                does=random.uniform(0.5, 0.8) if careless else random.uniform(0.93, 1.02),
            )
        return self.habits[person_id]

    def take(self, item: Item, copies: Iterable[Copy], names: Mapping[int, str]) -> None:
        """Decide what became of one item."""
        copies = list(copies)
        by_person: dict[int, list[Copy]] = defaultdict(list)
        for copy in copies:
            by_person[copy.person_id].append(copy)
        fresh = item.sent_at > self.now - timedelta(days=4)
        for person_id, own in by_person.items():
            if person_id in self.with_account and not (fresh and person_id in self.leave_open):
                self._act(item, person_id, own)
        self._settle(item, copies)
        self._remind(item, copies)
        for copy in copies:
            self._write(item, copy, names)

    def _act(self, item: Item, person_id: int, own: list[Copy]) -> None:
        habit = self.habit(person_id)
        urgency = {"emergency": 0.15, "important": 0.6}.get(item.priority, 1.0)
        after = timedelta(hours=habit.hours * urgency * self.random.lognormvariate(0, 0.8) + 0.02)
        read_at = self._awake(item.sent_at + after)
        if self.random.random() > habit.reads or read_at >= self.now:
            return
        does = self.random.random() < DONE[Level(item.level)] * habit.does
        done_at = read_at
        if item.level != Level.READ:
            done_at = self._awake(read_at + timedelta(minutes=self.random.lognormvariate(2.2, 1.8)))
        for copy in own:
            copy.read_at = read_at
            if copy.asks and does and done_at < self.now:
                copy.done_at = copy.settled_at = done_at

    @staticmethod
    def _awake(moment: datetime) -> datetime:
        """Nobody reads in the night: what would be read between half past eleven and half past six waits."""
        clock = moment.astimezone(ZONE).time()
        return moment + timedelta(hours=7) if clock >= time(23, 30) or clock < time(6, 30) else moment

    @staticmethod
    def _settle(item: Item, copies: list[Copy]) -> None:
        if item.household_rule != HouseholdRule.ANY:
            return
        first: dict[int, datetime] = {}
        for copy in copies:
            if copy.done_at is not None and copy.student_id is not None:
                first[copy.student_id] = min(first.get(copy.student_id, copy.done_at), copy.done_at)
        for copy in copies:
            if copy.student_id in first and copy.settled_at is None:
                copy.settled_at = first[copy.student_id]

    def _remind(self, item: Item, copies: list[Copy]) -> None:
        """The planned reminders that lie behind us."""
        if item.remind_every is None or item.level == Level.READ:
            return
        for number in range(1, item.remind_at_most + 1):
            at = item.sent_at + item.remind_every * number
            if at >= self.now or (item.deadline_at and at >= item.deadline_at):
                break
            item.reminders_done = number
            for copy in copies:
                if copy.asks and (copy.settled_at is None or copy.settled_at > at):
                    copy.reminded_at = at
                    copy.reminders = number
        over = item.deadline_at is not None and item.deadline_at <= self.now
        ahead = item.sent_at + item.remind_every * (item.reminders_done + 1)
        may = not over and item.reminders_done < item.remind_at_most and ahead > self.now
        item.next_reminder_at = ahead if may and (item.deadline_at is None or ahead < item.deadline_at) else None
        if over:
            item.closed_at = item.deadline_at

    def _write(self, item: Item, copy: Copy, names: Mapping[int, str]) -> None:
        level, done_at = item.level, copy.done_at
        reached = copy.read_at
        if copy.person_id in self.with_account and reached is None and item.sent_at < self.now - timedelta(days=1):
            reached = item.sent_at + timedelta(hours=self.random.uniform(0.1, 6))
        self.updates.append(
            (
                _stamp(reached),
                _stamp(copy.read_at),
                _stamp(done_at if level == Level.CONFIRM else None),
                _stamp(done_at if level == Level.SIGN else None),
                _stamp(done_at if level == Level.REPLY else None),
                _stamp(done_at),
                1 if done_at else None,
                _stamp(copy.settled_at),
                _stamp(copy.reminded_at),
                copy.reminders,
                copy.pk,
            )
        )
        if level == Level.SIGN and done_at is not None:
            name = names.get(copy.person_id, "")
            signature = Signature(recipient_id=copy.pk, text_version=1, typed_name=name, strokes=[], signed_at=done_at)
            self.signatures.append(signature)
        if level == Level.REPLY and done_at is not None:
            text, answer = self.random.choice(self.said[item.title])
            line = Reply(
                school_id=item.school_id,
                item=item,
                person_id=copy.person_id,
                student_id=copy.student_id,
                author_id=copy.person_id,
                text=text,
                written_at=done_at,
            )
            self.replies.append((line, item, answer))

    def save(self) -> None:
        """Store everything decided so far."""
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE delivery_recipient SET delivered_at = %s, read_at = %s, confirmed_at = %s, signed_at = %s,"
                " replied_at = %s, done_at = %s, done_version = %s, settled_at = %s, reminded_at = %s, reminders = %s"
                " WHERE id = %s",
                self.updates,
            )
        Signature.objects.bulk_create(self.signatures, batch_size=500)
        self._save_replies()
        self.updates, self.signatures, self.replies = [], [], []

    def _save_replies(self) -> None:
        named = labels(
            {line.person_id for line, _item, _answer in self.replies}
            | {item.sender_id or 0 for _line, item, _answer in self.replies}
        )
        answers = []
        for line, item, answer in self.replies:
            line.author_label = named[line.person_id][:80]
            answered_at = line.written_at + timedelta(hours=self.random.uniform(0.3, 20))
            if item.sender_id and answered_at < self.now - timedelta(hours=8):
                line.answered_at = answered_at
                if self.random.random() < 0.5:
                    answers.append(
                        Reply(
                            school_id=item.school_id,
                            item=item,
                            person_id=line.person_id,
                            student_id=line.student_id,
                            author_id=item.sender_id,
                            author_label=named.get(item.sender_id, "")[:80],
                            text=answer,
                            written_at=answered_at,
                            answered_at=answered_at,
                        )
                    )
        Reply.objects.bulk_create([*(line for line, _item, _answer in self.replies), *answers], batch_size=500)


def _stamp(moment: datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(moment) if moment is not None else None


def write_receipts(items: list[Item], random: Random, *, now: datetime, leave_open: Collection[int]) -> None:
    """What families did with these items up to `now`; those in `leave_open` still have the last days before them."""
    people = Person.objects.filter(school_id__in={item.school_id for item in items})
    with_account = set(people.filter(account__isnull=False).values_list("pk", flat=True))
    names = dict(people.values_list("pk", "name"))
    receipts = Receipts(random, now, with_account=with_account, leave_open=leave_open)
    copies: dict[int, list[Copy]] = defaultdict(list)
    rows = Recipient.objects.filter(item__in=[item.pk for item in items]).order_by("pk")
    for item_id, pk, person_id, student_id, asks in rows.values_list(
        "item_id", "pk", "person_id", "student_id", "asks"
    ):
        copies[item_id].append(Copy(pk, person_id, student_id, asks))
    for item in items:
        receipts.take(item, copies[item.pk], names)
    receipts.save()
    Item.objects.bulk_update(items, ["reminders_done", "next_reminder_at", "closed_at"], batch_size=200)
