"""What the family does: asks, writes more, says that it is answered, takes it up again, withdraws."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import SystemActor, require
from homeroom.kit.errors import Invalid, Trouble
from homeroom.people.models import Person
from homeroom.people.public import children_of, current_classes, label
from homeroom.questions import access, routing, telling
from homeroom.questions.models import AnswerShown, Circle, Line, Proposal, Question, Task
from homeroom.questions.routing import Way
from homeroom.questions.states import Act, Part, State
from homeroom.school.models import SchoolClass, Subject, Topic

from .moving import checked_text, locked, move, require_part, twice, write_line
from .rating import ask_for_rating

ROUTING = SystemActor("routing")
CHOICES = (Circle.CLASS_TEACHER, Circle.SUBJECT_TEACHER, Circle.OFFICE, Circle.LEADERS)  # a family may pick these
AN_HOUR = 20  # questions of one person: each is somebody's duty to answer
LINES_AN_HOUR = 30  # of one person under one question: each tells its owner


class TooMany(Trouble):
    """More questions in an hour than a person has."""

    status = 429
    code = "too_many_questions"
    default_message = _("You have asked very many questions in the last hour. Write more in one of them, or ask later.")


class TooManyLines(Trouble):
    """More under one question in an hour than anybody reads."""

    status = 429
    code = "too_many_lines"
    default_message = _("You have written very much here in the last hour. Wait for the answer; nothing is lost.")


@dataclass(frozen=True, slots=True)
class Asking:
    """What the form holds. `circle` empty: as the school usually does with this topic."""

    student: UUID | None
    topic: UUID | None
    text: str
    key: UUID
    circle: str = ""
    subject: int | None = None
    about_kind: str = ""
    about_uuid: UUID | None = None
    files: tuple[UUID, ...] = ()
    proposal: UUID | None = None


def ask_question(*, actor: Person, asking: Asking, now: datetime) -> Question:
    """Put a question to the school, route it, tell its owner. Sending the same form twice asks once.

    `subject` is also for a topic that the school gives to the subject teachers; without one, the only subject of the
    class that the text names. Raises Invalid for what was typed, NotAllowed for a child the actor does not answer for.
    """
    require(access.can_ask(actor))
    try:
        with transaction.atomic():
            return _asked_before(actor, asking) or _ask(actor, asking, now)
    except IntegrityError:
        # The same form from two devices at one moment: on PostgreSQL neither sees the other before it is stored.
        there = _asked_before(actor, asking)
        if there is None:
            raise
        return there


def _asked_before(actor: Person, asking: Asking) -> Question | None:
    return Question.objects.filter(school_id=actor.school_id, asker=actor, key=asking.key).first()


def _ask(actor: Person, asking: Asking, now: datetime) -> Question:
    lately = Question.objects.filter(asker=actor, school_id=actor.school_id, asked_at__gt=now - timedelta(hours=1))
    if lately.count() >= AN_HOUR:
        raise TooMany
    fields: dict[str, str | Promise] = {}
    student = _child(actor, asking.student)
    if student is None:
        fields["student"] = _("Choose the child.")
    topic = Topic.objects.filter(
        school_id=actor.school_id, uuid=asking.topic or UUID(int=0), archived_at__isnull=True
    ).first()
    if topic is None:
        fields["topic"] = _("Choose a topic.")
    try:
        text = checked_text(asking.text, _("Write your question."))
    except Invalid as wrong:
        fields |= wrong.fields
    class_id = current_classes([student.pk]).get(student.pk, (None, ""))[0] if student is not None else None
    school_class = SchoolClass.objects.select_related("grade").filter(pk=class_id or 0).first()
    circle = asking.circle
    subject = Subject.objects.filter(school_id=actor.school_id, pk=asking.subject or 0).first()
    if circle and circle not in CHOICES:
        fields["circle"] = _("Choose who should answer.")
    if circle == Circle.SUBJECT_TEACHER and subject is None:
        fields["subject"] = _("Choose the subject.")
    if fields or student is None or topic is None:
        raise Invalid(next(iter(fields.values())), fields=fields)

    if circle and not topic.is_complaint:
        way = Way(Circle(circle), subject=subject)
    else:
        way = _with_subject(usual_way_of(topic, school_class), subject, text, school_class, on=actor.today)
    question = Question(
        school=actor.school,
        asker=actor,
        asker_label=label(actor)[:80],
        student=student,
        school_class=school_class,
        grade=school_class.grade if school_class else None,
        topic=topic,
        subject=way.subject,
        circle=way.circle,
        title=title_of(text),
        about_kind=asking.about_kind[:30] if asking.about_uuid else "",
        about_uuid=asking.about_uuid,
        key=asking.key,
        asked_at=now,
        moved_at=now,
    )
    move(question, Act.ASK, actor=actor, part=Part.ASKER, now=now, new=True)
    write_line(question, Line.Kind.ASKED, text, actor=actor, of_school=False, now=now, attachments=asking.files)
    AnswerShown.objects.filter(school_id=actor.school_id, person=actor, key=asking.key).update(
        outcome=AnswerShown.Outcome.ASKED
    )
    if asking.proposal is not None:
        offered = Proposal.objects.filter(uuid=asking.proposal, guardian=actor, state=Proposal.State.OFFERED)
        offered.update(state=Proposal.State.ASKED, question=question, ended_at=now)
    owner = routing.choose_owner(question, way, on=actor.today)
    if owner is not None:
        question.owner = owner
        move(question, Act.ASSIGN, actor=ROUTING, part=Part.SYSTEM, now=now, detail="routed")
        telling.tell_staff(question, [owner.pk], _("A family asks: %(topic)s"), actor=actor, now=now)
    return question


def usual_way_of(topic: Topic, school_class: SchoolClass | None) -> Way:
    """The school's way for this topic and class."""
    return routing.usual_way(topic, school_class.grade_id if school_class is not None else None)


