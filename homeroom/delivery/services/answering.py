"""What a recipient does with an item. The same again changes nothing and is no error: an outbox may send twice."""

# ruff: noqa: S610  (the text is constant; every value is a parameter)
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.delivery import access, hints
from homeroom.delivery.events import ItemDone, ItemRead, ItemReplied, ItemSnoozed, ItemSurfaced, Pairs
from homeroom.delivery.models import HouseholdRule, Item, Level, Recipient, Reply, Signature
from homeroom.delivery.sql import ids
from homeroom.eventlog.public import announce
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible, Stale
from homeroom.people.models import Person
from homeroom.people.public import label

LONGEST_REPLY = 2_000
LONGEST_SNOOZE = timedelta(days=14)


def mark_delivered(*, person: Person, item_ids: Collection[int], now: datetime) -> int:
    """Note that these items reached a device or page of `person`; returns copies that had not before."""
    if not item_ids:
        return 0
    waiting = Recipient.objects.filter(person_id=person.pk, item_id__in=list(item_ids), delivered_at__isnull=True)
    return waiting.update(delivered_at=now, sent_at=_or_now(F("sent_at"), now))


def _or_now(column: F, now: datetime) -> Any:
    from django.db.models import DateTimeField, Value
    from django.db.models.functions import Coalesce

    return Coalesce(column, Value(now, output_field=DateTimeField()))


@transaction.atomic
def mark_read(*, actor: Person, item: Item, now: datetime) -> bool:
    """Note that `actor` opened the item: on all their copies, seen by all their devices. True the first time.

    For an item that only asks to be read this is doing it.
    """
    copies = _lock(access.visible_copies(actor, on=access.school_day(now, actor)).filter(item_id=item.pk), item)
    unread = [copy for copy in copies if copy.read_at is None]
    if not copies:
        raise NotVisible
    if not unread:
        return False
    Recipient.objects.filter(pk__in=[copy.pk for copy in unread]).update(
        read_at=now, delivered_at=_or_now(F("delivered_at"), now), sent_at=_or_now(F("sent_at"), now)
    )
    if item.level == Level.READ:
        _done(actor, item, [copy for copy in unread if copy.done_at is None], now)
    announce(ItemRead(school_id=item.school_id, item_id=item.pk, _pairs=((actor.pk, 0),)))
    hints.counts_moved(item)
    return True


@transaction.atomic
def confirm(
    *,
    actor: Person,
    item: Item,
    now: datetime,
    student_ids: Collection[int] | None = None,
    text_version: int | None = None,
) -> int:
    """Confirm for these children (None: all this person is asked about). Returns copies newly confirmed.

    Raises NotAllowed when the guardian may not confirm for a child, or the item asks for more than a confirmation;
    Stale when `text_version` is given and the text was corrected since; Invalid when it was recalled.
    """
    copies = _answerable(actor, item, student_ids, text_version, now)
    if item.level not in {Level.CONFIRM, Level.READ}:
        raise NotAllowed(_("This asks for a signature.") if item.level == Level.SIGN else _("This asks for a reply."))
    _require_right(actor, copies, student_ids, now, lambda rights: rights.may_confirm, _MAY_NOT_CONFIRM)
    todo = [copy for copy in copies if copy.confirmed_at is None or copy.done_at is None]
    if not todo:
        return 0
    Recipient.objects.filter(pk__in=[copy.pk for copy in todo]).update(confirmed_at=now)
    _finish(actor, item, todo, now, "item.confirmed")
    return len(todo)


