"""What becomes of a message after it was sent. Nothing here deletes a word."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.conversations import access, hints
from homeroom.conversations.civil import require_clean
from homeroom.conversations.entering import enter_again
from homeroom.conversations.events import MessageChanged, MessageWithdrawn
from homeroom.conversations.models import Conversation, Membership, Message, MessageRevision, Reaction
from homeroom.conversations.pace import Pace
from homeroom.eventlog.public import announce
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible
from homeroom.people.models import Person

from .posting import LONGEST, cleaned

reactions = Pace(most=30, seconds=60)


@transaction.atomic
def edit_message(*, actor: Person, message: Message, text: str, now: datetime) -> None:
    """Change one's own message within five minutes; its former text stays readable for the members.

    Raises NotVisible for who left meanwhile, NotAllowed, or Invalid for an empty or too long text.
    """
    message = _locked(message)
    membership = _place(actor, message, now)
    require(access.can_edit(actor, message, now=now))
    require(access.can_speak(membership))
    text = cleaned(text)
    if not text or len(text) > LONGEST:
        wrong = _("Write between 1 and %(most)d characters.") % {"most": LONGEST}
        raise Invalid(wrong, fields={"text": wrong})
    if text == message.text:
        return
    require_clean(text, membership)
    MessageRevision.objects.create(message=message, text=message.text, replaced_at=now)
    _changed(message, text=text, edited_at=now)
    enter_again([message.pk])


@transaction.atomic
def withdraw_message(*, actor: Person, message: Message, reason: str, now: datetime) -> None:
    """Take a message back: members see that it was, by whom and why, but not its text any more.

    The row keeps the text, so that a complaint can be looked into. A second time changes nothing. Raises NotVisible,
    NotAllowed, and Invalid when somebody else's message is withdrawn without a reason.
    """
    message = _locked(message)
    membership = _place(actor, message, now)
    require(access.can_withdraw(actor, message, membership))
    if message.withdrawn_at is not None:
        return
    reason = cleaned(reason)[:200]
    if message.author_id != actor.pk and not reason:
        missing = _("Say why: the person who wrote it reads your reason.")
        raise Invalid(missing, fields={"reason": missing})
    _changed(message, withdrawn_at=now, withdrawn_by=actor, withdrawn_reason=reason)
    enter_again([message.pk])
    audit.record(actor=actor, action="message.withdrawn", target=message, conversation_id=message.conversation_id)
    announce(
        MessageWithdrawn(
            school_id=message.school_id,
            conversation_id=message.conversation_id,
            message_id=message.pk,
            person_id=actor.pk,
        )
    )


@transaction.atomic
def react(*, actor: Person, message: Message, kind: str, now: datetime) -> bool:
    """Put a sign on a message, or take it off again; returns whether it stands now.

    Raises NotVisible, NotAllowed for a withdrawn message, Invalid for an unknown sign, TooFast.
    """
    reactions.count(actor.pk)
    message = _locked(message)
    _place(actor, message, now)
    if message.withdrawn_at is not None:
        raise NotAllowed(_("This message was withdrawn."))
    if kind not in Reaction.Kind.values:
        raise Invalid(_("Choose one of the signs."))
    gone, _rows = Reaction.objects.filter(message=message, person=actor, kind=kind).delete()
    if not gone:
        Reaction.objects.create(message=message, person=actor, kind=kind, made_at=now)
    _changed(message)
    return not gone


def _place(actor: Person, message: Message, now: datetime) -> Membership:
    """The actor's place in the message's conversation, from which they can read it; or NotVisible."""
    membership = access.membership_in(actor, message.conversation, now=now)
    if membership.since_number >= message.number:
        raise NotVisible
    return membership


def _locked(message: Message) -> Message:
    """The message as it is now, its conversation locked: changes of one conversation have an order."""
    Conversation.objects.select_for_update().get(pk=message.conversation_id)
    return Message.objects.select_related("conversation").get(pk=message.pk)


def _changed(message: Message, **values: object) -> None:
    conversation = Conversation.objects.filter(pk=message.conversation_id)
    conversation.update(last_change=F("last_change") + 1)
    values["changed_number"] = conversation.values_list("last_change", flat=True).get()
    Message.objects.filter(pk=message.pk).update(**values)
    announce(
        MessageChanged(school_id=message.school_id, conversation_id=message.conversation_id, message_id=message.pk)
    )
    hints.conversation_moved(message.conversation.uuid)
