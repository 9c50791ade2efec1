"""The school's approved answers: writing them, showing them while somebody asks, and what came of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid, Trouble
from homeroom.kit.pace import Pace
from homeroom.people.models import Person
from homeroom.people.public import staff_label
from homeroom.questions import access
from homeroom.questions.models import AnswerShown, ApprovedAnswer, QuestionEvent
from homeroom.questions.retrieval import find_answers
from homeroom.questions.states import Act
from homeroom.school.models import Topic

LOOKS = Pace(60, 60)  # of one person while typing: a look each second
SHOWN_AN_HOUR = 90  # answers of one person: each is a row


class TooManyAnswers(Trouble):
    """More ready answers in an hour than anybody reads."""

    status = 429
    code = "too_many_answers"
    default_message = _("You have looked at very many answers in the last hour. Ask a person, or come back later.")


@transaction.atomic
def save_answer(
    *,
    actor: Person,
    answer: ApprovedAnswer | None,
    question: str,
    variants: list[str],
    text: str,
    source: str,
    topic: Topic | None,
    valid_from: date | None,
    valid_until: date | None,
    approved: bool,
    now: datetime,
) -> ApprovedAnswer:
    """Write an answer of the school, or change one; only an approved one is ever shown to a family."""
    require(access.can_approve(actor, actor.school_id))
    fields: dict[str, str | Promise] = {}
    if not question.strip() or len(question.strip()) > 200:
        fields["question"] = _("Enter the question, at most 200 characters.")
    if not text.strip() or len(text.strip()) > 4000:
        fields["answer"] = _("Enter the answer, at most 4000 characters.")
    if valid_from and valid_until and valid_until < valid_from:
        fields["valid_until"] = _("The last day is before the first.")
    if approved and not source.strip():
        fields["source"] = _("Say where this is laid down; families see it.")
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    if answer is None:
        answer = ApprovedAnswer(school_id=actor.school_id)
    answer.question, answer.answer, answer.source = question.strip(), text.strip(), source.strip()[:120]
    answer.variants = list(dict.fromkeys(one.strip()[:200] for one in variants if one.strip()))[:20]
    answer.topic = topic if topic is not None and topic.school_id == actor.school_id else None
    answer.valid_from, answer.valid_until = valid_from, valid_until
    answer.owner, answer.owner_label = actor, staff_label(actor, actor.current_roles)[:80]
    answer.approved_at = (answer.approved_at or now) if approved else None
    answer.updated_at = now
    answer.save()
    audit.record(actor=actor, action="approved_answer.saved", target=answer, approved=approved)
    return answer


@transaction.atomic
def archive_answer(*, actor: Person, answer: ApprovedAnswer, now: datetime) -> None:
    """Show it no longer."""
    require(access.can_approve(actor, answer.school_id))
    answer.archived_at = now
    answer.save(update_fields=["archived_at"])
    audit.record(actor=actor, action="approved_answer.archived", target=answer)


@transaction.atomic
def show_answers(*, actor: Person, text: str, key: UUID, now: datetime) -> list[ApprovedAnswer]:
    """The approved answers to what somebody is writing; each is counted once for this asking.

    Who looks more often than somebody who types is shown none for a while: a person answers all the same.
    """
    if not LOOKS.allows(actor.pk) or _shown_lately(actor, now) >= SHOWN_AN_HOUR:
        return []
    found = find_answers(text, list(access.valid_answers(actor.school_id, actor.today)))
    AnswerShown.objects.bulk_create(
        [
            AnswerShown(school_id=actor.school_id, answer=one.answer, person=actor, key=key, shown_at=now)
            for one in found
        ],
        ignore_conflicts=True,
    )
    return [one.answer for one in found]


def _shown_lately(actor: Person, now: datetime) -> int:
    rows = AnswerShown.objects.filter(school_id=actor.school_id, person=actor, shown_at__gt=now - timedelta(hours=1))
    return rows.count()


@transaction.atomic
def helped(*, actor: Person, answer: ApprovedAnswer, key: UUID, now: datetime) -> None:
    """ "This answers it": nobody needs to be asked. Counted once for this asking, whichever of its answers it was.

    Raises TooManyAnswers beyond what one person looks at in an hour.
    """
    of_asking = AnswerShown.objects.filter(school_id=actor.school_id, person=actor, key=key)
    if not of_asking.filter(answer=answer).exists() and _shown_lately(actor, now) >= SHOWN_AN_HOUR:
        raise TooManyAnswers
    if of_asking.filter(outcome=AnswerShown.Outcome.HELPED).exists():
        return
    row, _made = AnswerShown.objects.get_or_create(
        school_id=actor.school_id, person=actor, key=key, answer=answer, defaults={"shown_at": now}
    )
    if row.outcome != AnswerShown.Outcome.SHOWN:
        return
    row.outcome = AnswerShown.Outcome.HELPED
    row.save(update_fields=["outcome"])
    QuestionEvent.objects.create(
        school_id=actor.school_id,
        act=Act.AUTO_ANSWER,
        at=now,
        person_id=actor.pk,
        role="guardian" if not actor.current_roles else "staff",
        topic_id=answer.topic_id,
        owner_id=answer.owner_id,
        detail=str(answer.pk),
    )
    audit.record(actor=actor, action="approved_answer.helped", target=answer)