@transaction.atomic
def sign(
    *,
    actor: Person,
    item: Item,
    now: datetime,
    student_ids: Collection[int] | None = None,
    typed_name: str = "",
    strokes: Sequence[Any] = (),
    text_version: int,
) -> int:
    """Sign for these children under one version of the text, with a typed name or drawn strokes.

    A typed name must be the guardian's own, as the school has it. Signing is never lent: a stand-in may not.
    Raises NotAllowed, Stale when the text was corrected since, Invalid for an empty or wrong signature.
    """
    copies = _answerable(actor, item, student_ids, text_version, now)
    if item.level != Level.SIGN:
        raise NotAllowed(_("This does not ask for a signature."))
    _require_right(actor, copies, student_ids, now, lambda rights: rights.may_sign, _MAY_NOT_SIGN)
    drawn = clean_strokes(strokes)
    typed_name = " ".join(typed_name.split())[:60]
    if not drawn and typed_name.replace(" ", "") != actor.name.replace(" ", ""):
        wrong = _("Type your own name as the school knows it: %(name)s.") % {"name": actor.name}
        raise Invalid(wrong, fields={"typed_name": wrong})
    todo = [copy for copy in copies if copy.done_at is None or copy.done_version != item.text_version]
    if not todo:
        return 0
    Signature.objects.bulk_create(
        [
            Signature(
                recipient=copy, text_version=item.text_version, typed_name=typed_name, strokes=drawn, signed_at=now
            )
            for copy in todo
        ],
        ignore_conflicts=True,
    )
    Recipient.objects.filter(pk__in=[copy.pk for copy in todo]).update(signed_at=now)
    _finish(actor, item, todo, now, "item.signed", drawn=bool(drawn), text_version=item.text_version)
    return len(todo)


@transaction.atomic
def reply(
    *, actor: Person, item: Item, text: str, now: datetime, student_id: int | None = None, key: str | None = None
) -> Reply:
    """Write to the staff behind an item; other families never see it. `key` makes a repeated sending harmless.

    Raises Invalid for an empty or over-long text, or a recalled item.
    """
    chosen = None if student_id is None else {student_id}
    copies = _answerable(actor, item, chosen, None, now)
    text = text.strip()
    if not text:
        empty = _("Write your reply first.")
        raise Invalid(empty, fields={"text": empty})
    if len(text) > LONGEST_REPLY:
        long = _("A reply can have at most %(n)d characters.") % {"n": LONGEST_REPLY}
        raise Invalid(long, fields={"text": long})
    if key:
        known = Reply.objects.filter(author_id=actor.pk, key=key[:40]).first()
        if known is not None:
            return known
    line = Reply.objects.create(
        school_id=item.school_id,
        item=item,
        person=actor,
        student_id=student_id,
        author=actor,
        author_label=label(actor)[:80],
        text=text,
        written_at=now,
        key=key[:40] if key else None,
    )
    Recipient.objects.filter(pk__in=[copy.pk for copy in copies], replied_at__isnull=True).update(replied_at=now)
    if item.level == Level.REPLY:
        rights = access.rights_of(actor, _students(copies), on=access.school_day(now, actor))
        may = [c for c in copies if c.student_id is None or rights[c.student_id].may_confirm]
        _finish(actor, item, [copy for copy in may if copy.done_at is None], now, "item.replied")
    else:
        _read_too(copies, now)
    watchers = {actor.pk} | ({item.sender_id} if item.sender_id else set())
    announce(
        ItemReplied(
            school_id=item.school_id,
            item_id=item.pk,
            reply_id=line.pk,
            author_id=actor.pk,
            _pairs=tuple((person_id, 0) for person_id in sorted(watchers)),
        )
    )
    hints.counts_moved(item)
    return line


@transaction.atomic
def answer_reply(
    *, actor: Person, item: Item, person: Person, text: str, now: datetime, key: str | None = None
) -> Reply:
    """Staff answer one family member's lines about an item; all of that talk counts as answered."""
    require(access.can_answer(actor, item))
    text = text.strip()
    if not text or len(text) > LONGEST_REPLY:
        wrong = _("Write between 1 and %(n)d characters.") % {"n": LONGEST_REPLY}
        raise Invalid(wrong, fields={"text": wrong})
    talk = Reply.objects.filter(item=item, person=person)
    first = talk.first()
    if first is None:
        raise NotVisible
    if key:
        known = Reply.objects.filter(author_id=actor.pk, key=key[:40]).first()
        if known is not None:
            return known
    line = Reply.objects.create(
        school_id=item.school_id,
        item=item,
        person=person,
        student_id=first.student_id,
        author=actor,
        author_label=label(actor)[:80],
        text=text,
        written_at=now,
        answered_at=now,
        key=key[:40] if key else None,
    )
    talk.filter(answered_at__isnull=True).update(answered_at=now)
    audit.record(actor=actor, action="item.reply_answered", target=item)
    heard = {actor.pk} | ({person.pk} if access.can_see(person, item, now=now) else set())
    announce(
        ItemReplied(
            school_id=item.school_id,
            item_id=item.pk,
            reply_id=line.pk,
            author_id=actor.pk,
            _pairs=tuple((person_id, 0) for person_id in sorted(heard)),
        )
    )
    return line


