"""What the school does with a question."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import Actor, require
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person
from homeroom.questions import access, telling
from homeroom.questions.clock import Clock
from homeroom.questions.models import Circle, Line, Note, Question, Task, Watcher
from homeroom.questions.states import FINAL, Act, Part
from homeroom.school.models import Topic

from .moving import (
    NotThatWay,
    checked_text,
    concerned_staff,
    label_of,
    locked,
    move,
    remember,
    require_part,
    twice,
    write_line,
)
from .tasks import recognise_promises


@transaction.atomic
def answer(
    *,
    actor: Person,
    question: Question,
    text: str,
    now: datetime,
    key: UUID | None = None,
    files: tuple[UUID, ...] = (),
    keeps_promises: bool = False,
) -> Question:
    """Answer the family. A question without an owner becomes the answerer's; promises in the text are offered."""
    question = locked(question)
    part = require_part(actor, question, Part.HANDLER)
    if twice(question, key):
        return question
    text = checked_text(text, _("Write the answer."))
    if question.owner_id is None:
        question.owner = actor
    question.answered_at = now
    move(question, Act.ANSWER, actor=actor, part=part, now=now)
    write_line(question, Line.Kind.ANSWER, text, actor=actor, of_school=True, now=now, key=key, attachments=files)
    if keeps_promises:
        for task in question.tasks.filter(kind=Task.Kind.PROMISE, state=Task.State.OPEN):
            task.state = Task.State.DONE if now <= task.due_at else Task.State.LATE
            task.ended_at = now
            task.save(update_fields=["state", "ended_at"])
            remember(question, Act.PROMISE, actor=actor, part=part, now=now, detail=task.state)
    recognise_promises(question, text, actor=actor, now=now)
    telling.tell_asker(question, _("The school has answered your question: %(topic)s"), actor=actor, now=now)
    return question


@transaction.atomic
def ask_back(
    *,
    actor: Person,
    question: Question,
    text: str,
    now: datetime,
    key: UUID | None = None,
    files: tuple[UUID, ...] = (),
) -> Question:
    """Ask the family something before answering; the clock stands still until they write."""
    question = locked(question)
    part = require_part(actor, question, Part.HANDLER)
    if twice(question, key):
        return question
    text = checked_text(text, _("Write what you need to know."))
    if question.owner_id is None:
        question.owner = actor
    move(question, Act.ASK_BACK, actor=actor, part=part, now=now)
    write_line(question, Line.Kind.ASK_BACK, text, actor=actor, of_school=True, now=now, key=key, attachments=files)
    telling.tell_asker(
        question, _("The school needs to know more about your question: %(topic)s"), actor=actor, now=now, asks=True
    )
    return question


@transaction.atomic
def wait(*, actor: Person, question: Question, text: str, now: datetime) -> Question:
    """Tell the family whom the answer waits for. It counts as a reply; the next one is due in its turn."""
    question = locked(question)
    part = require_part(actor, question, Part.HANDLER)
    text = checked_text(text, _("Say whom or what it waits for; the family reads this."))
    move(question, Act.WAIT, actor=actor, part=part, now=now)
    write_line(question, Line.Kind.WORD, text, actor=actor, of_school=True, now=now)
    recognise_promises(question, text, actor=actor, now=now)
    telling.tell_asker(question, _("Your question is being looked into: %(topic)s"), actor=actor, now=now)
    return question


@transaction.atomic
def resume(*, actor: Person, question: Question, now: datetime) -> Question:
    """Go on after waiting."""
    question = locked(question)
    part = require_part(actor, question, Part.HANDLER)
    move(question, Act.RESUME, actor=actor, part=part, now=now)
    return question


@transaction.atomic
def assign(*, actor: Person, question: Question, person: Person, now: datetime, word: str = "") -> Question:
    """Give it to somebody, with a word for them that only staff read. The owner before keeps watching it."""
    question = locked(question)
    part = require_part(actor, question, Part.HANDLER)
    require(access.can_own(person, question))
    if question.owner_id == person.pk:
        return question
    before = question.owner_id
    question.owner = person
    move(question, Act.ASSIGN, actor=actor, part=part, now=now)
    if before is not None and before != actor.pk and question.circle != Circle.LEADERS:
        Watcher.objects.get_or_create(question=question, person_id=before)
    if word.strip():
        _write_note(question, word, actor=actor, now=now)
    telling.tell_staff(question, [person.pk], _("A question was given to you: %(topic)s"), actor=actor, now=now)
    return question


