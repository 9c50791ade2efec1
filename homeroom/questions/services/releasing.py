"""A question whose owner's duty has ended goes back to its team, and to whoever has the duty now."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import SystemActor
from homeroom.people.models import Person, Role
from homeroom.questions import routing, telling
from homeroom.questions.models import Circle, Question, Task
from homeroom.questions.routing import Way
from homeroom.questions.states import LIVE, Act, Part, State

from .moving import label_of, locked, move

DUTIES = SystemActor("duties")
BATCH = 200


def release_owners(*, now: datetime, person_id: int | None = None) -> int:
    """Take every open question from an owner who has lost the duty it came with; returns how many.

    Somebody it was given to by name keeps it while they work at the school. Each question is its own transaction, and
    asked again inside: repeating it does nothing.
    """
    rows = Question.objects.filter(state__in=[*LIVE, State.CONFIRMED], owner__isnull=False)
    if person_id is not None:
        rows = rows.filter(owner_id=person_id)
    released = 0
    for question in list(rows.select_related("owner__school")):
        if _has_lost(question):
            with transaction.atomic():
                released += _release(locked(question), now)
    return released


def _has_lost(question: Question) -> bool:
    """Whether the owner holds no duty at all, or held the circle's when it became theirs and does not any more."""
    owner, on = question.owner, question.owner.today if question.owner is not None else None
    if owner is None or on is None:
        return False
    roles = list(Role.objects.filter(person_id=owner.pk, school_id=question.school_id))
    held = [role for role in roles if (role.starts_on or on) <= on <= (role.ends_on or on)]
    if not held:
        return True
    if question.circle == Circle.PERSON or any(_is_duty(role, question) for role in held):
        return False
    if question.circle == Circle.LEADERS:
        return True
    given_on = _given_on(question)
    ended = [role.ends_on for role in roles if role.ends_on is not None and _is_duty(role, question)]
    return any(given_on <= ends_on < on for ends_on in ended)


def _is_duty(role: Role, question: Question) -> bool:
    """Whether a duty is the one the question's circle is about."""
    match question.circle:
        case Circle.CLASS_TEACHER:
            return role.kind == Role.Kind.CLASS_TEACHER and role.school_class_id == question.school_class_id
        case Circle.SUBJECT_TEACHER:
            of_class = role.school_class_id == question.school_class_id
            return role.kind == Role.Kind.SUBJECT_TEACHER and of_class and role.subject_id == question.subject_id
        case Circle.GRADE_LEADER:
            return role.kind == Role.Kind.GRADE_LEADER and role.grade_id == question.grade_id
        case Circle.OFFICE:
            return role.kind == Role.Kind.OFFICE
        case _:
            return role.kind == Role.Kind.SCHOOL_LEADER


def _given_on(question: Question) -> date:
    """The day on which it became the owner's."""
    of_others = question.events.exclude(owner_id=question.owner_id).order_by("-pk").values_list("pk", flat=True)[:1]
    since = question.events.filter(pk__gt=of_others[0] if of_others else 0).order_by("pk").first()
    at = since.at if since is not None else question.asked_at
    zone = question.owner.school.time_zone if question.owner is not None else "UTC"
    day: date = at.astimezone(ZoneInfo(zone)).date()
    return day


def _release(question: Question, now: datetime) -> bool:
    """Take it from its owner and give it to whoever the team has now. The caller has locked it."""
    if question.owner is None or not _has_lost(question):
        return False
    before: Person = question.owner
    question.owner = None
    move(question, Act.RELEASE, actor=DUTIES, part=Part.SYSTEM, now=now, detail="duty_ended")
    owner = routing.choose_owner(question, Way(Circle(question.circle)), on=before.today)
    if owner is None or owner.pk == before.pk:
        return True
    question.owner = owner
    move(question, Act.ASSIGN, actor=DUTIES, part=Part.SYSTEM, now=now, detail="routed")
    question.tasks.filter(person=before, state=Task.State.OPEN).update(person=owner, person_label=label_of(owner)[:80])
    telling.tell_staff(
        question, [owner.pk], _("A question is yours now, its duty has changed hands: %(topic)s"), actor=DUTIES, now=now
    )
    return True
