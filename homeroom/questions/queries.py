"""Shared reads of questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from homeroom.people.models import Person, Role
from homeroom.people.public import Child, children_of, labels, visible_students

from . import access
from .models import AnswerShown, ApprovedAnswer, Circle, Line, Question, QuestionEvent, Rating, Task, Watcher
from .routing import load_of
from .states import LIVE, WORKING, State

PAGE = 30
BY_DUE = (F("reply_due_at").asc(nulls_last=True), F("resolve_due_at").asc(nulls_last=True), F("pk").asc())
OWED = (State.OPEN, State.ASSIGNED, State.REOPENED, State.WAITING_OTHER)


@dataclass(frozen=True, slots=True)
class Listed:
    """A question in a list, with who owes it in words."""

    question: Question
    owner: str
    is_late: bool
    is_near: bool


def asked_list(person: Person, *, before: int | None = None) -> tuple[list[Listed], int | None]:
    """What somebody asked, the newest move first, and where the next page begins; two statements and the labels."""
    return _page(access.asked_by(person), before=before, now=None)


def children_to_propose_for(actor: Person, guardian: Person, cited: UUID | None) -> list[Child]:
    """The guardian's children for whom `actor` may propose a question: those the actor may see, and the one cited.

    Of a family's other children nobody learns by proposing.
    """
    family = children_of(guardian)
    if cited is not None:
        return [child for child in family if child.uuid == str(cited)]
    seen = set(
        visible_students(actor).filter(pk__in=[child.person_id for child in family]).values_list("pk", flat=True)
    )
    return [child for child in family if child.person_id in seen]


def desk(
    person: Person,
    *,
    view: str,
    now: datetime,
    topic: str = "",
    q: str = "",
    before: int | None = None,
) -> tuple[list[Listed], int | None]:
    """A page of the staff's desk: `mine`, `team`, `late`, `waiting`, `over`. What is due first comes first."""
    rows = _of_view(person, view, now)
    if topic:
        rows = rows.filter(topic__uuid=topic)
    if q:
        said = Line.objects.filter(question_id=OuterRef("pk"), text__icontains=q)
        rows = rows.filter(Q(title__icontains=q) | Q(student__name__icontains=q) | Exists(said))
    return _page(rows, before=before, now=now, by_due=view in {"mine", "team", "late"})


def _of_view(person: Person, view: str, now: datetime) -> QuerySet[Question]:
    mine = Q(owner_id__in=access.acting_ids(person))
    handled = access.handled_by(person)
    if view == "mine":
        return handled.filter(mine, state__in=OWED)
    if view == "team":
        return handled.filter(state__in=OWED)
    if view == "late":
        return handled.filter(Q(reply_due_at__lte=now) | Q(resolve_due_at__lte=now) | Q(told__gte=1), state__in=OWED)
    if view == "waiting":
        return handled.filter(state__in=[State.WAITING_ASKER, State.ANSWERED, State.CONFIRMED])
    if view == "watched":
        watched = Exists(Watcher.objects.filter(question_id=OuterRef("pk"), person_id=person.pk))
        return access.seen_by_staff(person).filter(watched, state__in=LIVE)
    return access.seen_by_staff(person).exclude(state__in=[*LIVE, State.CONFIRMED])


def desk_counts(person: Person, *, now: datetime) -> dict[str, int]:
    """How many wait under each heading of the desk; one statement."""
    mine = Q(owner_id__in=access.acting_ids(person))
    owed = Q(state__in=OWED)
    late = owed & (Q(reply_due_at__lte=now) | Q(resolve_due_at__lte=now) | Q(told__gte=1))
    waiting = Q(state__in=[State.WAITING_ASKER, State.ANSWERED, State.CONFIRMED])
    return access.handled_by(person).aggregate(
        mine=Count("pk", filter=mine & owed),
        team=Count("pk", filter=owed),
        late=Count("pk", filter=late),
        waiting=Count("pk", filter=waiting),
    )


def _page(
    rows: QuerySet[Question], *, before: int | None, now: datetime | None, by_due: bool = False
) -> tuple[list[Listed], int | None]:
    start = before or 0
    order = BY_DUE if by_due else (F("moved_at").desc(), F("pk").desc())
    found = list(rows.select_related("topic", "student", "school_class").order_by(*order)[start : start + PAGE + 1])
    shown = found[:PAGE]
    named = labels({question.owner_id for question in shown if question.owner_id is not None})
    listed = [
        Listed(
            question,
            named.get(question.owner_id or 0, ""),
            is_late=now is not None and question.state in OWED and _over(question, now),
            is_near=question.told >= 1 and question.state in OWED,
        )
        for question in shown
    ]
    return listed, start + PAGE if len(found) > PAGE else None


def _over(question: Question, now: datetime) -> bool:
    return any(due is not None and due <= now for due in (question.reply_due_at, question.resolve_due_at))