@transaction.atomic
def reroute(*, actor: Person, question: Question, topic: Topic, circle: str, now: datetime) -> Question:
    """Correct the topic, or who may see it. What was put to the leaders only is never opened to others.

    Making it the leaders' alone gives it to the leader who does so, or leaves it to them all.
    """
    question = locked(question)
    part = require_part(actor, question, Part.HANDLER)
    if question.state in FINAL or topic.school_id != question.school_id or circle not in Circle.values:
        raise NotThatWay
    closed = question.circle == Circle.LEADERS
    before = concerned_staff(question)
    if closed and circle != Circle.LEADERS:
        raise Invalid(_("The family put this to the school's leaders only; it stays with them."))
    if circle == Circle.SUBJECT_TEACHER and question.subject_id is None:
        raise Invalid(_("It says no subject, so no subject teacher can be found."))
    question.topic, question.circle = topic, Circle.LEADERS if topic.is_complaint else circle
    if question.circle == Circle.LEADERS and not closed:
        question.watchers.all().delete()
        if question.owner is not None and not question.owner.leads(question.school_id):
            question.owner = actor if actor.leads(question.school_id) else None
    Clock.of(question.school).set_due(question)
    question.save(update_fields=["topic", "circle", "owner", "reply_due_at", "resolve_due_at", "check_at"])
    # Those who had it are told that something moved, so that it leaves their lists; not what: see `frames`.
    lost = before - {actor.pk} if question.circle == Circle.LEADERS and not closed else ()
    remember(question, Act.ROUTE, actor=actor, part=part, now=now, detail=question.circle, also=lost)
    return question


@transaction.atomic
def note(*, actor: Person, question: Question, text: str, now: datetime) -> Note:
    """Write down something that only staff who see the question read."""
    question = locked(question)
    require(access.can_note(actor, question))
    made = _write_note(question, text, actor=actor, now=now)
    remember(question, Act.NOTE, actor=actor, part=Part.HANDLER, now=now)
    return made


def _write_note(question: Question, text: str, *, actor: Person, now: datetime) -> Note:
    text = checked_text(text, _("Write the note first."))
    return Note.objects.create(
        school_id=question.school_id,
        question=question,
        author=actor,
        author_label=label_of(actor)[:80],
        text=text,
        written_at=now,
    )


@transaction.atomic
def watch(*, actor: Person, question: Question, person: Person, now: datetime) -> None:
    """Let a member of staff see it and be told of its moves. Nobody is let into a complaint this way but a leader."""
    question = locked(question)
    require_part(actor, question, Part.HANDLER)
    require(access.can_own(person, question))
    _row, made = Watcher.objects.get_or_create(question=question, person=person)
    if made and person.pk != actor.pk:
        telling.tell_staff(question, [person.pk], _("You are asked to look on: %(topic)s"), actor=actor, now=now)


@transaction.atomic
def stop_watching(*, actor: Person, question: Question) -> None:
    """Look on no longer; one's own watching only."""
    question = locked(question)
    require(access.can_note(actor, question))
    question.watchers.filter(person_id=actor.pk).delete()


@transaction.atomic
def merge(*, actor: Person, question: Question, into: Question, now: datetime) -> Question:
    """Go on in another question of the same person about the same child.

    Only there: the asker reads everything of both, and nobody else's.
    """
    # Both, in the order of their ids: two merges that cross must not end in a circle.
    rows = {one.pk: locked(one) for one in sorted((question, into), key=lambda one: one.pk)}
    question, into = rows[question.pk], rows[into.pk]
    part = require_part(actor, question, Part.HANDLER)
    if into.pk == question.pk or (into.asker_id, into.student_id) != (question.asker_id, question.student_id):
        raise Invalid(_("Only questions of the same person about the same child can be merged."))
    if into.state in FINAL or access.part_of(actor, into) != Part.HANDLER:
        raise NotThatWay
    question.merged_into = into
    move(question, Act.MERGE, actor=actor, part=part, now=now, detail="duplicate")
    question.tasks.filter(state__in=[Task.State.OPEN, Task.State.OFFERED]).update(
        state=Task.State.DROPPED, ended_at=now
    )
    telling.tell_asker(question, _("Your question goes on in your earlier one: %(topic)s"), actor=actor, now=now)
    return question


@transaction.atomic
def close(*, actor: Actor, question: Question, reason: str, now: datetime, word: str = "") -> Question:
    """End it without the asker's word, saying why; they may take it up again at any time."""
    question = locked(question)
    part = require_part(actor, question, Part.HANDLER, Part.SYSTEM)
    text = checked_text(word, _("Say why it is closed; the family reads this.")) if part == Part.HANDLER else word
    if question.tasks.filter(state=Task.State.OPEN).exists():
        raise Invalid(_("Something is still to be done here; end that first."))
    move(question, Act.CLOSE, actor=actor, part=part, now=now, detail=reason[:30] or "by_school")
    if text:
        write_line(question, Line.Kind.WORD, text, actor=actor, of_school=True, now=now)
    telling.tell_asker(question, _("Your question was closed: %(topic)s"), actor=actor, now=now)
    return question


@transaction.atomic
def reopen(*, actor: Person, question: Question, text: str, now: datetime) -> Question:
    """The school takes it up again by itself, and says why."""
    question = locked(question)
    part = require_part(actor, question, Part.HANDLER)
    text = checked_text(text, _("Say why it is taken up again; the family reads this."))
    move(question, Act.REOPEN, actor=actor, part=part, now=now)
    write_line(question, Line.Kind.WORD, text, actor=actor, of_school=True, now=now)
    telling.tell_asker(question, _("The school has taken up your question again: %(topic)s"), actor=actor, now=now)
    return question
