"""What families and teachers have written to each other: a few hundred messages from data/talk.txt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import cycle
from pathlib import Path
from random import Random

from homeroom.conversations.models import Conversation, HouseRules, Membership, Reaction
from homeroom.conversations.services import open_channel, open_family_thread, open_staff_room
from homeroom.conversations.writing import Posting, Written, write
from homeroom.kit.ids import new_id
from homeroom.people.models import Guardianship, Person, Role
from homeroom.school.models import SchoolClass
from homeroom.school.public import Calendar

from .cast import ZONE, Cast
from .population import Population

SOURCE = Path(__file__).parent / "data" / "talk.txt"
SEED = 54  # of its own: a new line here must not make other people and other notices
DUTY_PHONE = "15400000110"
WEEKS = 5
UNREAD_SINCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Script:
    """One conversation: where, and who says what in which order."""

    place: str
    lines: tuple[tuple[str, str], ...]


def scripts() -> Iterator[Script]:
    """Every conversation of data/talk.txt."""
    text = "\n".join(line for line in SOURCE.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    for block in text.strip().split("\n\n"):
        place, *lines = block.strip().split("\n")
        said = (line.partition("：") for line in lines)
        yield Script(place.strip(), tuple((who, words) for who, _colon, words in said))


def talk_for_weeks(cast: Cast, population: Population, *, now: datetime) -> int:
    """Let the last weeks' conversations have been written; returns how many messages."""
    return _Talk(cast, population, now).all()


class _Talk:
    def __init__(self, cast: Cast, population: Population, now: datetime) -> None:
        self.cast = cast
        self.population = population
        self.now = now
        self.random = Random(SEED)  # noqa: S311  (an invented school must be the same every time)
        calendar = Calendar.of(cast.school)
        days = [cast.today - timedelta(days=n) for n in range(WEEKS * 7, 0, -1)]
        self.days = [day for day in days if calendar.is_school_day(day)]
        self.count = 0

    def all(self) -> int:
        HouseRules.objects.create(school=self.cast.school, duty_phone=DUTY_PHONE)
        by_place: dict[str, list[Script]] = defaultdict(list)
        for script in scripts():
            by_place[script.place].append(script)
        self.families(by_place)
        for script in by_place["channel"]:
            self.channel(script)
        for script in by_place["grade"] + by_place["school"]:
            self.room(script)
        return self.count

    def families(self, by_place: dict[str, list[Script]]) -> None:
        """In the cast's class every script once or twice, in every other class one."""
        own = [s for place, some in by_place.items() if place not in {"channel", "grade", "school"} for s in some]
        for script, child in zip(cycle(own), self.children(self.cast.class_a, len(own) + 6), strict=False):
            self.family(script, child, self.cast.class_a)
        heads = cycle(by_place["head"])
        for place in self.population.classes:
            if place.pk != self.cast.class_a.pk:
                for child in self.children(place, 1):
                    self.family(next(heads), child, place)

    def children(self, place: SchoolClass, most: int) -> list[Person]:
        """Children of whom a guardian who sees the records signs in, the cast's first."""
        edges = Guardianship.objects.filter(
            student__enrolments__school_class=place, student__enrolments__ends_on__isnull=True, restriction="",
            sees_records=True, guardian__account__isnull=False,
        )  # fmt: skip
        found = {
            edge.student_id: edge.student for edge in edges.select_related("student__school").order_by("student_id")
        }
        return list(found.values())[:most]

    def family(self, script: Script, child: Person, place: SchoolClass) -> None:
        given = self.population.teachers_of.get(place.pk, [])
        teacher = next((who for who, subject in given if subject == script.place), None)
        if teacher is None:
            teacher = self.population.head_of[place.pk]
        edges = Guardianship.objects.filter(student=child, restriction="", sees_records=True)
        guardians = [edge.guardian for edge in edges.order_by("contact_order").select_related("guardian__school")]
        thread = open_family_thread(actor=guardians[0], student=child, teacher=teacher, now=self.now)
        voices = {"师": teacher, "家": guardians[0], "另": guardians[-1]}
        said = [(voices[who], words.replace("{child}", child.name[-2:])) for who, words in script.lines]
        self.write(thread, said)

    def channel(self, script: Script) -> None:
        place = self.cast.class_a
        channel = open_channel(actor=self.cast.class_teacher, school_class=place, now=self.now)
        taught = {subject: who for who, subject in self.population.teachers_of.get(place.pk, [])}
        said = [(taught.get(who, self.cast.class_teacher), words) for who, words in script.lines]
        written = self.write(channel, said, over=len(said))
        readers = Membership.objects.filter(conversation=channel, side="family").order_by("person_id")
        persons = list(readers.values_list("person_id", flat=True))
        Reaction.objects.bulk_create(
            Reaction(message_id=one.id, person_id=person_id, kind=kind, made_at=self.now)
            for one in written
            for person_id, kind in zip(self.random.sample(persons, min(7, len(persons))), cycle(Reaction.Kind.values))
        )

    def room(self, script: Script) -> None:
        grade = self.cast.class_a.grade if script.place == "grade" else None
        opener = self.cast.grade_leader if grade is not None else self.cast.leader
        room = open_staff_room(actor=opener, grade=grade, now=self.now)
        others = list(
            Person.objects.filter(pk__in=Membership.objects.filter(conversation=room).values("person_id"))
            .filter(roles__kind=Role.Kind.CLASS_TEACHER)
            .distinct()
            .order_by("pk")[:6]
        )
        voices = {"组长": opener, "校长": opener, "办公室": self.cast.office}
        said = [(voices.get(who) or self.random.choice(others), words) for who, words in script.lines]
        self.write(room, said, over=3)

    def write(self, place: Conversation, said: Sequence[tuple[Person, str]], over: int = 1) -> list[Written]:
        """These messages one after another, beginning on some school day and spread over `over` of them."""
        place.refresh_from_db()
        first = self.random.randrange(max(1, len(self.days) - over + 1))
        days = self.days[first : first + over]
        per_day = -(-len(said) // len(days))
        postings: list[Posting] = []
        for number, (who, words) in enumerate(said):
            begins = datetime.combine(days[number // per_day], time(8, 10 + self.random.randrange(40)), ZONE)
            at = begins + timedelta(minutes=(number % per_day) * self.random.randint(25, 75))
            if postings:
                at = max(at, postings[-1].sent_at + timedelta(minutes=2))
            postings.append(
                Posting(place.pk, place.membership_version, place.school_id, who.pk, words, new_id(), min(at, self.now))
            )
        written = [one for one in write(postings) if isinstance(one, Written)]
        self.count += len(written)
        if postings[-1].sent_at < self.now - UNREAD_SINCE * 3:  # what is older has been read by everybody
            Membership.objects.filter(conversation=place).update(read_number=len(written))
        return written
