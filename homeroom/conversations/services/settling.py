"""Saying that what a family wrote needs no answer."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.conversations.models import Conversation, Membership, Side
from homeroom.kit.access import denied, require
from homeroom.people.models import Person


@transaction.atomic
def need_no_answer(*, actor: Person, membership: Membership, number: int) -> None:
    """What the family wrote up to `number` needs no answer: the thread waits for nobody until it writes again.

    For everybody who answers there. Raises NotAllowed for the family's side.
    """
    if membership.side != Side.STAFF or membership.person_id != actor.pk:
        require(denied(_("Only the teacher decides what needs an answer.")))
    up_to = min(number, membership.conversation.last_number)
    Conversation.objects.filter(pk=membership.conversation_id).update(
        settled_number=Greatest(F("settled_number"), up_to)
    )
    audit.record(
        actor=actor, action="conversation.settled", target=membership.conversation,
        school_id=membership.conversation.school_id, number=up_to,
    )  # fmt: skip