def neighbours(person: Person, question: Question, *, view: str, now: datetime) -> tuple[str, str]:
    """The uuids before and after a question in its queue; empty at the ends. One statement."""
    rows = _of_view(person, view, now)
    uuids = [str(uuid) for uuid in rows.order_by(*BY_DUE).values_list("uuid", flat=True)[:300]]
    here = str(question.uuid)
    if here not in uuids:
        return "", uuids[0] if uuids else ""
    at = uuids.index(here)
    return (uuids[at - 1] if at else ""), (uuids[at + 1] if at + 1 < len(uuids) else "")


def mergeable(person: Person, question: Question) -> list[Question]:
    """Other questions of the same person about the same child, which this one could go on in."""
    return list(
        access.handled_by(person)
        .filter(asker_id=question.asker_id, student_id=question.student_id)
        .exclude(pk=question.pk)
        .exclude(state__in=[State.MERGED, State.WITHDRAWN])
        .order_by("-asked_at")[:10]
    )


def tasks_of(person: Person) -> list[Task]:
    """What one has to do by a day, for any question; the next due first."""
    return list(
        Task.objects.filter(
            person_id=person.pk,
            state=Task.State.OPEN,
            question_id__in=access.handled_by(person).values("pk"),
        )
        .select_related("question")
        .order_by("due_at")[:20]
    )


@dataclass(frozen=True, slots=True)
class TopicCount:
    """How often a topic was asked about."""

    name: str
    asked: int
    live: int


@dataclass(frozen=True, slots=True)
class PersonLoad:
    """What one member of staff owes now."""

    label: str
    owed: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A leader's look over the questions in their charge since an instant."""

    asked: int
    over: int
    live: int
    late: int
    topics: list[TopicCount]
    loads: list[PersonLoad]


def overview(person: Person, *, since: datetime, now: datetime) -> Overview:
    """The figures for whoever leads the school or a grade; a fixed number of statements."""
    rows = access.handled_by(person)
    counts = rows.aggregate(
        asked=Count("pk", filter=Q(asked_at__gte=since)),
        over=Count("pk", filter=Q(over_at__gte=since)),
        live=Count("pk", filter=Q(state__in=WORKING)),
        late=Count("pk", filter=Q(state__in=OWED) & (Q(reply_due_at__lte=now) | Q(resolve_due_at__lte=now))),
    )
    topics = (
        rows.filter(asked_at__gte=since)
        .values("topic__name")
        .annotate(asked=Count("pk"), live=Count("pk", filter=Q(state__in=WORKING)))
        .order_by("-asked", "topic__name")
    )
    owners = list(
        rows.filter(state__in=WORKING, owner__isnull=False).values_list("owner_id", flat=True).distinct().order_by()
    )
    load = load_of(owners, complaints=person.leads(person.school_id))
    named = labels(owners)
    return Overview(
        **counts,
        topics=[TopicCount(row["topic__name"], row["asked"], row["live"]) for row in topics],
        loads=sorted(
            (PersonLoad(named.get(owner, ""), load.get(owner, 0)) for owner in owners), key=lambda one: -one.owed
        ),
    )


def ratings_of(teacher: Person) -> list[Rating]:
    """What families gave one's own answers, the newest first; not of what has become the leaders' alone."""
    rows = Rating.objects.filter(teacher_id=teacher.pk, rated_at__isnull=False)
    if not teacher.leads(teacher.school_id):
        rows = rows.exclude(question__circle=Circle.LEADERS)
    return list(rows.select_related("question__topic").order_by("-rated_at")[:100])


def answers_of(school_id: int) -> list[tuple[ApprovedAnswer, int, int]]:
    """The school's answers with how often each was shown and helped; two statements."""
    rows = AnswerShown.objects.filter(school_id=school_id).values("answer_id")
    counted = rows.annotate(shown=Count("pk"), helped=Count("pk", filter=Q(outcome=AnswerShown.Outcome.HELPED)))
    used = {row["answer_id"]: (row["shown"], row["helped"]) for row in counted}
    answers = ApprovedAnswer.objects.filter(school_id=school_id, archived_at__isnull=True).select_related("topic")
    return [(answer, *used.get(answer.pk, (0, 0))) for answer in answers.order_by("topic__position", "pk")]


def events_to_export(person: Person, *, since: datetime) -> QuerySet[QuestionEvent]:
    """The events of the questions in one's charge, for a file."""
    rows = access.handled_by(person).values("pk")
    return (
        QuestionEvent.objects.filter(question_id__in=rows, at__gte=since)
        .select_related("question")
        .order_by("at", "id")
    )


def subjects_of(class_ids: Sequence[int]) -> list[tuple[int, str]]:
    """(subject id, name) taught in any of these classes; one statement."""
    rows = Role.objects.filter(school_class_id__in=class_ids, subject__isnull=False)
    return list(rows.values_list("subject_id", "subject__name").distinct().order_by("subject__position", "subject_id"))
