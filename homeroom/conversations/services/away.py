"""The automatic line of somebody who is away: once for each family, in their own thread, and nowhere else."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import translation
from django.utils.translation import gettext as _

from homeroom.conversations.access import holding, switched_off
from homeroom.conversations.calm import aways_on
from homeroom.conversations.models import Away, AwayAnswer, Conversation, Membership, Message, Side
from homeroom.conversations.writer import tell
from homeroom.conversations.writing import Posting, Written, write
from homeroom.kit.ids import new_id
from homeroom.people.public import labels
from homeroom.school.models import School

from .reading import unread_kept

Kind = Conversation.Kind


def answer_for_the_away(*, now: datetime) -> int:
    """Tell each family that has written to somebody who is away; returns how many were told.

    A family is told once in a time away, whoever of it writes. Only what a family wrote is answered, so no automatic
    line answers another; the rows hold that, so any number of processes may do this at once and be killed.
    """
    told = 0
    schools = School.objects.filter(
        ~Exists(switched_off("pk")), pk__in=Away.objects.filter(ends_on__gte=now.date()).values("school_id")
    )
    for school in schools:
        zone = ZoneInfo(school.time_zone)
        for away in aways_on(now.astimezone(zone).date()).filter(school=school).select_related("person"):
            since = max(datetime.combine(away.starts_on, time(), zone), away.made_at)
            for conversation in _waiting(away, since):
                told += _tell(away, conversation, now)
    return told


def _waiting(away: Away, since: datetime) -> list[Conversation]:
    """The threads of this teacher in which a family has written since, and was not told."""
    done = AwayAnswer.objects.filter(away=away, conversation_id=OuterRef("pk"))
    family = Membership.objects.filter(
        conversation_id=OuterRef("conversation_id"), person_id=OuterRef("author_id"), side=Side.FAMILY
    )
    written = Message.objects.filter(Exists(family), conversation_id=OuterRef("pk"), sent_at__gte=since)
    mine = Conversation.objects.filter(
        school_id=away.school_id, kind__in=[Kind.FAMILY, Kind.PUPIL], teacher_id=away.person_id,
        last_message_at__gte=since,
    )  # fmt: skip
    return list(mine.filter(Exists(written), ~Exists(done)))


def _tell(away: Away, conversation: Conversation, now: datetime) -> int:
    try:
        with transaction.atomic():
            return _told(away, conversation, now)
    except IntegrityError:  # another process was quicker
        return 0


def _told(away: Away, conversation: Conversation, now: datetime) -> int:
    place = Membership.objects.filter(holding(now), conversation=conversation, person_id=away.person_id)
    if not place.filter(can_speak=True).exists():
        return 0
    with translation.override(settings.LANGUAGE_CODE):  # no reader is there whose language it could have
        text = _line(away)
    posting = Posting(
        conversation_id=conversation.pk, membership_version=conversation.membership_version,
        school_id=conversation.school_id, author_id=away.person_id, text=text, client_key=new_id(), sent_at=now,
    )  # fmt: skip
    with unread_kept(conversation.pk, away.person_id):
        (written,) = write([posting])
    if not isinstance(written, Written):
        return 0
    Message.objects.filter(pk=written.id).update(automatic=True)
    AwayAnswer.objects.create(away=away, conversation=conversation, message_id=written.id, told_at=now)
    tell([written])
    return 1


def _line(away: Away) -> str:
    if away.substitute_id is None:
        return away.text
    name = labels([away.substitute_id], on=away.starts_on).get(away.substitute_id, "")
    return f"{away.text}\n{_('Meanwhile please turn to %(name)s.') % {'name': name}}" if name else away.text
