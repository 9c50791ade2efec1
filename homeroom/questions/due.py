"""What falls due by the clock: warnings, escalation, closing what nobody objected to, promises.

Each step is claimed by a conditional update inside the transaction that does it: two workers never do it twice, one
that is killed has done nothing, and what was missed while nothing ran is done once, at the height it has reached.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from homeroom.kit import jobs
from homeroom.kit.access import SystemActor
from homeroom.people.models import Person

from . import routing, services, telling
from .clock import Clock, Step
from .models import Circle, Question, Task, Watcher
from .services.moving import locked, remember
from .services.rating import ask_for_rating
from .states import Act, Part

CLOCK = SystemActor("questions")
BATCH = 200
AGAIN = timedelta(minutes=5)  # while a row is being looked at, no other worker takes it


def watch_clocks(*, now: datetime) -> int:
    """Look at every question whose next instant has come; returns how many had something to do."""
    handled = 0
    for pk, check_at in list(
        Question.objects.filter(check_at__lte=now).order_by("check_at").values_list("pk", "check_at")[:BATCH]
    ):
        if jobs.stopping():
            break
        with transaction.atomic():
            if Question.objects.filter(pk=pk, check_at=check_at).update(check_at=now + AGAIN):
                handled += _look(locked(Question(pk=pk)), now)
    return handled


def _look(question: Question, now: datetime) -> bool:
    """Do what is due for one locked question, and set when to look again."""
    clock = Clock.of(question.school)
    done = False
    step = clock.step_due(question, now)
    if step > question.told:
        _escalate(question, Step(question.told), step, now)
        question.told, done = step, True
    if clock.resolution_is_over(question, now) and not question.resolve_told:
        question.resolve_told = done = True
        remember(question, Act.ESCALATE, actor=CLOCK, part=Part.SYSTEM, now=now, detail="resolution")
        _tell(question, _above(question), _("Takes longer than the school allows itself: %(topic)s"), now, urgent=True)
    if clock.may_close(question, now) and not question.tasks.filter(state=Task.State.OPEN).exists():
        services.close(actor=CLOCK, question=question, reason="no_objection", now=now)
        ask_for_rating(question, now=now)
        return True
    clock.set_due(question)
    if question.check_at is not None and question.check_at <= now:  # an answer with an open promise stays until kept
        question.check_at = clock.calendar.next_working(now + timedelta(hours=1))
    question.save(update_fields=["told", "resolve_told", "check_at", "reply_due_at", "resolve_due_at"])
    return done


def _escalate(question: Question, before: Step, step: Step, now: datetime) -> None:
    """Tell those on the way from `before` up to `step`; a warning is skipped when it is too late for one."""
    if step == Step.OWNER:
        remember(question, Act.WARN, actor=CLOCK, part=Part.SYSTEM, now=now, detail="reply")
        _tell(question, _owners(question), _("The reply is nearly due: %(topic)s"), now)
        return
    people: list[Person] = _above(question) if before < Step.GRADE else []
    if step == Step.SCHOOL:
        people += _leaders(question)
    for person in people:
        if question.circle != Circle.LEADERS:
            Watcher.objects.get_or_create(question=question, person=person)
    remember(question, Act.ESCALATE, actor=CLOCK, part=Part.SYSTEM, now=now, detail=step.name.lower())
    _tell(question, [*_owners(question), *people], _("The reply is late: %(topic)s"), now, urgent=True)


def _owners(question: Question) -> list[Person]:
    return [question.owner] if question.owner is not None else _circle(question, question.circle)


def _circle(question: Question, circle: str) -> list[Person]:
    people = routing.people_of(
        circle,
        school_id=question.school_id,
        school_class=question.school_class,
        subject=question.subject,
        on=question.asker.today,
    )
    return routing.strangers_to(question.student_id, people)


def _leaders(question: Question) -> list[Person]:
    return _circle(question, Circle.LEADERS)


def _above(question: Question) -> list[Person]:
    """The leaders of the grade; of a complaint, or where a grade has none, those of the school."""
    if question.circle == Circle.LEADERS:
        return _leaders(question)
    return _circle(question, Circle.GRADE_LEADER) or _leaders(question)


def _tell(question: Question, people: list[Person], title: object, now: datetime, *, urgent: bool = False) -> None:
    telling.tell_staff(question, {one.pk for one in people}, str(title), actor=CLOCK, now=now, urgent=urgent)


def watch_promises(*, now: datetime) -> int:
    """Remind of what is due soon, and tell of what is late; returns tasks."""
    soon = Task.objects.filter(state=Task.State.OPEN, remind_at__lte=now, due_at__gt=now)
    late = Task.objects.filter(state=Task.State.OPEN, late_told_at__isnull=True, due_at__lte=now)
    handled = 0
    steps: tuple[tuple[object, Callable[[Task], int], object], ...] = (
        (soon, lambda task: _claim(task, remind_at=None), _("Due soon, as promised: %(topic)s")),
        (late, lambda task: _claim(task, late_told_at=now, remind_at=None), _("Promised, and late: %(topic)s")),
    )
    for rows, claim, title in steps:
        for task in list(rows.select_related("question").order_by("due_at")[:BATCH]):  # type: ignore[attr-defined]
            if jobs.stopping():
                return handled
            with transaction.atomic():
                if not claim(task):
                    continue
                question = locked(task.question)
                remember(question, Act.PROMISE, actor=CLOCK, part=Part.SYSTEM, now=now, detail=f"{task.kind}_told")
                telling.tell_staff(
                    question, [task.person_id], str(title), actor=CLOCK, now=now, urgent=task.due_at <= now
                )
                handled += 1
    return handled


def _claim(task: Task, **values: object) -> int:
    """Take one row: 1 for the worker that changes it from what was read."""
    return Task.objects.filter(
        pk=task.pk, state=Task.State.OPEN, remind_at=task.remind_at, late_told_at=task.late_told_at
    ).update(**values)
