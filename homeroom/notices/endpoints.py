"""JSON for other clients: the same services as the pages."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone
from ninja import Field, Router, Schema, Status

from homeroom.delivery import public as delivery
from homeroom.groups.public import Audience
from homeroom.kit.access import require
from homeroom.kit.errors import NotVisible
from homeroom.kit.ids import new_id
from homeroom.people.requests import SignedInRequest
from homeroom.school.public import module_is_on

from . import access, queries, services
from .models import Notice

router = Router()


class PartIn(Schema):
    kind: str
    id: str = ""


class AudienceIn(Schema):
    any: list[PartIn] = []
    except_: list[PartIn] = Field(default=[], alias="except")
    pupils_too: bool = False


class DraftIn(Schema):
    title: str = ""
    text: str = Field("", description="Markup; everything but a few harmless tags is removed.")
    audience: AudienceIn = AudienceIn.model_validate({})
    category: str = delivery.Category.NOTICE
    level: str = delivery.Level.READ
    household_rule: str = delivery.HouseholdRule.ANY
    priority: str = delivery.Priority.ROUTINE
    reminders: str = Notice.Reminders.USUAL
    deadline_at: datetime | None = None
    fee_item: str = ""
    fee_amount: Decimal | None = None
    files: list[UUID] = []
    client_key: UUID | None = Field(None, description="The same key again is the same draft.")


class PublishIn(Schema):
    at: datetime | None = Field(None, description="Publish by itself then; now when it is left out.")


class NoticeOut(Schema):
    uuid: UUID
    state: str
    title: str
    category: str
    level: str
    audience: str
    deadline_at: datetime | None
    schedule_at: datetime | None
    published_at: datetime | None
    edition: int
    item: UUID | None


class ListedOut(NoticeOut):
    recipients: int
    read: int
    children: int
    settled: int


class ListOut(Schema):
    notices: list[ListedOut]
    next: int | None


class CountsOut(Schema):
    class_name: str | None
    recipients: int
    sent: int
    delivered: int
    read: int
    done: int
    children: int
    settled: int
    unreachable: int


class FunnelOut(Schema):
    whole: CountsOut
    classes: list[CountsOut]


class RecipientOut(Schema):
    child: str | None
    class_name: str
    recipient: str
    state: str
    delivered_at: datetime | None
    read_at: datetime | None
    done_at: datetime | None
    reminded_at: datetime | None


class RecipientsOut(Schema):
    recipients: list[RecipientOut]


class RemindedOut(Schema):
    people_reminded: int


def _require_module(request: SignedInRequest) -> None:
    if not module_is_on(request.person.school_id, "notices"):
        raise NotVisible


def _fields(notice: Notice) -> dict[str, Any]:
    return {
        "uuid": notice.uuid,
        "state": notice.state,
        "title": notice.title,
        "category": notice.category,
        "level": notice.level,
        "audience": notice.audience_words,
        "deadline_at": notice.deadline_at,
        "schedule_at": notice.schedule_at,
        "published_at": notice.published_at,
        "edition": notice.edition,
        "item": notice.item.uuid if notice.item is not None else None,
    }


def _counts(funnel: delivery.Funnel, name: str | None) -> CountsOut:
    return CountsOut(
        class_name=name,
        recipients=funnel.recipients,
        sent=funnel.sent,
        delivered=funnel.delivered,
        read=funnel.read,
        done=funnel.done,
        children=funnel.subjects,
        settled=funnel.settled,
        unreachable=funnel.unreachable,
    )


@router.get("/notices", response=ListOut, operation_id="notices_list")
def list_notices(
    request: SignedInRequest,
    scope: str = "mine",
    state: str = "",
    q: str = "",
    before: int | None = None,
) -> ListOut:
    """Notices of one's own, or with scope=all those in one's charge, newest first."""
    _require_module(request)
    require(access.can_compose(request.person))
    rows, following = queries.notice_list(
        request.person, scope="all" if scope == "all" else "mine", state=state, q=q[:60], before=before
    )
    shown = [
        ListedOut(
            **_fields(row.notice), recipients=row.recipients, read=row.read, children=row.subjects, settled=row.settled
        )
        for row in rows
    ]
    return ListOut(notices=shown, next=following)


@router.post("/notices", response={201: NoticeOut}, operation_id="notices_create")
def create_draft(request: SignedInRequest, body: DraftIn) -> Status[NoticeOut]:
    """Keep a draft."""
    _require_module(request)
    values = body.dict(exclude={"audience", "client_key"})
    draft = services.Draft(**values, audience=Audience.parse(body.audience.dict(by_alias=True)))
    notice = services.save_draft(
        actor=request.person, draft=draft, client_key=body.client_key or new_id(), now=timezone.now()
    )
    return Status(201, NoticeOut(**_fields(notice)))


@router.post("/notices/{notice_id}/publish", response=NoticeOut, operation_id="notices_publish")
def publish(request: SignedInRequest, notice_id: UUID, body: PublishIn) -> NoticeOut:
    """Publish a draft now or at a time. Publishing what is published changes nothing."""
    _require_module(request)
    notice = access.get_own_notice(request.person, notice_id)
    now = timezone.now()
    if body.at is not None:
        notice = services.schedule_notice(actor=request.person, notice=notice, at=body.at, now=now)
    else:
        notice = services.publish_notice(actor=request.person, notice=notice, now=now)
    return NoticeOut(**_fields(notice))


def _published(request: SignedInRequest, notice_id: UUID) -> tuple[Notice, delivery.Item]:
    _require_module(request)
    notice = access.get_notice_for(request.person, notice_id)
    if notice.item is None:
        raise NotVisible
    return notice, notice.item


@router.get("/notices/{notice_id}/funnel", response=FunnelOut, operation_id="notices_funnel")
def funnel(request: SignedInRequest, notice_id: UUID) -> FunnelOut:
    """How far a notice has come, in what the reader may see."""
    _notice, item = _published(request, notice_id)
    copies = access.followed_copies(request.person, item)
    whole = delivery.funnel([item.pk], within=copies)[item.pk]
    by_class = delivery.funnel_by_class(item, within=copies)
    return FunnelOut(whole=_counts(whole, None), classes=[_counts(one, one.class_name) for one in by_class])


@router.get("/notices/{notice_id}/recipients", response=RecipientsOut, operation_id="notices_recipients")
def recipients(request: SignedInRequest, notice_id: UUID, waiting: bool = False) -> RecipientsOut:
    """Everyone asked, or with `waiting` only children of whom something is still asked."""
    notice, item = _published(request, notice_id)
    households = queries.households(notice, access.followed_copies(request.person, item), waiting_only=waiting)
    rows = [
        RecipientOut(
            child=household.person.name if copy.recipient.student_id else None,
            class_name=household.class_name,
            recipient=copy.label,
            state=copy.state,
            delivered_at=copy.recipient.delivered_at,
            read_at=copy.recipient.read_at,
            done_at=copy.recipient.done_at,
            reminded_at=copy.recipient.reminded_at,
        )
        for household in households
        for copy in household.copies
    ]
    return RecipientsOut(recipients=rows)


@router.post("/notices/{notice_id}/reminders", response={201: RemindedOut}, operation_id="notices_remind")
def remind(request: SignedInRequest, notice_id: UUID) -> Status[RemindedOut]:
    """Remind everyone of whom something is still asked."""
    _notice, item = _published(request, notice_id)
    reminded = delivery.remind_unfinished(actor=request.person, item=item, now=timezone.now())
    return Status(201, RemindedOut(people_reminded=reminded))
