"""JSON for pages' own scripts and for other clients: the same services as the forms. The feed itself is in hot.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router, Schema

from homeroom.kit.errors import Invalid
from homeroom.people.models import Person
from homeroom.people.requests import SignedInRequest

from . import access, hot, queries, services, showing
from .models import Item

router = Router()


class ActIn(Schema):
    version: int | None = None  # of the text that was read; a corrected text must be read again
    children: list[UUID] | None = None  # None: every child this person is asked about


class SignIn(ActIn):
    version: int
    typed_name: str = ""
    strokes: list[list[list[float]]] = []


class ReplyIn(Schema):
    text: str
    child: UUID | None = None


class SnoozeIn(Schema):
    until: str  # tonight, morning, weekend, or a time


class StateOut(Schema):
    asks: bool
    settled: bool
    read: bool
    did_at: datetime | None
    snoozed_until: datetime | None


class DoneOut(Schema):
    item: UUID
    said: str
    state: StateOut | None


class RemindIn(Schema):
    people: list[UUID] | None = None


class RemindedOut(Schema):
    people_reminded: int


def _did(request: SignedInRequest, item_id: UUID, act: Callable[[Item, datetime], str]) -> DoneOut:
    now = timezone.now()
    item = access.get_item_for(request.person, item_id, now=now)
    said = act(item, now)
    card = queries.card_of(request.person, item, now=now)
    state = None
    if card is not None:
        state = StateOut(
            asks=card.asks,
            settled=card.settled,
            read=card.read_at is not None,
            did_at=showing.did_at(card),
            snoozed_until=card.snoozed_until,
        )
    return DoneOut(item=item.uuid, said=said, state=state)


def _children(person: Person, uuids: list[UUID] | None) -> list[int] | None:
    if uuids is None:
        return None
    return list(Person.objects.filter(uuid__in=uuids, school_id=person.school_id).values_list("pk", flat=True))


@router.get("/feed", operation_id="feed")
def feed_page(
    request: SignedInRequest,
    only: str | None = None,
    before: str | None = None,
    limit: int = 20,
) -> HttpResponse:
    """One's inbox, new first. `only`: unread, read or a category; `before`: the `next` of the page before."""
    body = hot.plain_answer(request.person, request.META.get("QUERY_STRING", ""))
    if body is None:
        raise Invalid(_("This part of the inbox does not exist."))
    return HttpResponse(body, content_type="application/json; charset=utf-8")


@router.post("/items/{item_id}/read", response=DoneOut, operation_id="items_read")
def read(request: SignedInRequest, item_id: UUID) -> DoneOut:
    """Mark an item as read."""

    def act(item: Item, now: datetime) -> str:
        services.mark_read(actor=request.person, item=item, now=now)
        return _("Marked as read")

    return _did(request, item_id, act)


@router.post("/items/{item_id}/confirm", response=DoneOut, operation_id="items_confirm")
def confirm(request: SignedInRequest, item_id: UUID, body: ActIn) -> DoneOut:
    """Confirm for the chosen children."""

    def act(item: Item, now: datetime) -> str:
        chosen = _children(request.person, body.children)
        services.confirm(actor=request.person, item=item, student_ids=chosen, text_version=body.version, now=now)
        return _("Confirmed. Thank you.")

    return _did(request, item_id, act)


@router.post("/items/{item_id}/sign", response=DoneOut, operation_id="items_sign")
def sign(request: SignedInRequest, item_id: UUID, body: SignIn) -> DoneOut:
    """Sign for the chosen children."""

    def act(item: Item, now: datetime) -> str:
        services.sign(
            actor=request.person,
            item=item,
            student_ids=_children(request.person, body.children),
            typed_name=body.typed_name,
            strokes=body.strokes,
            text_version=body.version,
            now=now,
        )
        return _("Signed. Thank you.")

    return _did(request, item_id, act)


@router.post("/items/{item_id}/reply", response=DoneOut, operation_id="items_reply")
def reply(request: SignedInRequest, item_id: UUID, body: ReplyIn) -> DoneOut:
    """Write to the staff behind an item. `Idempotency-Key` makes a repetition harmless."""

    def act(item: Item, now: datetime) -> str:
        chosen = _children(request.person, [body.child] if body.child else None)
        services.reply(
            actor=request.person,
            item=item,
            text=body.text,
            student_id=chosen[0] if chosen else None,
            key=request.headers.get("Idempotency-Key"),
            now=now,
        )
        return _("Sent to the school. Other families do not see it.")

    return _did(request, item_id, act)


@router.post("/items/{item_id}/snooze", response=DoneOut, operation_id="items_snooze")
def snooze(request: SignedInRequest, item_id: UUID, body: SnoozeIn) -> DoneOut:
    """Put an item away until a time."""

    def act(item: Item, now: datetime) -> str:
        until, reason = snooze_until(request.person, body.until, now)
        services.snooze(actor=request.person, item=item, until=until, reason=reason, now=now)
        return said_until(until)

    return _did(request, item_id, act)


def snooze_until(person: Person, wanted: str, now: datetime) -> tuple[datetime, str]:
    """A choice by its name, or a time as a datetime-local field gives it; with the reason to store."""
    for choice in showing.snooze_choices(person, now=now):
        if choice.value == wanted:
            return choice.until, choice.value
    try:
        moment = datetime.fromisoformat(wanted)
    except ValueError:
        wrong = _("Choose a day and a time.")
        raise Invalid(wrong, fields={"at": wrong}) from None
    return (moment if moment.tzinfo else timezone.make_aware(moment)), "time"


def said_until(until: datetime) -> str:
    """What the page says after putting away."""
    return _("Put away until %(when)s") % {"when": timezone.localtime(until).strftime("%m-%d %H:%M")}


@router.post("/items/{item_id}/unsnooze", response=DoneOut, operation_id="items_unsnooze")
def unsnooze(request: SignedInRequest, item_id: UUID) -> DoneOut:
    """Bring an item back."""

    def act(item: Item, now: datetime) -> str:
        services.unsnooze(actor=request.person, item=item, now=now)
        return _("It is back in your feed")

    return _did(request, item_id, act)


@router.post("/items/{item_id}/reminders", response={201: RemindedOut}, operation_id="items_remind")
def remind_guardians(request: SignedInRequest, item_id: UUID, body: RemindIn) -> tuple[int, RemindedOut]:
    """Remind everyone, or these people, of whom the item still asks something."""
    item = access.get_overseen_item(request.person, item_id)
    reminded = services.remind_unfinished(
        actor=request.person, item=item, person_ids=_children(request.person, body.people), now=timezone.now()
    )
    return 201, RemindedOut(people_reminded=reminded)