def _with_subject(way: Way, subject: Subject | None, text: str, school_class: SchoolClass | None, *, on: date) -> Way:
    """A way to the subject teacher with the child's own one: of the route's subject, the chosen or the named one.

    To the class teacher where there is none.
    """
    if way.circle != Circle.SUBJECT_TEACHER:
        return way
    found = way.subject or subject or routing.subject_in(text, school_class, on=on)
    if found is not None and school_class is not None:
        teachers = routing.people_of(
            Circle.SUBJECT_TEACHER, school_id=school_class.school_id, school_class=school_class, subject=found, on=on
        )
        if teachers:
            return Way(Circle.SUBJECT_TEACHER, subject=found)
    return Way(Circle.CLASS_TEACHER)


def _child(actor: Person, uuid: UUID | None) -> Person | None:
    """The child asked about: one the actor answers for today, or themself for a pupil."""
    if uuid is None:
        return None
    ids = [child.person_id for child in children_of(actor) if child.uuid == str(uuid)]
    if not ids and uuid == actor.uuid and actor.pk in current_classes([actor.pk]):
        ids = [actor.pk]
    return Person.objects.select_related("school").filter(pk__in=ids).first()


def title_of(text: str) -> str:
    """The first words: to the end of the first sentence, at most sixty characters."""
    first = text.strip().splitlines()[0].strip()
    for mark in "。？！?!":
        head, found, _rest = first.partition(mark)
        if found and 4 <= len(head) < len(first):
            first = head + mark
    return first if len(first) <= 60 else first[:59] + "…"


@transaction.atomic
def add_line(
    *,
    actor: Person,
    question: Question,
    text: str,
    now: datetime,
    key: UUID | None = None,
    files: tuple[UUID, ...] = (),
) -> Question:
    """The asker writes more. What was answered or over is taken up again by it."""
    question = locked(question)
    part = require_part(actor, question, Part.ASKER)
    if twice(question, key):
        return question
    text = checked_text(text, _("Write something first."))
    lately = question.lines.filter(of_school=False, written_at__gt=now - timedelta(hours=1))
    if lately.count() >= LINES_AN_HOUR:
        raise TooManyLines
    over = question.state in {State.ANSWERED, State.CONFIRMED, State.CLOSED}
    move(question, Act.REOPEN if over else Act.ADD, actor=actor, part=part, now=now)
    write_line(question, Line.Kind.ADDED, text, actor=actor, of_school=False, now=now, key=key, attachments=files)
    if question.owner_id is not None:
        title = _("Not answered yet, the family writes: %(topic)s") if over else _("The family writes more: %(topic)s")
        telling.tell_staff(question, [question.owner_id], title, actor=actor, now=now)
    return question


@transaction.atomic
def take_up(*, actor: Person, question: Question, now: datetime) -> Question:
    """ "This does not answer it yet", in one tap: to a person again."""
    question = locked(question)
    part = require_part(actor, question, Part.ASKER)
    move(question, Act.REOPEN, actor=actor, part=part, now=now)
    if question.owner_id is not None:
        telling.tell_staff(
            question, [question.owner_id], _("Not answered yet, says the family: %(topic)s"), actor=actor, now=now
        )
    return question


@transaction.atomic
def confirm(*, actor: Person, question: Question, now: datetime) -> Question:
    """ "This answers it": closed at once, or as soon as what was promised is done."""
    question = locked(question)
    part = require_part(actor, question, Part.ASKER)
    move(question, Act.CONFIRM, actor=actor, part=part, now=now)
    close_if_done(question, now=now)
    ask_for_rating(question, now=now)
    return question


def close_if_done(question: Question, *, now: datetime) -> None:
    """Close a confirmed question for which nothing is left to do. The caller has locked it."""
    open_tasks = question.tasks.filter(state__in=[Task.State.OPEN, Task.State.OFFERED])
    open_tasks.filter(state=Task.State.OFFERED).update(state=Task.State.DROPPED, ended_at=now)
    if question.state == State.CONFIRMED and not open_tasks.filter(state=Task.State.OPEN).exists():
        move(question, Act.CLOSE, actor=ROUTING, part=Part.SYSTEM, now=now, detail="confirmed")


@transaction.atomic
def withdraw(*, actor: Person, question: Question, reason: str, now: datetime) -> Question:
    """The asker needs no answer any more, and says why."""
    question = locked(question)
    part = require_part(actor, question, Part.ASKER)
    text = checked_text(reason, _("Say why you withdraw it."))[:200]
    move(question, Act.WITHDRAW, actor=actor, part=part, now=now, detail="by_asker")
    write_line(question, Line.Kind.WORD, text, actor=actor, of_school=False, now=now)
    question.tasks.filter(state__in=[Task.State.OPEN, Task.State.OFFERED]).update(
        state=Task.State.DROPPED, ended_at=now
    )
    if question.owner_id is not None:
        telling.tell_staff(question, [question.owner_id], _("Withdrawn by the family: %(topic)s"), actor=actor, now=now)
    return question