@transaction.atomic
def need_no_answer(*, actor: Person, item: Item, person: Person, now: datetime) -> int:
    """Staff say that a family's lines need no answer. Returns lines closed."""
    require(access.can_answer(actor, item))
    closed = Reply.objects.filter(item=item, person=person, answered_at__isnull=True).update(answered_at=now)
    if closed:
        audit.record(actor=actor, action="item.reply_closed", target=item)
    return closed


@transaction.atomic
def snooze(*, actor: Person, item: Item, until: datetime, reason: str, now: datetime) -> None:
    """Put the item away until a time; it comes back as new. An emergency cannot be put away.

    Raises Invalid for a time in the past, more than a fortnight away, or later than the deadline.
    """
    copies = _answerable(actor, item, None, None, now)
    if item.priority == "emergency":
        raise Invalid(_("An emergency cannot be put away."))
    wrong = None
    if until <= now:
        wrong = _("This time has already passed.")
    elif until > now + LONGEST_SNOOZE:
        wrong = _("At most two weeks.")
    elif item.deadline_at and now < item.deadline_at < until:
        wrong = _("This is later than the deadline.")
    if wrong:
        raise Invalid(wrong, fields={"until": wrong})
    Recipient.objects.filter(pk__in=[copy.pk for copy in copies]).update(
        snoozed_until=until, snooze_reason=reason[:20], surfaces_at=until
    )
    announce(ItemSnoozed(school_id=item.school_id, item_id=item.pk, _pairs=((actor.pk, 0),)))


@transaction.atomic
def unsnooze(*, actor: Person, item: Item, now: datetime) -> None:
    """Bring an item back before its time."""
    copies = access.visible_copies(actor, on=access.school_day(now, actor)).filter(item_id=item.pk)
    if copies.filter(snoozed_until__isnull=False).update(snoozed_until=None, snooze_reason="", surfaces_at=now):
        announce(ItemSurfaced(school_id=item.school_id, item_id=item.pk, _pairs=((actor.pk, 0),)))


# --- shared steps

_MAY_NOT_CONFIRM = _("The school has noted that another guardian confirms for this child. You can read this.")
_MAY_NOT_SIGN = _("Only a guardian who may sign for this child can sign this.")


def _lock(copies: QuerySet[Recipient], item: Item) -> list[Recipient]:
    """The copies, locked on PostgreSQL in the order of their ids (SQLite's transaction is the lock).

    Where one guardian settles for all, the other guardians' copies are locked with them: two who answer in the same
    moment must not wait for each other.
    """
    own = set(copies.values_list("pk", "student_id"))
    household = Q(pk__in=[pk for pk, _student in own])
    students = {student_id for _pk, student_id in own if student_id is not None}
    if item.household_rule == HouseholdRule.ANY and students:
        household |= Q(item_id=item.pk, student_id__in=students)
    mine = {pk for pk, _student in own}
    return [copy for copy in Recipient.objects.select_for_update().filter(household).order_by("pk") if copy.pk in mine]


def _answerable(
    actor: Person, item: Item, student_ids: Collection[int] | None, text_version: int | None, now: datetime
) -> list[Recipient]:
    """The copies an answer is about. `item` is read again, so that a correction or recall just made is seen."""
    item.refresh_from_db(fields=["recalled_at", "text_version", "closed_at", "deadline_at"])
    if item.recalled_at is not None:
        raise Invalid(_("The sender has withdrawn this. Nothing needs to be done."))
    if text_version is not None and text_version != item.text_version:
        raise Stale(_("The text was corrected while you were reading. Please read it again first."))
    copies = access.visible_copies(actor, on=access.school_day(now, actor)).filter(item_id=item.pk)
    if student_ids is not None:
        copies = copies.filter(Q(student_id__in=list(student_ids)) | Q(student_id__isnull=True))
    found = _lock(copies, item)
    if not found or (student_ids is not None and set(student_ids) - _students(found)):
        raise NotVisible
    return found


def _students(copies: Iterable[Recipient]) -> set[int]:
    return {copy.student_id for copy in copies if copy.student_id is not None}


