"""Conversations as JSON: what the page's outbox sends, and what other clients read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from ninja import Field, Query, Router, Schema, Status

from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people.models import Person
from homeroom.school.public import module_is_on

from . import access, queries, services
from .civil import Wish
from .finding import Asked, Found, find
from .models import Membership
from .talking import cited_or_none

router = Router()
Number = Annotated[int, Field(ge=0, lt=2**62)]


class Posted(Schema):
    text: str = ""
    wish: Wish = Wish.NONE
    plea: str = Field(default="", max_length=300)
    key: UUID | None = None
    quoted: UUID | None = None
    files: list[UUID] = Field(default=[], max_length=9)
    cites: str = Field(default="", max_length=80)  # notice:<uuid> and the like


class WrittenOut(Schema):
    number: int
    waits: bool = False  # for a moderator: it has no number yet


class ReadUpTo(Schema):
    number: int = Field(ge=0, lt=2**62)


class Text(Schema):
    text: str = Field(default="", max_length=20_000)


class Shows(Schema):
    is_on: bool


class ConversationOut(Schema):
    id: UUID
    kind: str
    title: str
    child: str
    note: str
    last: str
    last_number: int
    last_message_at: datetime | None
    unread: int
    can_speak: bool


class AskedFor(Schema):
    q: str = Field(default="", max_length=60)
    child: str = Field(default="", max_length=60)
    who: str = Field(default="", max_length=60)
    kind: str = Field(default="", max_length=7)
    since: date | None = Field(default=None, ge=date(2000, 1, 1), le=date(2200, 1, 1))
    until: date | None = Field(default=None, ge=date(2000, 1, 1), le=date(2200, 1, 1))


class HitOut(Schema):
    conversation: UUID
    number: int
    title: str
    child: str
    author: str
    text: str
    sent_at: datetime


class FoundOut(Schema):
    results: list[HitOut]
    before: int | None


class MessageOut(Schema):
    id: UUID
    number: int
    author: str
    is_mine: bool
    text: str
    sent_at: datetime
    edited_at: datetime | None
    withdrawn_by: str
    quoted: str
    files: list[str]


def _place(request: HttpRequest, uuid: UUID) -> tuple[Person, Membership]:
    person: Person = request.person  # type: ignore[attr-defined]
    _switched_on(person)
    return person, access.get_membership_for(person, uuid, now=timezone.now())


def _switched_on(person: Person) -> None:
    if not module_is_on(person.school_id, "conversations"):
        raise NotVisible


@router.get("/conversations", response=list[ConversationOut], operation_id="conversations_list")
def conversations(request: HttpRequest, only_unread: bool = False) -> list[dict[str, Any]]:
    """The reader's conversations, the newest message first; at most fifty."""
    person: Person = request.person  # type: ignore[attr-defined]
    _switched_on(person)
    return [
        {
            "id": entry.conversation.uuid,
            "kind": entry.conversation.kind,
            "title": entry.title,
            "child": entry.child,
            "note": entry.note,
            "last": entry.last,
            "last_number": entry.conversation.last_number,
            "last_message_at": entry.conversation.last_message_at,
            "unread": entry.unread,
            "can_speak": entry.membership.can_speak,
        }
        for entry in queries.inbox(person, now=timezone.now(), only_unread=only_unread)[: queries.INBOX_PAGE]
    ]


@router.get("/conversations/search", response=FoundOut, operation_id="conversations_search")
def search(request: HttpRequest, asked: Query[AskedFor], before: Number | None = None) -> dict[str, Any]:
    """The newest messages the reader may see that hold every word of `q`; `before` of an answer asks for the next."""
    person: Person = request.person  # type: ignore[attr-defined]
    _switched_on(person)
    wanted = Asked(**asked.dict())
    found = Found() if wanted.is_empty else find(person, wanted, now=timezone.now(), before=before)
    return {
        "results": [
            {
                "conversation": hit.message.conversation.uuid,
                "number": hit.message.number,
                "title": hit.title,
                "child": hit.child,
                "author": hit.author,
                "text": hit.message.text,
                "sent_at": hit.message.sent_at,
            }
            for hit in found.hits
        ],
        "before": found.before,
    }


@router.get("/conversations/{uuid}/messages", response=list[MessageOut], operation_id="conversations_messages")
def messages(request: HttpRequest, uuid: UUID, after: Number | None = None, before: Number | None = None) -> list[Any]:
    """Messages above `after`, or the newest below `before`, or the newest; at most forty, in order."""
    _person, membership = _place(request, uuid)
    page = queries.thread(membership, now=timezone.now(), after=after, before=before)
    return [
        {
            "id": one.message.uuid,
            "number": one.message.number,
            "author": one.author,
            "is_mine": one.mine,
            "text": "" if one.message.withdrawn_at else one.message.text,
            "sent_at": one.message.sent_at,
            "edited_at": one.message.edited_at,
            "withdrawn_by": one.withdrawn_by,
            "quoted": one.quote.text if one.quote else "",
            "files": [file.url for file in one.files],
        }
        for one in page.messages
    ]


@router.post(
    "/conversations/{uuid}/messages", response={200: WrittenOut, 201: WrittenOut}, operation_id="conversations_post"
)
def post(request: HttpRequest, uuid: UUID, body: Posted) -> Status[dict[str, int]]:
    """Send a message under a key of the client's own: the header `Idempotency-Key`, or `key` of the body.

    The same key again answers 200 with the number the message has.
    """
    person, membership = _place(request, uuid)
    try:
        key = body.key or UUID(request.headers.get("Idempotency-Key", ""))
    except ValueError:
        raise Invalid(_("The header Idempotency-Key must be a UUID.")) from None
    written = services.post_message(
        actor=person, conversation=membership.conversation, text=body.text, client_key=key,
        now=timezone.now(), quoted=body.quoted, files=body.files, wish=body.wish, plea=body.plea,
        cites=cited_or_none(body.cites),
    )  # fmt: skip
    return Status(201 if written.is_new else 200, {"number": written.number, "waits": written.waits})


@router.post("/conversations/{uuid}/read", response={204: None}, operation_id="conversations_read")
def read(request: HttpRequest, uuid: UUID, body: ReadUpTo) -> Status[None]:
    """The reader has read up to this number."""
    person, membership = _place(request, uuid)
    services.mark_read(actor=person, membership=membership, number=body.number)
    return Status(204, None)


@router.post("/conversations/presence", response={204: None}, operation_id="conversations_presence")
def show_presence(request: HttpRequest, body: Shows) -> Status[None]:
    """Whether others see that the reader is here and typing, and the reader them."""
    person: Person = request.person  # type: ignore[attr-defined]
    _switched_on(person)
    services.show_presence(actor=person, is_on=body.is_on)
    return Status(204, None)


@router.post("/conversations/{uuid}/draft", response={204: None}, operation_id="conversations_draft")
def draft(request: HttpRequest, uuid: UUID, body: Text) -> Status[None]:
    """Keep what the reader has begun to write."""
    person, membership = _place(request, uuid)
    services.save_draft(actor=person, membership=membership, text=body.text, now=timezone.now())
    return Status(204, None)
