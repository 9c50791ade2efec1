"""What the invented families asked, and what became of it: a few dozen questions in every state."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import cycle
from pathlib import Path

from homeroom.kit.ids import new_id
from homeroom.people.models import Enrolment, Guardianship, Person
from homeroom.questions import due
from homeroom.questions.models import Circle, Question
from homeroom.questions.services import (
    Asking,
    add_line,
    add_task,
    answer,
    ask_back,
    ask_question,
    assign,
    confirm,
    merge,
    note,
    rate,
    save_answer,
    set_route,
    take_over_promise,
    wait,
    withdraw,
)
from homeroom.school.models import Topic
from homeroom.school.public import Calendar

from .cast import ZONE, Cast

Pair = tuple[Person, Person]  # guardian and child


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: days of school ago and the hour, who (a key of the cast, or nobody in particular), and the way."""

    days: int
    hour: float
    topic: str
    text: str
    then: str = ""  # what happened, in order: answer, back, wait, more, confirm, faces:5, withdraw, promise, note …
    reply: str = ""
    who: tuple[str, str] | None = None


DATA = Path(__file__).with_name("data") / "questions.json"
STEPS = frozenset({"answer", "back", "wait", "note", "more", "confirm", "withdraw", "faces", "promise"})


class Asker:
    """Puts the questions in order of time and lets everybody act."""

    def __init__(self, cast: Cast, *, now: datetime) -> None:
        self.cast = cast
        self.now = now
        self.calendar = Calendar.of(cast.school)
        self.topics = {topic.name: topic for topic in Topic.objects.filter(school=cast.school)}
        self.families = self._families()

    def _families(self) -> Iterator[Pair]:
        """Guardians who sign in, with their child; one of each class in turn, nobody of the cast."""
        known = {person.pk for person in self.cast.people.values()}
        enrolled = Enrolment.objects.filter(school=self.cast.school, ends_on=None).exclude(student_id__in=known)
        class_of = dict(enrolled.values_list("student_id", "school_class_id"))
        edges = Guardianship.objects.filter(
            school=self.cast.school, guardian__account__isnull=False, contact_order=1, student_id__in=class_of
        ).exclude(guardian_id__in=known)
        seen: set[int] = set()
        found: list[Pair] = []
        for edge in edges.select_related("guardian__school", "guardian__account", "student").order_by("id"):
            if class_of[edge.student_id] not in seen:
                seen.add(class_of[edge.student_id])
                found.append((edge.guardian, edge.student))
        people = self.cast.people
        return cycle(found or [(people["guardian_b"], people["child_b"]), (people["guardian_c"], people["child_c"])])

    def moment(self, days: int, hour: float) -> datetime:
        """So many school days ago at an hour, and always some minutes ago."""
        on = self.cast.today
        left = days + (not self.calendar.is_school_day(on))
        while left:
            on -= timedelta(days=1)
            left -= self.calendar.is_school_day(on)
        at = datetime.combine(on, time(int(hour), round(hour % 1 * 60) % 60), ZONE)
        return min(at, self.now - timedelta(minutes=25))

    def put(self, one: Asked) -> Question:
        """Ask one question, and let what became of it happen."""
        people = self.cast.people
        guardian, child = (people[one.who[0]], people[one.who[1]]) if one.who else next(self.families)
        at = self.moment(one.days, one.hour)
        asking = Asking(student=child.uuid, topic=self.topics[one.topic].uuid, text=one.text, key=new_id())
        question = ask_question(actor=guardian, asking=asking, now=at)
        for step in _steps(one.then):
            at = min(self.calendar.after_working_minutes(at, 55) or at, self.now - timedelta(minutes=5))
            question = Question.objects.select_related("owner__school", "owner__account", "asker").get(pk=question.pk)
            self._act(question, step, one.reply, guardian, at)
        return question

    def _act(self, question: Question, step: str, reply: str, guardian: Person, at: datetime) -> None:
        what, _colon, words = step.partition(":")
        owner = question.owner or self.cast.people["leader"]
        asker = {"actor": guardian, "question": question, "now": at}
        staff = {"actor": owner, "question": question, "now": at}
        acts: dict[str, Callable[[], object]] = {
            "answer": lambda: answer(**staff, text=reply),  # type: ignore[arg-type]
            "back": lambda: ask_back(**staff, text=reply),  # type: ignore[arg-type]
            "wait": lambda: wait(**staff, text=reply),  # type: ignore[arg-type]
            "note": lambda: note(**staff, text=words),  # type: ignore[arg-type]
            "more": lambda: add_line(**asker, text=words),  # type: ignore[arg-type]
            "confirm": lambda: confirm(**asker),  # type: ignore[arg-type]
            "withdraw": lambda: withdraw(**asker, reason=words),  # type: ignore[arg-type]
        }
        if what == "faces":
            score, _colon, comment = words.partition(":")
            if getattr(question, "rating", None) is not None:
                rate(actor=guardian, question=question, score=int(score), comment=comment, now=at)
        elif what == "promise":
            answer(actor=owner, question=question, text=reply, now=at)
            task = question.tasks.select_related("question").first()
            if task is not None and task.due_at > at:
                take_over_promise(actor=owner, task=task, now=at)
        else:
            acts[what]()


