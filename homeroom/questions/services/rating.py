"""Five faces: asked for after a person answered, at most once a month of a family."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.people.models import Guardianship, Person
from homeroom.questions.models import Line, Question, Rating
from homeroom.questions.states import Act, Part

from .moving import locked, remember, require_part

ONCE_IN = timedelta(days=30)
OPEN_FOR = timedelta(days=14)


def ask_for_rating(question: Question, *, now: datetime) -> Rating | None:
    """Ask how it was, unless nobody answered or the family was asked within the month. The caller has locked it."""
    last = question.lines.filter(kind=Line.Kind.ANSWER, author__isnull=False).order_by("-id").first()
    if last is None or last.author_id is None or Rating.objects.filter(question=question).exists():
        return None
    children = Guardianship.objects.filter(guardian_id=question.asker_id).values("student_id")
    of_family = Q(person_id=question.asker_id) | Q(student_id=question.student_id) | Q(student_id__in=children)
    if Rating.objects.filter(of_family, school_id=question.school_id, asked_at__gt=now - ONCE_IN).exists():
        return None
    return Rating.objects.create(
        school_id=question.school_id,
        question=question,
        person_id=question.asker_id,
        student_id=question.student_id,
        teacher_id=last.author_id,
        asked_at=now,
    )


def is_open(rating: Rating | None, *, now: datetime) -> bool:
    """Whether it can still be given."""
    return rating is not None and rating.rated_at is None and rating.asked_at > now - OPEN_FOR


@transaction.atomic
def rate(*, actor: Person, question: Question, score: int, comment: str, now: datetime) -> Rating:
    """Give the score that was asked for, once."""
    question = locked(question)
    part = require_part(actor, question, Part.ASKER)
    rating = Rating.objects.select_for_update().filter(question=question).first()
    if rating is None or not is_open(rating, now=now):
        raise NotAllowed(_("Nothing is asked here any more."))
    if score not in range(1, 6):
        raise Invalid(_("Choose one of the five faces."), fields={"score": _("Choose one of the five faces.")})
    rating.score, rating.comment, rating.rated_at = score, comment.strip()[:500], now
    rating.save(update_fields=["score", "comment", "rated_at"])
    remember(question, Act.RATE, actor=actor, part=part, now=now, detail=str(score))
    return rating


@transaction.atomic
def remark(*, actor: Person, rating: Rating, text: str) -> Rating:
    """The teacher's own word on a rating, which leaders read beside the figure."""
    if rating.teacher_id != actor.pk or rating.rated_at is None:
        raise NotAllowed
    rating.remark = text.strip()[:500]
    rating.save(update_fields=["remark"])
    audit.record(actor=actor, action="rating.remarked", target=rating)
    return rating