def _require_right(  # noqa: PLR0917  (one step of the services above)
    actor: Person, copies: list[Recipient], chosen: Collection[int] | None, now: datetime, allows: Any, refusal: Any
) -> None:
    """Keep the copies for which `actor` has the right today. Refuses when a chosen child, or all, is without."""
    rights = access.rights_of(actor, _students(copies), on=access.school_day(now, actor))
    without = [
        copy
        for copy in copies
        if copy.student_id is not None and not ((right := rights.get(copy.student_id)) and allows(right))
    ]
    if without and (chosen is not None or len(without) == len(copies)):
        raise NotAllowed(refusal)
    for copy in without:
        copies.remove(copy)


def _read_too(copies: Iterable[Recipient], now: datetime) -> None:
    """Whoever answers has read."""
    Recipient.objects.filter(pk__in=[copy.pk for copy in copies], read_at__isnull=True).update(
        read_at=now, delivered_at=_or_now(F("delivered_at"), now), sent_at=_or_now(F("sent_at"), now)
    )


def _finish(actor: Person, item: Item, copies: list[Recipient], now: datetime, action: str, **details: Any) -> None:
    _read_too(copies, now)
    _done(actor, item, copies, now)
    audit.record(
        actor=actor, action=action, target=item, students=sorted(_students(copies)), late=_is_late(item, now), **details
    )
    hints.counts_moved(item)


def _is_late(item: Item, now: datetime) -> bool:
    return item.deadline_at is not None and now > item.deadline_at


def _done(actor: Person, item: Item, copies: list[Recipient], now: datetime) -> None:
    """Mark these copies done, settle what the household rule settles, and tell everybody whose card changes."""
    if not copies:
        return
    mine = Recipient.objects.filter(pk__in=[copy.pk for copy in copies])
    mine.update(done_at=now, done_version=item.text_version, settled_at=now, snoozed_until=None, snooze_reason="")
    students = _students(copies)
    pairs: Pairs = ((actor.pk, 0),)
    if item.household_rule == HouseholdRule.ANY and students:
        others = Recipient.objects.filter(item_id=item.pk, student_id__in=students, settled_at__isnull=True)
        # Whoever was barred from a child since hears nothing of what others do about that child.
        theirs = access.still_theirs(others, on=access.school_day(now, actor))
        told = sorted(set(theirs.values_list("person_id", "student_id")))
        others.update(settled_at=now)
        pairs += tuple((person_id, student_id or 0) for person_id, student_id in told)
    announce(
        ItemDone(
            school_id=item.school_id,
            item_id=item.pk,
            person_id=actor.pk,
            student_ids=tuple(sorted(students)),
            _pairs=pairs,
        )
    )


MOST_STROKES, MOST_POINTS = 200, 4_000


def clean_strokes(strokes: Sequence[Any]) -> list[list[list[int]]]:
    """Strokes as drawn on a 600 × 200 sheet, as whole numbers inside it; empty when there is nothing to see.

    Raises Invalid for anything that is not lists of pairs of numbers, or is larger than a hand draws.
    """
    cleaned: list[list[list[int]]] = []
    points = 0
    try:
        for stroke in strokes:
            line = [[min(600, max(0, round(x))), min(200, max(0, round(y)))] for x, y in stroke]
            points += len(line)
            if len(line) > 1:
                cleaned.append(line)
            if len(cleaned) > MOST_STROKES or points > MOST_POINTS:
                raise Invalid(_("The drawing is too large. Please clear it and sign again."))
    except (TypeError, ValueError, OverflowError):
        raise Invalid(_("The drawing could not be read. Please clear it and sign again.")) from None
    drawn = [point for line in cleaned for point in line]
    if (
        drawn
        and max(x for x, _y in drawn)
        - min(x for x, _y in drawn)
        + (max(y for _x, y in drawn) - min(y for _x, y in drawn))
        < 30
    ):
        raise Invalid(_("This is too small to be a signature. Please sign larger."))
    return cleaned


def of_ids(copies: QuerySet[Recipient], values: Sequence[int]) -> QuerySet[Recipient]:
    """`copies` of these persons, in one statement for any number."""
    inside, parameters = ids(values)
    return copies.extra(where=[f"delivery_recipient.person_id IN {inside}"], params=parameters)
