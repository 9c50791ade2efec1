"""Threads in which a family waits for an answer, for somebody who answers them in one sitting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Greatest

from homeroom.people.models import Person
from homeroom.people.public import current_classes, labels

from . import access, markup, queries
from .models import Conversation, Membership, Message, ScheduledMessage, Side

Kind = Conversation.Kind
AT_MOST = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """A thread whose last word is the family's."""

    conversation: Conversation
    membership: Membership
    title: str
    note: str
    since: datetime  # of the first message without an answer
    line: str  # its beginning


def waiting_threads(person: Person, *, now: datetime) -> list[Waiting]:
    """The person's family threads that want an answer, who has waited longest first; four statements, or six.

    An automatic line is no answer; one that is scheduled, or "no answer needed", is. Marks on a message are not asked
    for: a thumb for a question leaves the family waiting.
    """
    staff = Membership.objects.filter(
        conversation_id=OuterRef("conversation_id"), person_id=OuterRef("author_id"), side=Side.STAFF
    )
    said = Message.objects.filter(conversation_id=OuterRef("conversation_id"))
    answered = said.filter(Exists(staff), automatic=False).order_by("-number").values("number")[:1]
    open_from = Greatest(Coalesce(Subquery(answered), 0), F("conversation__settled_number"), F("since_number"))
    scheduled = ScheduledMessage.objects.filter(
        conversation_id=OuterRef("conversation_id"), author=person, sent_at__isnull=True, cancelled_at__isnull=True,
        refused_at__isnull=True,
    )  # fmt: skip
    first = said.filter(~Exists(staff), number__gt=OuterRef("open_from"), withdrawn_at__isnull=True).order_by("number")
    rows = (
        access.memberships_of(person, now=now)
        .filter(
            Q(conversation__kind=Kind.FAMILY) | Q(conversation__kind=Kind.PUPIL),
            side=Side.STAFF, can_speak=True, conversation__last_number__gt=F("since_number"),
        )
        .annotate(open_from=open_from)
        .filter(~Exists(scheduled), conversation__last_number__gt=F("open_from"))
        .annotate(first_id=Subquery(first.values("pk")[:1]), waits_since=Subquery(first.values("sent_at")[:1]))
        .filter(first_id__isnull=False)
        .select_related("conversation__student", "conversation__teacher")
        .order_by("waits_since", "pk")[:AT_MOST]
    )  # fmt: skip
    found = list(rows)
    if not found:
        return []
    messages = Message.objects.in_bulk([row.first_id for row in found])
    names = labels({row.conversation.teacher_id for row in found if row.conversation.teacher_id})
    classes = current_classes([row.conversation.student_id for row in found if row.conversation.student_id])
    made = []
    for row in found:
        title, child, note = queries.titles(row.conversation, row, names, classes)
        message = messages[row.first_id]
        line = markup.one_line(message.text)
        made.append(Waiting(row.conversation, row, title, child or note, message.sent_at, line))
    return made


def count_waiting(person: Person, *, now: datetime) -> int:
    """How many wait; what a page shows that is open already."""
    return len(waiting_threads(person, now=now))
