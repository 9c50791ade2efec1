"""Putting into words, for a family, the question that stands in what they wrote; the family asks it or does not."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible, Stale
from homeroom.people.models import Person
from homeroom.people.public import children_of
from homeroom.questions import about, access, queries, telling
from homeroom.questions.models import Proposal
from homeroom.school.models import Topic

from .moving import NotThatWay, checked_text, label_of


class DecidedAlready(Stale):
    """The family has said yes or no to a question out of this message: nobody asks them again."""

    code = "proposal_decided"
    default_message = _("The family has already decided about a question from this message.")


@transaction.atomic
def propose_question(
    *,
    actor: Person,
    about_kind: str,
    about_uuid: UUID | None,
    student: UUID | None,
    topic: UUID | None,
    text: str,
    now: datetime,
) -> Proposal:
    """Offer a guardian to ask what they wrote as a question. A second one about the same message gives the first.

    Raises NotVisible for what the actor cannot read or no guardian wrote, DecidedAlready when the family has decided
    about one, Invalid for what was typed.
    """
    require(access.can_propose(actor))
    cited = about.card_for(about_kind, about_uuid, actor)
    if cited is None or cited.hidden or cited.author_id is None or about_uuid is None:
        raise NotVisible
    guardian = Person.objects.select_related("school", "account").get(pk=cited.author_id)
    family = queries.children_to_propose_for(actor, guardian, cited.student)
    children = {child.uuid: child.person_id for child in family}
    if not children or guardian.pk == actor.pk:
        raise NotVisible
    there = _made(guardian, about_uuid)
    if there is not None:
        return there
    fields: dict[str, str | Promise] = {}
    if str(student) not in children:
        fields["student"] = _("Choose the child.")
    found = Topic.objects.filter(school_id=actor.school_id, uuid=topic or UUID(int=0), archived_at__isnull=True).first()
    if found is None or found.is_complaint:
        fields["topic"] = _("Choose a topic. Only the family itself makes a complaint.")
    try:
        text = checked_text(text, _("Write the question as the family would ask it."))
    except Invalid as wrong:
        fields |= wrong.fields
    if fields or found is None:
        raise Invalid(next(iter(fields.values())), fields=fields)
    try:
        with transaction.atomic():
            proposal = Proposal.objects.create(
                school_id=actor.school_id,
                proposer=actor,
                proposer_label=label_of(actor)[:80],
                guardian=guardian,
                student_id=children[str(student)],
                topic=found,
                text=text,
                about_kind=about_kind,
                about_uuid=about_uuid,
                proposed_at=now,
            )
    except IntegrityError:  # a colleague was faster by a moment
        there = _made(guardian, about_uuid)
        if there is None:
            raise
        return there
    audit.record(actor=actor, action="question.proposed", target=proposal)
    telling.tell_proposal(proposal, actor=actor, now=now)
    return proposal


@transaction.atomic
def decline_proposal(*, actor: Person, proposal: Proposal, now: datetime) -> Proposal:
    """The guardian does not want to ask it."""
    proposal = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if proposal.guardian_id != actor.pk:
        raise NotAllowed
    if proposal.state != Proposal.State.OFFERED:
        raise NotThatWay
    proposal.state, proposal.ended_at = Proposal.State.DECLINED, now
    proposal.save(update_fields=["state", "ended_at"])
    audit.record(actor=actor, action="question.proposal_declined", target=proposal)
    return proposal


def _made(guardian: Person, about_uuid: UUID) -> Proposal | None:
    """The proposal the guardian has not decided about yet. Raises DecidedAlready when they have about one."""
    made = Proposal.objects.filter(school_id=guardian.school_id, guardian=guardian, about_uuid=about_uuid)
    offered = made.filter(state=Proposal.State.OFFERED).first()
    if offered is None and made.exists():
        raise DecidedAlready
    return offered


def proposal_for(person: Person, uuid: UUID) -> Proposal:
    """A proposal made to this person, or by them. Raises NotVisible."""
    rows = Proposal.objects.filter(school_id=person.school_id, uuid=uuid).select_related("student", "topic", "question")
    found = rows.first()
    if found is None or person.pk not in {found.guardian_id, found.proposer_id}:
        raise NotVisible
    if found.guardian_id == person.pk and found.student_id not in {c.person_id for c in children_of(person)}:
        raise NotVisible
    return found
