"""When somebody answers: a teacher's own hours, the school's duty roster, and times away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.conversations import access, hours
from homeroom.conversations.models import Away, Conversation, DutyShift, Rhythm
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person
from homeroom.people.public import normal_phone
from homeroom.school.public import Spans, fits

from .following import follow_roster
from .posting import cleaned

LONGEST_AWAY = 500  # characters
DAYS_AT_MOST = 366


@transaction.atomic
def set_own_hours(*, actor: Person, weekly: Mapping[int, Spans]) -> None:
    """When the actor answers, instead of the school's hours; an empty plan goes back to the school's.

    Raises NotAllowed for who has no duty, Invalid when spans overlap or end before they start.
    """
    require(access.can_keep_hours(actor))
    wrong = {weekday for weekday, spans in weekly.items() if weekday not in range(7) or not fits(spans)}
    if wrong:
        text = _("A span must end after it starts, and two must not overlap.")
        raise Invalid(text, fields={f"day{weekday}": text for weekday in sorted(wrong)})
    kept = hours.stored(weekly)
    Rhythm.objects.update_or_create(
        person=actor, defaults={"hours": kept}, create_defaults={"school_id": actor.school_id, "hours": kept}
    )
    audit.record(actor=actor, action="conversations.hours_set", target=actor, days=len(kept))


def _days(starts_on: date | None, ends_on: date | None, today: date) -> tuple[dict[str, str | Promise], date, date]:
    fields: dict[str, str | Promise] = {}
    first, last = starts_on or today, ends_on or starts_on or today
    if starts_on is None:
        fields["starts_on"] = _("Enter the first day.")
    elif last < first or (last - first).days >= DAYS_AT_MOST:
        fields["ends_on"] = _("The last day is before the first, or too far away.")
    elif last < today:
        fields["ends_on"] = _("This is over already.")
    return fields, first, last


@transaction.atomic
def add_shift(
    *, actor: Person, person: Person, phone: str, takes_messages: bool, starts_on: date | None, ends_on: date | None,
    now: datetime,
) -> DutyShift:  # fmt: skip
    """Put a member of staff on duty for these days; families who cannot wait get the phone number.

    With `takes_messages` every family may write to them while the shift lasts. Raises NotAllowed, or Invalid for what
    was entered.
    """
    require(access.can_keep_duty(actor, person.school_id))
    fields, first, last = _days(starts_on, ends_on, actor.today)
    number = phone.strip()
    if not number or (not normal_phone(number) and not all(letter in "0123456789-+ " for letter in number)):
        fields["phone"] = _("This is not a phone number.")
    if not person.is_staff_member:
        fields["person"] = _("Only staff can be on duty.")
    there = DutyShift.objects.filter(school_id=person.school_id, person=person)
    if not fields and there.filter(starts_on__lte=last, ends_on__gte=first).exists():
        fields["starts_on"] = _("This person is on duty then already.")
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    shift = DutyShift.objects.create(
        school_id=person.school_id, person=person, phone=number[:30], takes_messages=takes_messages,
        starts_on=first, ends_on=last,
    )  # fmt: skip
    _duty_moved(person, now)
    audit.record(
        actor=actor, action="duty.added", target=shift, school_id=shift.school_id, person=person.pk,
        starts_on=str(first), ends_on=str(last),
    )  # fmt: skip
    return shift


@transaction.atomic
def remove_shift(*, actor: Person, shift: DutyShift, now: datetime) -> None:
    """Take somebody off duty; who wrote to them because of it can read the conversation, and no more write there."""
    require(access.can_keep_duty(actor, shift.school_id))
    audit.record(actor=actor, action="duty.removed", target=shift, school_id=shift.school_id, person=shift.person_id)
    person = shift.person
    shift.delete()
    _duty_moved(person, now)


def _duty_moved(person: Person, now: datetime) -> None:
    threads = Conversation.objects.filter(
        school_id=person.school_id, kind=Conversation.Kind.FAMILY, teacher_id=person.pk
    )
    if rows := list(threads):
        follow_roster(rows, now=now)


@transaction.atomic
def set_away(
    *, actor: Person, starts_on: date | None, ends_on: date | None, text: str, substitute: Person | None, now: datetime,
    away: Away | None = None,
) -> Away:  # fmt: skip
    """The actor does not answer on these days; each family that writes is told `text` once.

    `away` is one of the actor's own that is changed: who was told already is not told again. Raises NotAllowed, or
    Invalid for the days, the text or the substitute.
    """
    require(access.can_keep_hours(actor))
    fields, first, last = _days(starts_on, ends_on, actor.today)
    text = cleaned(text)
    if not text:
        fields["text"] = _("Write what families are told.")
    elif len(text) > LONGEST_AWAY:
        fields["text"] = _("At most %(most)d characters.") % {"most": LONGEST_AWAY}
    if substitute is not None and (substitute.pk == actor.pk or not substitute.is_staff_member):
        fields["substitute"] = _("Choose a colleague.")
    others = Away.objects.filter(person=actor).exclude(pk=away.pk if away is not None else 0)
    if not fields and others.filter(starts_on__lte=last, ends_on__gte=first).exists():
        fields["starts_on"] = _("You have entered an absence for these days already.")
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    row = away or Away(school_id=actor.school_id, person=actor, made_at=now)
    row.starts_on, row.ends_on, row.text, row.substitute = first, last, text, substitute
    row.save()
    audit.record(
        actor=actor, action="away.set", target=row, school_id=row.school_id, starts_on=str(first), ends_on=str(last)
    )
    return row


@transaction.atomic
def end_away(*, actor: Person, away: Away) -> None:
    """Be back: an absence that has begun ends yesterday, one that has not is removed."""
    require(access.can_keep_hours(actor))
    audit.record(actor=actor, action="away.ended", target=away, school_id=away.school_id)
    if away.starts_on >= actor.today:
        away.delete()
    else:
        away.ends_on = actor.today - timedelta(days=1)
        away.save(update_fields=["ends_on"])
