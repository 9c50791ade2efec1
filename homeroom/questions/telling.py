"""Reaching people about a question: always through delivery, so it comes over each one's own ways and wishes.

What is stored in an item says that something waits and under which topic, never what was written: the text stands on
the question's page, behind the question's own rights.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from homeroom.delivery.public import Asked, Category, Level, Priority, send_item
from homeroom.kit.access import Actor
from homeroom.people.models import Person, Role

from . import access, routing
from .models import Circle, Proposal, Question

TO_STAFF = "question"
TO_ASKER = "question_answer"
PROPOSED = "question_proposal"


def page_of(question: Question) -> str:
    return reverse("questions:question", args=[question.uuid])


def tell_asker(
    question: Question,
    title: str | Promise,
    *,
    actor: Actor,
    now: datetime,
    lead: str | Promise = "",
    asks: bool = False,
) -> None:
    """An item in the inbox of the asker, while they answer for the child. `title` holds %(topic)s.

    It names the child only where the class teacher may see the question too: delivery shows whoever has charge of a
    child's class what was sent about the child.
    """
    if not access.asker_still_answers(question, on=question.asker.today):
        return
    about = question.student_id if question.student_id != question.asker_id else None
    account = question.asker.account
    with translation.override((account.language if account else "") or settings.LANGUAGE_CODE):
        send_item(
            actor=actor,
            school=question.school,
            kind=TO_ASKER,
            source_id=question.pk,
            sender=actor if isinstance(actor, Person) else None,
            title=str(title) % {"topic": question.topic.name},
            lead=str(lead),
            link=page_of(question),
            level=Level.READ,
            priority=Priority.IMPORTANT if asks else Priority.ROUTINE,
            category=Category.OTHER,
            recipients=[Asked(question.asker_id, about if question.circle == Circle.CLASS_TEACHER else None)],
            action_label=_("Reply") if asks else _("Read the answer"),
            now=now,
        )


def tell_staff(
    question: Question,
    person_ids: Iterable[int],
    title: str | Promise,
    *,
    actor: Actor,
    now: datetime,
    lead: str | Promise = "",
    urgent: bool = False,
) -> None:
    """An item for members of staff and whoever stands in for them today, but for whoever acted.

    `title` holds %(topic)s. Of what is the leaders' alone only they are told: all of them, of what somebody else had to
    do before it became theirs.
    """
    told = set(person_ids)
    on = question.asker.today
    if question.circle == Circle.LEADERS:
        leaders = routing.people_of(
            Circle.LEADERS, school_id=question.school_id, school_class=None, subject=None, on=on
        )
        leading = {person.pk for person in routing.strangers_to(question.student_id, leaders)}
        told = told & leading or leading
    standing_in = Role.objects.in_force(on).filter(stands_in_for__person_id__in=told)
    if question.circle == Circle.LEADERS:
        standing_in = standing_in.filter(kind=Role.Kind.SCHOOL_LEADER)
    told |= set(standing_in.values_list("person_id", flat=True))
    wanted = sorted(told - {actor.id, question.asker_id})
    if not wanted:
        return
    with translation.override(settings.LANGUAGE_CODE):
        send_item(
            actor=actor,
            school=question.school,
            kind=TO_STAFF,
            source_id=question.pk,
            sender=None,
            sender_label=_("Questions desk"),
            title=str(title) % {"topic": question.topic.name},
            lead=str(lead),
            link=page_of(question),
            level=Level.READ,
            priority=Priority.IMPORTANT if urgent else Priority.ROUTINE,
            category=Category.OTHER,
            recipients=[Asked(person_id) for person_id in wanted],
            action_label=_("Open the question"),
            now=now,
        )


def tell_proposal(proposal: Proposal, *, actor: Person, now: datetime) -> None:
    """An item in the inbox of the guardian who may ask it."""
    account = proposal.guardian.account
    with translation.override((account.language if account else "") or settings.LANGUAGE_CODE):
        send_item(
            actor=actor,
            school=actor.school,
            kind=PROPOSED,
            source_id=proposal.pk,
            sender=actor,
            title=_("Ask this as a question? %(topic)s") % {"topic": proposal.topic.name},
            lead=_("So that it has an owner and cannot get lost. You decide; nothing was asked yet."),
            link=reverse("questions:proposal", args=[proposal.uuid]),
            level=Level.READ,
            priority=Priority.ROUTINE,
            category=Category.OTHER,
            recipients=[Asked(proposal.guardian_id)],
            action_label=_("Look and decide"),
            now=now,
        )
