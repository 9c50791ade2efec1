"""Messages that wait for their time: written now, sent once, by whoever may still send them then."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from homeroom.audit import public as audit
from homeroom.conversations import access
from homeroom.conversations.models import Conversation, Membership, ScheduledMessage
from homeroom.conversations.pace import TooFast
from homeroom.delivery.public import Asked, Category, Level, Priority, send_item
from homeroom.files import public as files_of
from homeroom.kit.access import SystemActor, require
from homeroom.kit.errors import Invalid, Trouble
from homeroom.people.models import Person

from .posting import checked, post_message
from .reading import unread_kept

OWNER = "scheduled_message"
FARTHEST = timedelta(days=90)
AT_MOST = 50  # of one person at a time
SOONEST = timedelta(minutes=1)
PUT_OFF = timedelta(minutes=1)
_SYSTEM = SystemActor("scheduled messages")
log = logging.getLogger(__name__)


def waiting() -> QuerySet[ScheduledMessage]:
    """What is still to be sent."""
    return ScheduledMessage.objects.filter(sent_at__isnull=True, cancelled_at__isnull=True, refused_at__isnull=True)


def _checked_time(send_at: datetime | None, now: datetime) -> datetime:
    if send_at is None:
        missing = gettext_lazy("Say when it should be sent.")
        raise Invalid(missing, fields={"send_at": missing})
    if send_at < now + SOONEST:
        past = gettext_lazy("Choose a time that is still to come.")
        raise Invalid(past, fields={"send_at": past})
    if send_at > now + FARTHEST:
        far = gettext_lazy("At most %(days)d days ahead.") % {"days": FARTHEST.days}
        raise Invalid(far, fields={"send_at": far})
    return send_at


@transaction.atomic
def schedule_message(
    *, actor: Person, conversation: Conversation, text: str, client_key: UUID, send_at: datetime | None, now: datetime,
    quoted: UUID | None = None, files: Sequence[UUID] = (),
) -> ScheduledMessage:  # fmt: skip
    """Keep a message until `send_at`; the same key again is the same message.

    Raises NotVisible for who is no member, NotAllowed for who may only read, Invalid for the text or the time.
    """
    membership = access.membership_in(actor, conversation, now=now)
    require(access.can_speak(membership))
    known = ScheduledMessage.objects.filter(author=actor, conversation=conversation, client_key=client_key).first()
    if known is not None:
        return known
    if waiting().filter(author=actor).count() >= AT_MOST:
        raise Invalid(gettext_lazy("You have many messages waiting already. Send or cancel some of them first."))
    row = ScheduledMessage.objects.create(
        school_id=conversation.school_id, conversation=conversation, author=actor, text=checked(text, files),
        quoted=access.get_message_for(actor, quoted, now=now) if quoted is not None else None,
        files=[str(uuid) for uuid in files], client_key=client_key, send_at=_checked_time(send_at, now), written_at=now,
    )  # fmt: skip
    if files:
        files_of.attach(actor=actor, owner_kind=OWNER, owner_id=row.pk, files=files)
    audit.record(actor=actor, action="message.scheduled", target=row, school_id=row.school_id, send_at=str(row.send_at))
    return row


@transaction.atomic
def change_scheduled(
    *, actor: Person, scheduled: ScheduledMessage, text: str, send_at: datetime | None, now: datetime
) -> None:
    """Another text or time, while it waits. Raises Invalid, or Invalid when it has gone meanwhile."""
    row = _held(actor, scheduled)
    row.text = checked(text, row.files)
    if send_at != row.send_at:
        row.send_at = _checked_time(send_at, now)
    row.save(update_fields=["text", "send_at"])
    audit.record(actor=actor, action="message.rescheduled", target=row, school_id=row.school_id)


@transaction.atomic
def cancel_scheduled(*, actor: Person, scheduled: ScheduledMessage, now: datetime) -> None:
    """Do not send it."""
    row = _held(actor, scheduled)
    row.cancelled_at = now
    row.save(update_fields=["cancelled_at"])
    files_of.attach(actor=actor, owner_kind=OWNER, owner_id=row.pk, files=[])
    audit.record(actor=actor, action="message.schedule_cancelled", target=row, school_id=row.school_id)


@transaction.atomic
def send_now(*, actor: Person, scheduled: ScheduledMessage, now: datetime) -> None:
    """Send it at once. Raises whatever sending it raises; then it goes on waiting."""
    row = _held(actor, scheduled)
    _send(row, now)


def _held(actor: Person, scheduled: ScheduledMessage) -> ScheduledMessage:
    """The row, locked, while it waits and is the actor's own."""
    row = waiting().select_for_update().filter(pk=scheduled.pk, author=actor).first()
    if row is None:
        raise Invalid(gettext_lazy("This message has been sent or cancelled in the meantime."))
    return row


