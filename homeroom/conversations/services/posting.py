"""Sending a message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from homeroom.conversations import access, markup
from homeroom.conversations.civil import Wish, looked_at
from homeroom.conversations.models import Conversation, Membership, Message, Side
from homeroom.conversations.moderation import can_answer
from homeroom.conversations.pace import TooFast
from homeroom.conversations.writer import tell, writer
from homeroom.conversations.writing import Posting, Written, write
from homeroom.delivery.public import live_cards
from homeroom.files import public as files_of
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid, NotVisible, Trouble
from homeroom.people.models import Person

from .holding import hold_message

LONGEST = 4000  # characters: two pages, and one frame to every member
FILES_AT_MOST = 9
PER_MINUTE = 30  # messages of one person in one conversation
UNANSWERED = 60  # messages of one family in an hour, without a word of the teacher's
OWNER = "message"

Cited = tuple[str, UUID]  # the owner's word and id of what a message cites


def post_message(
    *,
    actor: Person,
    conversation: Conversation,
    text: str,
    client_key: UUID,
    now: datetime,
    quoted: UUID | None = None,
    files: Sequence[UUID] = (),
    wish: Wish = Wish.NONE,
    plea: str = "",
    cites: Cited | None = None,
) -> Written:
    """Send `text` to the members of `conversation`; committed and numbered when this returns.

    Where a moderator reads it first it is kept without a number (`Written.waits`). `wish` is what the sender said to
    the words that hit.

    The same `client_key` again gives the same message, from whichever device. `quoted` is a message the actor can read,
    here or in the class channel it answers; `cites` something of the school that the actor may open. Raises NotVisible
    for who is no member, NotAllowed for who may only read, Invalid for an empty or too long text, TooFast, NotStored.
    """
    membership = access.membership_in(actor, conversation, now=now)
    require(access.can_speak(membership))
    posting = Posting(
        conversation_id=conversation.pk,
        membership_version=membership.conversation.membership_version,
        school_id=conversation.school_id,
        author_id=actor.pk,
        text=checked(text, files, speaks_for_itself=cites is not None),
        client_key=client_key,
        sent_at=now,
        quoted_id=access.get_message_for(actor, quoted, now=now).pk if quoted is not None else None,
        has_files=bool(files),
        cites_kind=cites[0] if cites is not None else "",
        cites_uuid=cites[1] if cites is not None else None,
    )
    if cites is not None and live_cards([cites], actor)[cites].hidden:
        raise NotVisible
    if _is_too_fast(membership, now):
        if known := _sent_before(posting, conversation):
            return known
        raise TooFast
    if is_a_flood(membership, now):
        raise TooFast(_("You have written a lot and nobody has answered yet. All of it is kept: wait for an answer."))
    if posting.quoted_id is not None:
        require(can_answer(membership, posting.quoted_id))
    waits = looked_at(membership, posting.text, wish)
    if waits is not None:
        if known := _sent_before(posting, conversation):
            return known
        return hold_message(actor=actor, posting=posting, waits=waits, files=files, plea=plea)
    if files or connection.in_atomic_block:
        return _post_here(actor, posting, files)
    return writer().post(posting)


def cleaned(text: str) -> str:
    """What is kept of a text: no half characters, zero bytes or signs that turn the direction; lines ended one way."""
    whole = text.encode("utf-8", "ignore").decode().translate(markup.TURNS)
    return whole.replace("\r\n", "\n").replace("\x00", "").strip()


def checked(text: str, files: Sequence[UUID | str], *, speaks_for_itself: bool = False) -> str:
    """The text as it is kept. Raises Invalid when it is empty or too long, or when there are too many files."""
    text = cleaned(text)
    if not text and not files and not speaks_for_itself:
        empty = _("Write something first.")
        raise Invalid(empty, fields={"text": empty})
    if len(text) > LONGEST:
        long = _("A message has at most %(most)d characters; this one has %(has)d. Send it in parts, or as a file.") % {
            "most": LONGEST, "has": len(text)}  # fmt: skip
        raise Invalid(long, fields={"text": long})
    if len(files) > FILES_AT_MOST:
        many = _("At most %(most)d files with one message.") % {"most": FILES_AT_MOST}
        raise Invalid(many, fields={"files": many})
    return text


def _is_too_fast(membership: Membership, now: datetime) -> bool:
    """Counted in the rows, so that every process and device counts the same."""
    # Of one person's last messages only so many can be among the conversation's last few hundred.
    recent = Message.objects.filter(
        conversation_id=membership.conversation_id,
        number__gt=membership.conversation.last_number - PER_MINUTE * 10,
        author_id=membership.person_id,
        sent_at__gt=now - timedelta(minutes=1),
        sent_at__lte=now,
    )
    return recent.count() >= PER_MINUTE


def is_a_flood(membership: Membership, now: datetime) -> bool:
    """Whether the families of a thread have written so much in an hour, with nothing from a teacher in between."""
    conversation = membership.conversation
    first = conversation.last_number - UNANSWERED + 1
    if membership.side != Side.FAMILY or conversation.kind != Conversation.Kind.FAMILY or first < 1:
        return False
    last = Message.objects.filter(conversation_id=conversation.pk, number__gte=first)
    staff = Membership.objects.filter(conversation_id=conversation.pk, side=Side.STAFF).values("person_id")
    since = now - timedelta(hours=1)
    return last.filter(number=first, sent_at__gt=since).exists() and not last.filter(author_id__in=staff).exists()


def _sent_before(posting: Posting, conversation: Conversation) -> Written | None:
    known = Message.objects.filter(
        conversation=conversation, author_id=posting.author_id, client_key=posting.client_key
    ).first()
    return Written(known.pk, known.number, False, conversation.uuid) if known is not None else None


@transaction.atomic
def _post_here(actor: Person, posting: Posting, files: Sequence[UUID]) -> Written:
    """In the caller's transaction, or with files, which are attached in the same one."""
    (outcome,) = write([posting])
    if isinstance(outcome, Trouble):
        raise outcome
    if files and outcome.is_new:
        files_of.attach(actor=actor, owner_kind=OWNER, owner_id=outcome.id, files=files)
    tell([outcome])
    return outcome