def _steps(then: str) -> list[str]:
    """Split at spaces that begin a new step; words after a colon may hold spaces of their own."""
    steps: list[str] = []
    for part in then.split():
        if part.partition(":")[0] in STEPS:
            steps.append(part)
        else:
            steps[-1] += f" {part}"
    return steps


def ask_a_few_dozen(cast: Cast, *, now: datetime) -> int:
    """Routes, the school's answers, the questions; then the clocks, so that late ones are late. Returns how many."""
    asker = Asker(cast, now=now)
    for topic in ("费用", "校车", "校服与用品", "学籍与手续"):
        set_route(actor=cast.leader, school=cast.school, topic=asker.topics[topic], grade=None, circle=Circle.OFFICE)
    begun = asker.moment(20, 9)
    data = json.loads(DATA.read_text(encoding="utf-8"))
    for given in data["answers"]:
        save_answer(
            actor=cast.office, answer=None, question=given["question"], variants=given["variants"],
            text=given["answer"], source=given["source"], topic=asker.topics[given["topic"]], valid_from=None,
            valid_until=None, approved=True, now=begun,
        )  # fmt: skip
    planned = [Asked(**{**one, "who": tuple(one["who"]) if "who" in one else None}) for one in data["questions"]]
    done = [asker.put(one) for one in sorted(planned, key=lambda one: (-one.days, one.hour))]
    _more(cast, asker, done)
    while due.watch_clocks(now=now):
        pass
    return Question.objects.filter(school=cast.school).count()


def _more(cast: Cast, asker: Asker, done: list[Question]) -> None:
    """What needs two people: a duplicate, one given on to a colleague with something to be done."""
    mother, child, now = cast.people["mother"], cast.people["child_a"], asker.now - timedelta(minutes=20)
    topic = asker.topics["作业"]
    text = "还是想问数学练习册第36页最后一题要不要做？"
    twin = ask_question(
        actor=mother, asking=Asking(student=child.uuid, topic=topic.uuid, text=text, key=new_id()), now=now
    )
    first = next(one for one in done if one.title.startswith("昨天数学练习册"))
    head = Question.objects.select_related("owner__school").get(pk=twin.pk).owner or cast.class_teacher
    merge(actor=head, question=twin, into=first, now=now + timedelta(minutes=3))
    given = next(one for one in done if one.title.startswith("孩子牛奶过敏"))
    leader = cast.people["grade_leader"]
    assign(actor=cast.leader, question=given, person=leader, word="请年级统一跟食堂沟通。", now=now)
    due_at = asker.calendar.after_working_minutes(asker.now, 480) or asker.now + timedelta(days=2)
    add_task(
        actor=leader, question=given, kind="follow_up", text="与食堂确认过敏餐名单", due_at=due_at, person=leader,
        now=now + timedelta(minutes=5),
    )  # fmt: skip


__all__ = ["ask_a_few_dozen"]
