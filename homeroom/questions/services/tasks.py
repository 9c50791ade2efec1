"""What is to be done by a day: promises both sides see, follow-ups of the staff."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import require
from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people.models import Person
from homeroom.questions import access, dates, telling
from homeroom.questions.models import Question, Task
from homeroom.questions.states import OVER, Act, Part
from homeroom.school.public import Calendar

from .asking import close_if_done
from .moving import NotThatWay, label_of, locked, remember, require_part


def recognise_promises(question: Question, text: str, *, actor: Person, now: datetime) -> list[Task]:
    """Offer each promise in a reply to whoever wrote it; it binds nobody before they take it over."""
    found = dates.promises_in(text, now=now, calendar=Calendar.of(question.school))
    return Task.objects.bulk_create(
        [
            Task(
                school_id=question.school_id,
                question=question,
                kind=Task.Kind.PROMISE,
                state=Task.State.OFFERED,
                person=actor,
                person_label=label_of(actor)[:80],
                text=promise.text,
                due_at=promise.due_at,
                created_at=now,
            )
            for promise in found[:3]
        ]
    )


def remind_at(question: Question, due_at: datetime, now: datetime) -> datetime:
    """Two working hours before it is due, at the earliest now."""
    calendar = Calendar.of(question.school)
    begins = due_at - timedelta(days=7)
    worked = calendar.working_minutes(begins, due_at)
    early = calendar.after_working_minutes(begins, max(worked - 120, 0))
    return max(now, early if early is not None and early < due_at else due_at - timedelta(hours=2))


@transaction.atomic
def take_over_promise(*, actor: Person, task: Task, now: datetime, due_at: datetime | None = None) -> Task:
    """Make a recognised promise one that both sides see, for the day recognised or another."""
    question = locked(task.question)
    part = require_part(actor, question, Part.HANDLER)
    task = Task.objects.select_for_update().get(pk=task.pk)
    if task.state != Task.State.OFFERED:
        raise NotThatWay
    task.due_at = due_at or task.due_at
    if task.due_at <= now:
        raise Invalid(_("That moment has already passed."), fields={"due_at": _("That moment has already passed.")})
    task.state, task.remind_at = Task.State.OPEN, remind_at(question, task.due_at, now)
    task.save(update_fields=["state", "due_at", "remind_at"])
    remember(question, Act.PROMISE, actor=actor, part=part, now=now, detail="given")
    return task


@transaction.atomic
def add_task(
    *, actor: Person, question: Question, kind: str, text: str, due_at: datetime | None, now: datetime, person: Person
) -> Task:
    """Add a follow-up for a member of staff, or a promise by hand. Raises Invalid without text or a coming day."""
    question = locked(question)
    part = require_part(actor, question, Part.HANDLER)
    fields: dict[str, str | Promise] = {}
    if not text.strip():
        fields["text"] = _("Say what is to be done.")
    if due_at is None or due_at <= now:
        fields["due_at"] = _("Choose a day that is still to come.")
    if kind not in Task.Kind.values:
        fields["kind"] = _("Choose one.")
    if fields or due_at is None:
        raise Invalid(next(iter(fields.values())), fields=fields)
    if question.state in OVER:
        raise NotThatWay
    require(access.can_own(person, question))
    task = Task.objects.create(
        school_id=question.school_id,
        question=question,
        kind=kind,
        person=person,
        person_label=label_of(person)[:80],
        text=text.strip()[:200],
        due_at=due_at,
        remind_at=remind_at(question, due_at, now),
        created_at=now,
    )
    if kind == Task.Kind.PROMISE:
        remember(question, Act.PROMISE, actor=actor, part=part, now=now, detail="given")
    else:
        remember(question, Act.NOTE, actor=actor, part=part, now=now, detail="follow_up")
    telling.tell_staff(question, [person.pk], _("Something is to be done: %(topic)s"), actor=actor, now=now)
    return task


@transaction.atomic
def end_task(*, actor: Person, task: Task, now: datetime) -> Task:
    """It is done: kept, or kept late. The last one closes what the family has confirmed."""
    return _end(actor=actor, task=task, now=now, dropped=False)


@transaction.atomic
def drop_task(*, actor: Person, task: Task, now: datetime) -> Task:
    """It is not needed. A promise the family has seen cannot be dropped, only kept."""
    return _end(actor=actor, task=task, now=now, dropped=True)


def _end(*, actor: Person, task: Task, now: datetime, dropped: bool) -> Task:
    question = locked(task.question)
    part = require_part(actor, question, Part.HANDLER)
    task = Task.objects.select_for_update().get(pk=task.pk)
    if task.state not in {Task.State.OPEN, Task.State.OFFERED}:
        raise NotThatWay
    if dropped and task.kind == Task.Kind.PROMISE and task.state == Task.State.OPEN:
        raise Invalid(_("The family has been promised this; it can only be kept."))
    if dropped:
        task.state = Task.State.DROPPED
    else:
        task.state = Task.State.DONE if now <= task.due_at else Task.State.LATE
    task.ended_at = now
    task.save(update_fields=["state", "ended_at"])
    act = Act.PROMISE if task.kind == Task.Kind.PROMISE else Act.NOTE
    remember(question, act, actor=actor, part=part, now=now, detail=task.state)
    close_if_done(question, now=now)
    return task


def task_of(question: Question, pk: int) -> Task:
    """One of the question's own. Raises NotVisible."""
    found = question.tasks.select_related("question").filter(pk=pk).first()
    if found is None:
        raise NotVisible
    return found
