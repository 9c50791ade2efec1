"""Reading what the composer sends. Nothing is judged here but whether it can be read at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from homeroom.groups import public as groups
from homeroom.kit.errors import Invalid
from homeroom.school.models import School

from .services import Draft


def moment(value: str, school: School, field: str) -> datetime | None:
    """A date and time as a browser's field gives it, at the school; None when empty. Raises Invalid."""
    if not value.strip():
        return None
    try:
        return datetime.fromisoformat(value.strip()).replace(tzinfo=ZoneInfo(school.time_zone))
    except ValueError as wrong:
        raise Invalid(fields={field: _("Choose a day and a time.")}) from wrong


def local_value(at: datetime | None, school: School) -> str:
    """The reverse, for the field."""
    return at.astimezone(ZoneInfo(school.time_zone)).strftime("%Y-%m-%dT%H:%M") if at else ""


def _amount(value: str) -> Decimal | None:
    value = value.strip().replace("，", "").replace(",", "").lstrip("¥￥")
    if not value:
        return None
    try:
        return Decimal(value)
    except InvalidOperation as wrong:
        raise Invalid(fields={"fee_amount": _("Enter the amount as a number, such as 120.50.")}) from wrong


def uuids(values: list[str]) -> list[UUID]:
    """Ids a form sent. Raises Invalid."""
    try:
        return [UUID(value) for value in values]
    except ValueError as wrong:
        raise Invalid from wrong


def client_key(value: str) -> UUID:
    """The key the page made for its draft. Raises Invalid."""
    return uuids([value])[0]


def draft_from(data: QueryDict, school: School) -> Draft:
    """The draft a form holds. Raises Invalid."""
    usual = Draft()

    def chosen(name: str, default: str) -> str:
        return data.get(name, default)

    return Draft(
        title=data.get("title", ""),
        text=data.get("text", ""),
        audience=groups.audience_from(data),
        category=chosen("category", usual.category),
        level=chosen("level", usual.level),
        household_rule=chosen("household_rule", usual.household_rule),
        priority=chosen("priority", usual.priority),
        reminders=chosen("reminders", usual.reminders),
        deadline_at=moment(data.get("deadline_at", ""), school, "deadline_at"),
        fee_item=data.get("fee_item", ""),
        fee_amount=_amount(data.get("fee_amount", "")),
        files=uuids(data.getlist("files")),
    )


def edition(data: Mapping[str, str]) -> int:
    """The edition a form was made from; 0 when it does not say."""
    value = data.get("edition", "")
    return int(value) if value.isdecimal() and len(value) < 9 else 0
