"""From a message to a question and back: what a message's page offers, for whoever looks at it."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.people.models import Person
from homeroom.school.public import uses

from . import access, showing
from .models import Proposal, Question

KIND = "message"
Way = tuple[str | Promise, str, str]  # words, icon, address; without an address only the words


def ways_from_message(viewer: Person, uuid: UUID, by_family: int | None) -> list[Way]:
    """The questions this message became, or the way to make it one. `by_family`: the guardian who wrote it, if one did.

    Two statements. Whoever may not see the question learns nothing of it, also not that there is one.
    """
    if not uses(viewer.school, "questions"):
        return []
    about = {"school_id": viewer.school_id, "about_kind": KIND, "about_uuid": uuid}
    seen = access.asked_by(viewer) if by_family == viewer.pk else access.seen_by_staff(viewer)
    found: list[Way] = []
    for question in seen.filter(**about).order_by("pk"):
        words = showing.for_family(question) if question.asker_id == viewer.pk else showing.for_staff(question)
        found.append(
            (
                _("Question: %(title)s (%(state)s)") % {"title": question.title, "state": words.label},
                "help-circle",
                _page(question),
            )
        )
    if found or by_family is None:
        return found
    proposal = Proposal.objects.filter(**about).order_by("-pk").first()
    offered = proposal is not None and proposal.state == Proposal.State.OFFERED
    if by_family == viewer.pk:
        if offered and proposal is not None:
            return [(_("The school proposes to make this a question"), "help-circle", _proposal(proposal))]
        return [(_("Turn into a question"), "help-circle", f"{reverse('questions:ask')}?about={KIND}:{uuid}")]
    if not viewer.current_roles:
        return []
    if offered:
        return [(_("Proposed as a question; the family has not decided yet."), "clock-pause", "")]
    if proposal is not None:  # nobody asks the family twice
        own = proposal.proposer_id == viewer.pk
        return [(_("You proposed a question; the family has decided for itself."), "check", "")] if own else []
    return [(_("Propose as a question"), "help-circle", f"{reverse('questions:propose')}?about={KIND}:{uuid}")]


def _page(question: Question) -> str:
    return reverse("questions:question", args=[question.uuid])


def _proposal(proposal: Proposal) -> str:
    return reverse("questions:proposal", args=[proposal.uuid])
