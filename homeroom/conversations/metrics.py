"""What is counted of conversations.

A message's row is its event, written once (a withdrawal leaves the row and a trace). An exchange is written once, when
the answer is there. Reading is one number on a membership and no event: it is not counted here.
"""

from __future__ import annotations

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from homeroom.people.models import Enrolment
from homeroom.semantics.public import Column, Fact, Grain, Kind, Metric, Unit

from .models import Conversation, Exchange, Membership, Message, Side

GUARDIANS = 5


def _messages() -> QuerySet[Message]:
    side = Membership.objects.filter(conversation_id=OuterRef("conversation_id"), person_id=OuterRef("author_id"))
    place = Enrolment.objects.filter(student_id=OuterRef("conversation__student_id"), ends_on__isnull=True)
    return Message.objects.annotate(
        side=Subquery(side.order_by("-pk").values("side")[:1]),
        class_of_child=Subquery(place.order_by("-pk").values("school_class_id")[:1]),
    )


MESSAGES = Fact(
    name="conversations.messages",
    label=_("Messages"),
    one_row=_("One message that was sent, also if it was withdrawn later."),
    grain=Grain.EVENTS,
    rows=_messages,
    happened="sent_at",
    columns={
        "sent_at": Column("sent_at", Kind.INSTANT),
        "withdrawn_at": Column("withdrawn_at", Kind.INSTANT),
        "author": Column("author_id"),
        "side": Column("side", Kind.CODE, frozenset(Side.values)),
        "conversation": Column("conversation_id"),
        "kind": Column("conversation__kind", Kind.CODE, frozenset(Conversation.Kind.values)),
        "student": Column("conversation__student_id"),
        "teacher": Column("conversation__teacher_id"),
        "school_class": Column("class_of_child"),
    },
    dimensions={
        "people.teacher": "teacher",
        "people.student": "student",
        "people.guardian": "author",
        "school.class": "school_class",
    },
)
EXCHANGES = Fact(
    name="conversations.exchanges",
    label=_("Answers to families"),
    one_row=_("One time that a family wrote and somebody of the school answered."),
    grain=Grain.EVENTS,
    rows=Exchange.objects.all,
    happened="answered_at",
    columns={
        "answered_at": Column("answered_at", Kind.INSTANT),
        "asked_at": Column("asked_at", Kind.INSTANT),
        "guardian": Column("guardian_id"),
        "teacher": Column("teacher_id"),
        "student": Column("student_id"),
        "school_class": Column("class_id"),
        "working_minutes": Column("working_minutes", Kind.WORKING_MINUTES),
    },
    dimensions={
        "people.teacher": "teacher",
        "people.student": "student",
        "people.guardian": "guardian",
        "school.class": "school_class",
    },
)
SENT = Metric(
    name="conversations.messages_sent",
    label=_("Messages between families and teachers"),
    meaning=_("How many messages were written in family threads, by both sides. Withdrawn ones were written too."),
    fact=MESSAGES,
    where='kind == "family"',
    expression="count(*)",
    unit=Unit.COUNT,
    synonyms=("消息数", "沟通次数", "沟通量"),
)
ACTIVE_GUARDIANS = Metric(
    name="conversations.active_guardians",
    label=_("Active guardians"),
    meaning=_(
        "How many different guardians wrote at least one message. Of two months or classes together it is counted anew."
    ),
    fact=MESSAGES,
    where='side == "family"',
    expression="count_distinct(author)",
    unit=Unit.COUNT,
    synonyms=("活跃家长数", "参与家长"),
)
ANSWERED_WITHIN = Metric(
    name="conversations.first_reply_time",
    label=_("Answer to a message, working time"),
    meaning=_(
        "Half of the messages of families that waited for an answer had one within this working time. Nights, weekends,"
        " holidays and breaks do not count, nor do messages nobody has answered yet. By the day of the answer."
    ),
    fact=EXCHANGES,
    expression="median(working_minutes)",
    unit=Unit.WORKING_MINUTES,
    synonyms=("消息回复时长", "回复用时"),
    smallest_group=GUARDIANS,
    group="guardian",
    more_is="worse",
)
METRICS = (SENT, ACTIVE_GUARDIANS, ANSWERED_WITHIN)
DECLARED = (MESSAGES, EXCHANGES, *METRICS)
