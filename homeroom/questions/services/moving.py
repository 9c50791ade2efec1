"""The one way in which a question moves: checked against the table, dated, recorded, announced."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.eventlog.public import announce
from homeroom.files import public as files
from homeroom.kit.access import Actor
from homeroom.kit.errors import Invalid, NotAllowed, Stale
from homeroom.kit.ids import new_id
from homeroom.people.models import Person
from homeroom.people.public import staff_label
from homeroom.questions import access, clock, routing
from homeroom.questions.events import QuestionMoved
from homeroom.questions.models import TEXT_AT_MOST, Circle, Line, Question, QuestionEvent
from homeroom.questions.states import ENDING, FINAL, OVER, Act, Part, State, after

OWNER_KIND = "question_line"  # of attachments
# No business of the family's socket.
HIDDEN = frozenset({Act.NOTE, Act.WARN, Act.ESCALATE, Act.ROUTE, Act.ASSIGN, Act.RELEASE})


class NotThatWay(Stale):
    """The question stands where this act leads nowhere: somebody was faster, or the page is old."""

    code = "question_moved_on"
    default_message = _("The question has moved on in the meantime. Look at it again; nothing was changed.")


def locked(question: Question) -> Question:
    """The question as it is now, locked until the end of the transaction."""
    return (
        Question.objects.select_for_update(of=("self",))
        .select_related(
            "school", "asker__school", "asker__account", "student", "topic", "owner__school", "owner__account",
            "school_class", "subject",
        )
        .get(pk=question.pk)
    )  # fmt: skip


def require_part(actor: Actor, question: Question, *parts: Part) -> Part:
    """On whose side the actor stands. Raises NotAllowed when it is none of `parts`."""
    part = access.part_of(actor, question)
    if part is None or part not in parts:
        raise NotAllowed
    return part


def move(
    question: Question, act: Act, *, actor: Actor, part: Part, now: datetime, detail: str = "", new: bool = False
) -> QuestionEvent:
    """Bring a locked question along `act`, store it and its event, announce it.

    The caller has set what else changes (owner, answered_at). Raises NotThatWay when the table knows no such way.
    """
    started = question.state
    if not new:
        to = after(act, State(started), part)
        if to is None:
            raise NotThatWay
        if act in ENDING and not detail:
            raise Invalid(_("Say why this ends."))
        question.state = to
    question.over_at = (question.over_at or now) if question.state in OVER else None
    time = clock.Clock.of(question.school)
    measured = {} if new else _measured(question, act, time, now)
    question.moved_at = now
    time.move(question, act, now)
    if act in ENDING:
        measured["matter_minutes"] = question.resolve_minutes_used
    time.set_due(question)
    question.save()
    return remember(
        question, act, actor=actor, part=part, now=now, measured=measured, started="" if new else started, detail=detail
    )


def _measured(question: Question, act: Act, time: clock.Clock, now: datetime) -> dict[str, Any]:
    """The working minutes an event keeps: since the one before, and of a reply how long the family waited for it.

    A reply that nobody waited for (a second answer, say) has none.
    """
    minutes = time.calendar.working_minutes
    kept: dict[str, Any] = {"working_minutes": minutes(question.moved_at, now)}
    if act in clock.REPLIES:
        kept["is_first_reply"] = question.first_reply_at is None
        if question.reply_since is not None:
            kept["reply_minutes"] = minutes(question.reply_since, now)
    return kept


def remember(
    question: Question,
    act: Act,
    *,
    actor: Actor,
    part: Part,
    now: datetime,
    measured: Mapping[str, Any] | None = None,
    started: str | None = None,
    detail: str = "",
    also: Collection[int] = (),
) -> QuestionEvent:
    """Write one event with its audit entry and announce it, `also` to these persons; the state stays as it is."""
    event = QuestionEvent.objects.create(
        school_id=question.school_id,
        question=question,
        act=act,
        from_state=question.state if started is None else started,
        to_state=question.state,
        at=now,
        person_id=actor.id,
        role=role_of(actor, question, part),
        student_id=question.student_id,
        class_id=question.school_class_id,
        topic_id=question.topic_id,
        owner_id=question.owner_id,
        detail=detail,
        **(measured or {}),
    )
    audit.record(actor=actor, action=f"question.{act}", target=question, state=question.state, detail=detail)
    announce(
        QuestionMoved(
            school_id=question.school_id,
            question_id=question.pk,
            event_id=event.pk,
            act=act,
            _pairs=tuple(dict.fromkeys([*_concerned(question, act, now), *((person_id, 0) for person_id in also)])),
        )
    )
    return event


def role_of(actor: Actor, question: Question, part: Part) -> str:
    """In which role somebody acted: the nearest to the child first."""
    if part == Part.SYSTEM or not isinstance(actor, Person):
        return "system"
    if part == Part.ASKER:
        return "pupil" if actor.pk == question.student_id else "guardian"
    near = [role.kind for role in actor.current_roles if role.school_class_id == question.school_class_id]
    return (near or [role.kind for role in actor.current_roles] or ["staff"])[0]


def concerned_staff(question: Question) -> set[int]:
    """The persons of the staff whose pages move with a question: owner, watchers, a small circle."""
    return {person_id for person_id, about in _concerned(question, Act.NOTE, question.moved_at) if about == 0}


def _concerned(question: Question, act: Act, now: datetime) -> tuple[tuple[int, int], ...]:
    """(person, about) whose pages move: the asker while they answer for the child, owner, watchers, a small circle."""
    staff = set(question.watchers.values_list("person_id", flat=True))
    if question.owner_id is not None:
        staff.add(question.owner_id)
    on = question.asker.today
    if question.circle != Circle.PERSON:
        people = routing.people_of(
            question.circle,
            school_id=question.school_id,
            school_class=question.school_class,
            subject=question.subject,
            on=on,
        )
        staff |= {person.pk for person in people}
    if question.circle == Circle.LEADERS:  # whoever watched before it became the leaders' alone
        staff &= {person.pk for person in people}
    pairs = [(person_id, 0) for person_id in sorted(staff - {question.asker_id})]
    if act not in HIDDEN and access.asker_still_answers(question, on=on):
        pairs.append((question.asker_id, question.student_id if question.student_id != question.asker_id else 0))
    return tuple(pairs)


def checked_text(text: str, missing: str | Promise) -> str:
    """The text as it is kept. Raises Invalid when it is empty or too long."""
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text:
        raise Invalid(missing, fields={"text": missing})
    if len(text) > TEXT_AT_MOST:
        long = _("At most %(n)d characters.") % {"n": TEXT_AT_MOST}
        raise Invalid(long, fields={"text": long})
    return text


def write_line(
    question: Question,
    kind: Line.Kind,
    text: str,
    *,
    actor: Actor,
    of_school: bool,
    now: datetime,
    key: UUID | None = None,
    attachments: Sequence[UUID] = (),
) -> Line:
    """Write what both sides read, with its files."""
    line = Line.objects.create(
        school_id=question.school_id,
        question=question,
        kind=kind,
        author=actor if isinstance(actor, Person) else None,
        author_label=(label_of(actor) if of_school else question.asker_label)[:80],
        of_school=of_school,
        text=text,
        written_at=now,
        key=key or new_id(),
    )
    if attachments and isinstance(actor, Person):
        files.attach(actor=actor, owner_kind=OWNER_KIND, owner_id=line.pk, files=attachments)
    return line


def label_of(actor: Actor) -> str:
    """李老师 · 数学, or Homeroom itself."""
    return staff_label(actor, actor.current_roles) if isinstance(actor, Person) else translated("Homeroom")


def twice(question: Question, key: UUID | None) -> bool:
    """Whether a line with this key of its page is there already: a retry changes nothing."""
    return key is not None and question.lines.filter(key=key).exists()


__all__ = ["FINAL", "HIDDEN", "NotThatWay", "checked_text", "concerned_staff", "label_of", "locked", "move", "remember",
           "require_part", "role_of", "twice", "write_line"]  # fmt: skip
