"""Acting by plain forms, as a page without scripts sends them; scripts use the JSON endpoints and the same services."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from homeroom.delivery import access, services
from homeroom.delivery.endpoints import said_until, snooze_until
from homeroom.delivery.models import Item
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest

from .feed import item_context

Act = Callable[[SignedInRequest, Item], str]


def acting(act: Act) -> Any:
    """A page that does one thing to an item; `act` returns the words that say so."""

    @require_POST
    @signed_in
    @wraps(act)
    def page(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
        now = timezone.now()
        item = access.get_item_for(request.person, uuid, now=now)
        try:
            said = act(request, item)
        except Invalid as wrong:  # the page again, with nothing lost
            context = {**item_context(request, item), "errors": wrong.fields or {"": wrong.message}}
            return render(request, "delivery/item.html", {**context, "typed": request.POST}, status=wrong.status)
        messages.success(request, said)
        return redirect(_back(request, item))

    return page


def _back(request: SignedInRequest, item: Item) -> str:
    target = request.POST.get("next", "")
    if target and url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        return target
    return reverse("delivery:item", args=[item.uuid])


def _children(request: SignedInRequest) -> list[int] | None:
    """The chosen children by uuid; None for all."""
    wanted = request.POST.getlist("child")
    if not wanted:
        return None
    try:
        uuids = [UUID(one) for one in wanted]
    except ValueError:
        raise Invalid from None
    return list(Person.objects.filter(uuid__in=uuids, school_id=request.person.school_id).values_list("pk", flat=True))


def _version(request: SignedInRequest) -> int | None:
    value = request.POST.get("version", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 9 else None


@acting
def read(request: SignedInRequest, item: Item) -> str:
    services.mark_read(actor=request.person, item=item, now=timezone.now())
    return _("Marked as read")


@acting
def confirm(request: SignedInRequest, item: Item) -> str:
    services.confirm(
        actor=request.person,
        item=item,
        student_ids=_children(request),
        text_version=_version(request),
        now=timezone.now(),
    )
    return _("Confirmed. Thank you.")


@acting
def sign(request: SignedInRequest, item: Item) -> str:
    try:
        strokes = json.loads(request.POST.get("strokes") or "[]")
    except ValueError:
        strokes = None
    if not isinstance(strokes, list):
        raise Invalid(_("The drawing could not be read. Please clear it and sign again."))
    services.sign(
        actor=request.person,
        item=item,
        student_ids=_children(request),
        typed_name=request.POST.get("typed_name", ""),
        strokes=strokes,
        text_version=_version(request) or 0,
        now=timezone.now(),
    )
    return _("Signed. Thank you.")


@acting
def reply(request: SignedInRequest, item: Item) -> str:
    chosen = _children(request) or []
    services.reply(
        actor=request.person,
        item=item,
        text=request.POST.get("text", ""),
        student_id=chosen[0] if len(chosen) == 1 else None,
        key=request.POST.get("key") or None,
        now=timezone.now(),
    )
    return _("Sent to the school. Other families do not see it.")


@acting
def snooze(request: SignedInRequest, item: Item) -> str:
    now = timezone.now()
    wanted = request.POST.get("until", "")
    if wanted in {"", "time"}:
        wanted = request.POST.get("at", "")
    until, reason = snooze_until(request.person, wanted, now)
    services.snooze(actor=request.person, item=item, until=until, reason=reason, now=now)
    return said_until(until)


@acting
def unsnooze(request: SignedInRequest, item: Item) -> str:
    services.unsnooze(actor=request.person, item=item, now=timezone.now())
    return _("It is back in your feed")
