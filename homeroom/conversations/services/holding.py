"""Keeping a message that a moderator reads first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.conversations import civil
from homeroom.conversations.events import CaseMoved
from homeroom.conversations.models import Case, Conversation, Held
from homeroom.conversations.writing import Posting, Written
from homeroom.eventlog.public import announce
from homeroom.files import public as files_of
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person

OWNER = "held_message"
AT_MOST = 20  # of one person in one conversation, waiting


@transaction.atomic
def hold_message(
    *, actor: Person, posting: Posting, waits: civil.Waits, files: Sequence[UUID] = (), plea: str = ""
) -> Written:
    """Keep a message until a moderator has read it; the same key again is the same message.

    Raises Invalid when too many of the author's wait here already.
    """
    conversation = Conversation.objects.select_for_update().get(pk=posting.conversation_id)
    known = Case.objects.filter(held__conversation=conversation, held__author=actor)
    if (there := known.filter(held__client_key=posting.client_key).first()) is not None:
        return Written(there.pk, 0, False, conversation.uuid)
    if known.filter(state=Case.State.OPEN).count() >= AT_MOST:
        raise Invalid(_("Many of your messages wait to be read already. Wait until somebody has looked at them."))
    held = Held.objects.create(
        conversation=conversation, author=actor, cause=waits.cause, text=posting.text, plea=plea.strip()[:300],
        found=waits.findings.as_json(), quoted_id=posting.quoted_id, files=[str(uuid) for uuid in files],
        client_key=posting.client_key, written_at=posting.sent_at,
    )  # fmt: skip
    if files:
        files_of.attach(actor=actor, owner_kind=OWNER, owner_id=held.pk, files=files)
    case = Case.objects.create(
        school_id=conversation.school_id, conversation=conversation, author=actor, held=held, opened_at=posting.sent_at
    )
    audit.record(actor=actor, action="message.held", target=case, conversation_id=conversation.pk, cause=held.cause)
    announce_case(case, actor.pk)
    return Written(case.pk, 0, True, conversation.uuid)


def announce_case(case: Case, person_id: int) -> None:
    """Say that the case moved, and who moved it."""
    announce(
        CaseMoved(
            school_id=case.school_id, case_id=case.pk, conversation_id=case.conversation_id, state=case.state,
            person_id=person_id,
        )
    )  # fmt: skip
