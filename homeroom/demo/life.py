"""A term of notices: who wrote what to whom and when, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import cycle
from random import Random

from homeroom.delivery.models import Item
from homeroom.groups.public import Audience, Part
from homeroom.kit.ids import new_id
from homeroom.notices.public import Draft, publish_notice, save_draft
from homeroom.people.models import Person, Role
from homeroom.school.models import School, SchoolClass
from homeroom.school.public import Calendar

from .cast import ZONE, Cast, current_term
from .population import Population
from .receipts import write_receipts
from .texts import Text, texts

SCHOOL_WIDE = {"primary": 13, "junior": 8}  # notices a term so far to everybody
TO_A_GRADE = 14
TO_ANOTHER_CLASS = 2
FRESH = ("家庭紧急联系", "期中学情交流会", "秋季研学")  # sent to 三年级2班 in the last three school days
LEFT_OPEN = ("mother", "father", "guardian_of_two", "father_of_two", "guardian_of_twins", "delegate", "in_both_here")


@dataclass(frozen=True, slots=True)
class Planned:
    """One notice to be sent."""

    at: datetime
    text: Text
    sender: Person
    school: School
    place: SchoolClass | None  # with `whole_grade` its grade; None: the whole school
    whole_grade: bool = False

    @property
    def deadline_at(self) -> datetime | None:
        """Five in the afternoon, so many days later."""
        if self.text.days is None:
            return None
        on = self.at.astimezone(ZONE).date() + timedelta(days=self.text.days)
        return datetime.combine(on, time(17), ZONE)


class Plan:
    """Draws up the term's notices: the same seed and day, the same plan."""

    def __init__(self, cast: Cast, population: Population, random: Random, now: datetime) -> None:
        self.cast = cast
        self.population = population
        self.random = random
        self.now = now
        self.all_texts = list(texts())
        self.offices: dict[tuple[int, str], Person] = {}
        wide = Role.objects.filter(school__in=[cast.school, cast.elsewhere], stands_in_for=None)
        for role in wide.select_related("person__school", "person__account").order_by("-id"):
            if role.grade_id:
                self.offices[role.grade_id, "grade"] = role.person
            elif role.school_class_id is None:
                self.offices[role.school_id, role.kind] = role.person
        self.days = {school.pk: self._school_days(school) for school in (cast.school, cast.elsewhere)}

    def _school_days(self, school: School) -> list[date]:
        """School days from the term's first to today; the last twelve weeks when the term is young."""
        today = self.cast.today
        first = min(current_term(today)["starts_on"], today - timedelta(weeks=4))
        first = max(first, today - timedelta(weeks=14))
        calendar = Calendar.of(school)
        days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
        return [day for day in days if calendar.is_school_day(day)]

    def moment(self, day: date) -> datetime:
        """Some time of the working day."""
        minutes = self.random.randint(8 * 60, 17 * 60)
        return datetime.combine(day, time(minutes // 60, minutes % 60), ZONE)

    def spread(self, school: School, count: int) -> Iterator[datetime]:
        """`count` moments spread over the term, one in each of as many equal parts of it."""
        days = self.days[school.pk]
        for n in range(count):
            yield self.moment(days[int((n + self.random.random()) * len(days) / count)])

    def __iter__(self) -> Iterator[Planned]:
        planned = [*self._school_wide(), *self._to_grades(), *self._to_classes()]
        yield from sorted((p for p in planned if p.at < self.now - timedelta(minutes=20)), key=lambda p: p.at)

    def _fitting(self, scope: str, stage: str) -> list[Text]:
        return [text for text in self.all_texts if text.scope == scope and stage in text.stages]

    def _school_wide(self) -> Iterator[Planned]:
        for school in (self.cast.school, self.cast.elsewhere):
            fitting = self._fitting("school", school.stages[0])
            wanted = SCHOOL_WIDE[school.stages[0]]
            chosen = [text for text in fitting if text.priority != "emergency"][:wanted]
            for text, at in zip(chosen, self.spread(school, len(chosen)), strict=True):
                sender = self._office(school, text.sender)
                if sender is not None:
                    yield Planned(at, text, sender, school, None)

    def _office(self, school: School, word: str) -> Person | None:
        return self.offices.get((school.pk, {"leader": Role.Kind.SCHOOL_LEADER}.get(word, word)))

    def _to_grades(self) -> Iterator[Planned]:
        for school in (self.cast.school, self.cast.elsewhere):
            first_of_grade = {c.grade_id: c for c in self.population.classes if c.school_id == school.pk}
            grades = list(first_of_grade.values())
            fitting = self._fitting("grade", school.stages[0])
            count = TO_A_GRADE * len(grades) // 9
            for place, text, at in zip(cycle(grades), cycle(fitting), self.spread(school, count), strict=False):
                sender = self._grade_sender(place, text)
                if sender is not None:
                    yield Planned(at, text, sender, school, place, whole_grade=True)

    def _grade_sender(self, place: SchoolClass, text: Text) -> Person | None:
        if text.sender in {"leader", "office", "counsellor"}:
            return self._office(place.school, text.sender)
        return self.offices.get((place.grade_id, "grade"))

    def _to_classes(self) -> Iterator[Planned]:
        for place in self.population.classes:
            fitting = [t for t in self._fitting("class", place.grade.stage) if self._class_sender(place, t) is not None]
            self.random.shuffle(fitting)
            if place.pk == self.cast.class_a.pk:
                yield from self._of_the_casts_class(place, fitting)
                continue
            for text, at in zip(fitting, self.spread(place.school, TO_ANOTHER_CLASS), strict=False):
                yield self._of_class(place, text, at)

    def _of_the_casts_class(self, place: SchoolClass, fitting: list[Text]) -> Iterator[Planned]:
        """More than other classes get, and in the last days what a visitor can still do something about."""
        fresh = [next(text for text in fitting if text.title.startswith(title)) for title in FRESH]
        earlier = [text for text in fitting if text not in fresh]
        for text, at in zip(earlier, self.spread(place.school, len(earlier)), strict=True):
            yield self._of_class(place, text, at)
        for text, day in zip(fresh, self.days[place.school_id][-len(fresh) :], strict=True):
            yield self._of_class(place, text, datetime.combine(day, time(8, 5), ZONE))

    def _of_class(self, place: SchoolClass, text: Text, at: datetime) -> Planned:
        sender = self._class_sender(place, text)
        return Planned(at, text, sender or self.population.head_of[place.pk], place.school, place)

    def _class_sender(self, place: SchoolClass, text: Text) -> Person | None:
        if text.sender == "head":
            return self.population.head_of[place.pk]
        given = [
            teacher for teacher, subject in self.population.teachers_of.get(place.pk, []) if subject == text.sender
        ]
        return given[0] if given else None


def live_a_term(
    cast: Cast, population: Population, random: Random, *, now: datetime, progress: Callable[[int, int], None]
) -> None:
    """Send the term's notices and let the families take them."""
    planned = list(Plan(cast, population, random, now))
    items = []
    for number, one in enumerate(planned, 1):
        items.append(_publish(one))
        progress(number, len(planned))
    left_open = [cast.people[key].pk for key in LEFT_OPEN]
    write_receipts(items, random, now=now, leave_open=left_open)


def _audience(one: Planned) -> Audience:
    if one.place is None:
        part = Part("school")
    elif one.whole_grade:
        part = Part("grade", f"{one.place.grade.stage}-{one.place.grade.number}")
    else:
        part = Part("class", str(one.place.uuid))
    return Audience(any=(part,))


def _publish(one: Planned) -> Item:
    draft = Draft(
        title=one.text.title,
        text=one.text.html,
        audience=_audience(one),
        category=one.text.category,
        level=one.text.level,
        household_rule=one.text.household,
        priority=one.text.priority,
        deadline_at=one.deadline_at,
        fee_item=one.text.fee_item,
        fee_amount=one.text.fee_amount,
    )
    notice = save_draft(actor=one.sender, draft=draft, client_key=new_id(), now=one.at - timedelta(minutes=10))
    item = publish_notice(actor=one.sender, notice=notice, now=one.at).item
    if item is None:
        raise RuntimeError("a published notice has its item")
    return item
