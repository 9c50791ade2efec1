"""Beginning a conversation, and the school's rules for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.conversations import access, roster
from homeroom.conversations.events import ConversationOpened
from homeroom.conversations.models import Conversation, HouseRules, Membership
from homeroom.eventlog.public import announce
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person
from homeroom.people.public import normal_phone
from homeroom.school.models import Grade, School, SchoolClass

from .following import follow_roster

Kind = Conversation.Kind


@transaction.atomic
def open_family_thread(*, actor: Person, student: Person, teacher: Person, now: datetime) -> Conversation:
    """The thread of the child's family with one teacher, begun when there is none.

    Raises NotVisible for who has no part in the child, NotAllowed when the teacher does not teach it.
    """
    there = Conversation.objects.filter(school_id=actor.school_id, kind=Kind.FAMILY, student=student, teacher=teacher)
    known = there.filter(memberships__person=actor, memberships__left_at__isnull=True).first()
    if known is not None:
        access.membership_in(actor, known, now=now)
        return known
    require(access.can_open_thread(actor, student, teacher))
    thread, made = Conversation.objects.get_or_create(
        school_id=actor.school_id, kind=Kind.FAMILY, student=student, teacher=teacher, defaults={"opened_at": now}
    )
    return _opened(actor, thread, now, made=made)


@transaction.atomic
def open_pupil_thread(*, actor: Person, teacher: Person, now: datetime) -> Conversation:
    """The pupil's own thread with one of their teachers, begun when there is none; guardians come in by stage.

    Raises NotVisible for who is no pupil, NotAllowed when the teacher does not teach them or the school has none.
    """
    there = Conversation.objects.filter(school_id=actor.school_id, kind=Kind.PUPIL, student=actor, teacher=teacher)
    known = there.filter(memberships__person=actor, memberships__left_at__isnull=True).first()
    if known is not None:
        access.membership_in(actor, known, now=now)
        return known
    require(access.can_open_pupil_thread(actor, teacher))
    thread, made = Conversation.objects.get_or_create(
        school_id=actor.school_id, kind=Kind.PUPIL, student=actor, teacher=teacher, defaults={"opened_at": now}
    )
    return _opened(actor, thread, now, made=made)


@transaction.atomic
def open_channel(*, actor: Person, school_class: SchoolClass, now: datetime) -> Conversation:
    """The channel of a class, begun when there is none. Raises NotAllowed."""
    require(access.can_open_channel(actor, school_class.pk))
    channel, made = Conversation.objects.get_or_create(
        school_id=actor.school_id, kind=Kind.CHANNEL, school_class=school_class,
        defaults={
            "opened_at": now,
            "read_first": HouseRules.objects.filter(school_id=actor.school_id, read_first=True).exists(),
        },
    )  # fmt: skip
    return _opened(actor, channel, now, made=made)


@transaction.atomic
def open_staff_room(*, actor: Person, grade: Grade | None, now: datetime) -> Conversation:
    """The staff room of the school, or of one grade, begun when there is none. Raises NotAllowed."""
    require(access.can_open_room(actor, grade.pk if grade is not None else None))
    room, made = Conversation.objects.get_or_create(
        school_id=actor.school_id, kind=Kind.STAFF, grade=grade, defaults={"opened_at": now}
    )
    return _opened(actor, room, now, made=made)


def _opened(actor: Person, conversation: Conversation, now: datetime, *, made: bool) -> Conversation:
    follow_roster([conversation], now=now)
    if made:
        members = Membership.objects.filter(conversation=conversation, left_at__isnull=True)
        audit.record(actor=actor, action="conversation.opened", target=conversation, kind=conversation.kind)
        announce(
            ConversationOpened(
                school_id=conversation.school_id,
                conversation_id=conversation.pk,
                person_ids=frozenset(members.values_list("person_id", flat=True)),
            )
        )
    return conversation


@transaction.atomic
def change_rules(
    *, actor: Person, school: School, open_replies: bool, duty_phone: str, now: datetime,
    pupil_threads: Mapping[str, str] | None = None, read_first: bool = False,
) -> None:  # fmt: skip
    """Whether families may answer openly in class channels (with `read_first` after a moderator), whom they
    ring when it cannot wait, and by stage what
    guardians may in pupils' own threads (None: as it was).

    Raises NotAllowed, or Invalid for the phone number or an unknown choice.
    """
    require(access.can_change_rules(actor, school.pk))
    number = duty_phone.strip()
    if number and not normal_phone(number) and not all(letter in "0123456789-+ " for letter in number):
        wrong = _("This is not a phone number.")
        raise Invalid(wrong, fields={"duty_phone": wrong})
    values: dict[str, Any] = {"open_replies": open_replies, "duty_phone": number[:30], "read_first": read_first}
    if pupil_threads is not None:
        if not set(pupil_threads.values()) <= {roster.SPEAK, roster.READ, roster.NONE, roster.OFF}:
            unknown = _("Choose one of the offered ways.")
            raise Invalid(unknown, fields={"pupil_threads": unknown})
        values["pupil_threads"] = {stage: part for stage, part in pupil_threads.items() if stage in school.stages}
    HouseRules.objects.update_or_create(school=school, defaults=values)
    audit.record(
        actor=actor, action="conversations.rules_changed", target=school, school_id=school.pk,
        open_replies=open_replies, duty_phone=bool(number), read_first=read_first,
        pupil_threads=values.get("pupil_threads"),
    )  # fmt: skip
    Conversation.objects.filter(school=school, kind=Kind.CHANNEL).exclude(read_first=read_first).update(
        read_first=read_first, membership_version=F("membership_version") + 1
    )
    follow_roster(Conversation.objects.filter(school=school, kind__in=[Kind.CHANNEL, Kind.PUPIL]), now=now)
