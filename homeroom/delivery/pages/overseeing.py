"""Following: what became of an item, and the talks with families behind it. For the sender and those in charge."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from homeroom.delivery import access, hints, queries, services, showing
from homeroom.delivery.models import Item
from homeroom.delivery.registries import overviews
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest


@signed_in
def sent(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """How far an item has come, class by class, and what families answered."""
    item = access.get_overseen_item(request.person, uuid)
    model, url_name = overviews.get(item.kind, (None, ""))
    if model is not None:  # its owner has a page with more
        source = model._default_manager.filter(pk=item.source_id).values_list("uuid", flat=True).first()
        if source is not None:
            return redirect(url_name, source)
    return render(request, "delivery/sent.html", _context(request, item))


def _context(request: SignedInRequest, item: Item) -> dict[str, Any]:
    within = access.overseen_copies(request.person, item)
    mine = access.oversees(request.person, item)
    return {
        "item": item,
        "whole": queries.funnel([item.pk], within=within)[item.pk],
        "classes": queries.funnel_by_class(item, within=within),
        "talks": queries.talks([item]) if mine else [],
        "may_answer": bool(access.can_answer(request.person, item)),
        "versions": list(item.versions.all()),
        "token": hints.counts_token(item, account_id=request.account.pk) if mine else "",
        "words": showing.words(),
        "styles": ["delivery"],
    }


@signed_in
def replies(request: SignedInRequest) -> HttpResponse:
    """Families' lines that wait for an answer, over all items this person sent."""
    waiting = queries.waiting_talks(request.person)
    return render(request, "delivery/replies.html", {"talks": waiting, "styles": ["delivery"]})


@require_POST
@signed_in
def answer(request: SignedInRequest, uuid: UUID, person: UUID) -> HttpResponse:
    """Write back to one family member."""
    item = access.get_overseen_item(request.person, uuid)
    whose = get_object_or_404(Person, uuid=person, school_id=request.person.school_id)
    try:
        services.answer_reply(
            actor=request.person,
            item=item,
            person=whose,
            text=request.POST.get("text", ""),
            key=request.POST.get("key") or None,
            now=timezone.now(),
        )
    except Invalid as wrong:
        context = {**_context(request, item), "errors": {str(whose.uuid): wrong.message}, "typed": request.POST}
        return render(request, "delivery/sent.html", context, status=422)
    messages.success(request, _("Your answer was sent to this family only."))
    return redirect(_after(request, item))


@require_POST
@signed_in
def no_answer(request: SignedInRequest, uuid: UUID, person: UUID) -> HttpResponse:
    """Take a talk off the list without writing."""
    item = access.get_overseen_item(request.person, uuid)
    whose = get_object_or_404(Person, uuid=person, school_id=request.person.school_id)
    services.need_no_answer(actor=request.person, item=item, person=whose, now=timezone.now())
    return redirect(_after(request, item))


def _after(request: SignedInRequest, item: Item) -> str:
    """Back to the list of replies while there are others, else to the item."""
    if request.POST.get("from") == "replies":
        return "/feed/replies/"
    return f"/feed/sent/{item.uuid}/"
