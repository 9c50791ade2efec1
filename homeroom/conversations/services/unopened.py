"""Telling people over their ways outside that messages wait: a chat nobody has open must still reach the family.

What was not read within a while becomes one item of delivery, by its reader's wishes and quiet hours. It says that
somebody wrote, never what. Reading the conversation is reading the item.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from homeroom.conversations import queries
from homeroom.conversations.access import holding, switched_off
from homeroom.conversations.hours import weekly_of
from homeroom.conversations.models import Conversation, Membership, Message, Nudge, Rhythm, Side
from homeroom.delivery.public import Asked, Category, Item, Level, mark_read, send_item
from homeroom.kit.access import SystemActor
from homeroom.kit.errors import NotVisible
from homeroom.school.public import Calendar

KIND = "messages"
UNREAD_FOR = timedelta(minutes=15)  # who has the page open reads sooner
NOT_AGAIN_WITHIN = timedelta(hours=12)  # while what was told of before is unread
LOOKED_BACK = timedelta(days=3)
CONVERSATIONS_AT_ONCE = 200
SETTLED_AT_ONCE = 500
SYSTEM = SystemActor("messages")


def tell_of_unopened(*, now: datetime) -> int:
    """Tell everybody for whom something waits unread; returns how many persons were told.

    Staff are told in their own working hours only. The same messages are told of once, however often this runs and
    wherever it is killed: an item and what it told of are one transaction.
    """
    places = _waiting(now).select_related("conversation__school").order_by("conversation_id", "side", "person_id")
    by_side: dict[tuple[int, str], list[Membership]] = defaultdict(list)
    for place in places:
        by_side[place.conversation_id, place.side].append(place)
    working = _Working(now)
    told = tried = 0
    for group in by_side.values():
        if tried == CONVERSATIONS_AT_ONCE:
            break
        reachable = [place for place in group if place.side == Side.FAMILY or working.now(place)]
        if reachable:
            tried += 1
            told += _tell(reachable, now)
    return told


def _waiting(now: datetime) -> QuerySet[Membership]:
    """The places of those with something unread of the other side that they were not told of."""
    nudge = Nudge.objects.filter(conversation_id=OuterRef("conversation_id"), person_id=OuterRef("person_id"))
    told = Coalesce(Subquery(nudge.values("told_number")), Value(0), output_field=BigIntegerField())
    lately = nudge.filter(told_at__gt=now - NOT_AGAIN_WITHIN, told_number__gt=OuterRef("read_number"))
    unread = Message.objects.filter(
        conversation_id=OuterRef("conversation_id"),
        number__gt=OuterRef("known"),
        sent_at__lte=now - UNREAD_FOR,
        withdrawn_at__isnull=True,
    ).exclude(author_id=OuterRef("person_id"))
    of_their_side = Membership.objects.filter(
        conversation_id=OuterRef("conversation_id"), person_id=OuterRef("author_id"), side=OuterRef(OuterRef("side"))
    )
    among_colleagues = Q(conversation__kind=Conversation.Kind.STAFF) & Exists(unread)
    return (
        Membership.objects.filter(
            holding(now),
            ~Exists(switched_off("conversation__school_id")),
            conversation__last_message_at__gt=now - LOOKED_BACK,
            conversation__last_number__gt=F("read_number"),
            person__account__isnull=False,
        )
        .annotate(known=Greatest(F("read_number"), F("since_number"), told))
        .filter(Exists(unread.filter(~Exists(of_their_side))) | among_colleagues, ~Exists(lately))
    )


class _Working:
    """Whether members of staff are at work, each school's calendar and hours read once."""

    def __init__(self, now: datetime) -> None:
        self.instant = now
        self._calendars: dict[int, Calendar] = {}
        self._own: dict[int, dict[int, Rhythm]] = {}

    def now(self, place: Membership) -> bool:
        school = place.conversation.school
        if school.pk not in self._calendars:
            self._calendars[school.pk] = Calendar.of(school)
            self._own[school.pk] = {rhythm.person_id: rhythm for rhythm in Rhythm.objects.filter(school=school)}
        rhythm = self._own[school.pk].get(place.person_id)
        weekly = weekly_of(rhythm.hours) if rhythm is not None else {}
        return self._calendars[school.pk].with_hours(weekly).is_working(self.instant)


@transaction.atomic
def _tell(places: Sequence[Membership], now: datetime) -> int:
    """One item for one side of one conversation."""
    place = places[0]
    conversation = Conversation.objects.select_for_update().select_related("school").get(pk=place.conversation_id)
    still = set(_waiting(now).filter(conversation=conversation).values_list("person_id", flat=True))
    persons = [place.person_id for place in places if place.person_id in still]
    if not persons:  # read, or told by another process, since it was looked up
        return 0
    with translation.override(settings.LANGUAGE_CODE):  # one item for readers of any language
        title, sender = _words(place)
    item = send_item(
        actor=SYSTEM,
        school=conversation.school,
        kind=KIND,
        source_id=conversation.pk,
        sender=None,
        sender_label=sender,
        title=title,
        lead="",
        link=reverse("conversations:thread", args=[conversation.uuid]),
        level=Level.READ,
        category=Category.TALK,
        recipients=[
            Asked(pk, None) for pk in persons
        ],  # of no child: its class teacher need not see who writes to whom
        now=now,
    )
    known: dict[str, Any] = {"told_number": conversation.last_number, "told_at": now, "item_id": item.pk}
    rows = [Nudge(conversation=conversation, person_id=pk, **known) for pk in persons]
    Nudge.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["conversation", "person"],
        update_fields=list(known),
    )  # fmt: skip
    return len(persons)


def _words(place: Membership) -> tuple[str, str]:
    """Title and sender of the item, as this side of the conversation knows them."""
    conversation = place.conversation
    if conversation.kind in {Conversation.Kind.CHANNEL, Conversation.Kind.STAFF}:
        name, _child, note = queries.titles_of(place)
        return _("New messages in “%(name)s”") % {"name": name}, note
    same_side = Membership.objects.filter(conversation=conversation, side=place.side).values("person_id")
    said = conversation.messages.filter(withdrawn_at__isnull=True).exclude(author_id__in=same_side)
    newest = said.latest("number")
    who = queries.speakers(conversation, [newest.author_id])[newest.author_id]
    return _("%(name)s has written to you") % {"name": who}, who


def settle_opened(*, now: datetime) -> int:
    """Mark the items read whose messages were read in the conversation itself; returns how many.

    Somebody who is no longer in the conversation cannot read it: their item goes the same way.
    """
    place = Membership.objects.filter(
        holding(now), conversation_id=OuterRef("conversation_id"), person_id=OuterRef("person_id")
    )
    behind = place.filter(read_number__lt=OuterRef("told_number"))
    opened = list(
        Nudge.objects.filter(~Exists(behind), item_id__isnull=False).select_related("person__school")[:SETTLED_AT_ONCE]
    )
    items = Item.objects.in_bulk([nudge.item_id for nudge in opened])
    for nudge in opened:
        with transaction.atomic():
            if nudge.item_id in items:
                with suppress(NotVisible):
                    mark_read(actor=nudge.person, item=items[nudge.item_id], now=now)
            Nudge.objects.filter(pk=nudge.pk, item_id=nudge.item_id).update(item_id=None)
    return len(opened)