def _send(row: ScheduledMessage, now: datetime) -> None:
    """Claim the row and post it in one transaction: both are there after it, or neither.

    The key was fixed when it was written, so even a second claim could not make a second message.
    """
    with transaction.atomic():
        if not waiting().filter(pk=row.pk).update(sent_at=now):
            return
        with unread_kept(row.conversation_id, row.author_id):
            post_message(
                actor=row.author, conversation=row.conversation, text=row.text, client_key=row.client_key, now=now,
                quoted=_quotable(row, now), files=[UUID(given) for given in row.files],
            )  # fmt: skip
        files_of.detach_all(owner_kind=OWNER, owner_ids=[row.pk])


def _quotable(row: ScheduledMessage, now: datetime) -> UUID | None:
    """The quoted message as long as the author can read it; the answer goes out without it otherwise."""
    quoted = row.quoted
    if quoted is None or not access.readable(row.author, now=now).filter(pk=quoted.pk).exists():
        return None
    return quoted.uuid


def send_due(*, now: datetime, at_most: int = 200) -> int:
    """Send what is due, the earliest first; returns how many went out.

    Whether the author may write is asked again. Who has lost access is told in their inbox, in words that name nobody;
    the text is kept on their own page. Too much in a short time is left for the next round.
    """
    sent = 0
    due = (
        waiting()
        .filter(~Exists(access.switched_off("school_id")), send_at__lte=now)
        .select_related("author__school", "author__account", "conversation", "quoted")
    )
    for row in due.order_by("send_at", "id")[:at_most]:
        try:
            _send(row, now)
            sent += 1
        except TooFast:
            waiting().filter(pk=row.pk).update(send_at=now + PUT_OFF)  # those behind it have their turn
        except Trouble as refused:
            if refused.status >= 500:  # the database was busy: the next round
                continue
            _refuse(row, refused, now)
        except Exception:
            log.exception("a scheduled message could not be sent")
            waiting().filter(pk=row.pk).update(send_at=now + PUT_OFF)
    return sent


@transaction.atomic
def _refuse(row: ScheduledMessage, trouble: Trouble, now: datetime) -> None:
    author = row.author
    with translation.override((author.account.language if author.account else "") or settings.LANGUAGE_CODE):
        lost = trouble.status in {403, 404}
        reason = _("You are no longer in this conversation, or may not write there any more.") if lost else str(trouble)
        if not waiting().filter(pk=row.pk).update(refused_at=now, refusal=reason[:300]):
            return
        send_item(
            actor=_SYSTEM, school=author.school, kind=OWNER, source_id=row.pk, sender=None,
            sender_label=_("Messages"), title=_("A scheduled message was not sent"),
            lead=reason,
            link=reverse("conversations:scheduled"), level=Level.READ, priority=Priority.IMPORTANT,
            category=Category.OTHER, recipients=[Asked(author.pk, None)], action_label=_("See the text"), now=now,
        )  # fmt: skip
    audit.record(actor=_SYSTEM, action="message.schedule_refused", target=row, school_id=row.school_id)


@transaction.atomic
def forget_scheduled(*, actor: Person, scheduled: ScheduledMessage) -> None:
    """Remove a message that could not be sent from one's list."""
    gone = ScheduledMessage.objects.filter(pk=scheduled.pk, author=actor, refused_at__isnull=False)
    if gone.update(cancelled_at=F("refused_at")):
        files_of.attach(actor=actor, owner_kind=OWNER, owner_id=scheduled.pk, files=[])


def waiting_here(membership: Membership) -> list[ScheduledMessage]:
    """What its author sees waiting in a conversation."""
    rows = waiting().filter(author_id=membership.person_id, conversation_id=membership.conversation_id)
    return list(rows.order_by("send_at", "id"))
