"""One message: its history, and what can be done about it. The thread shows this page as a dialog."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from homeroom.conversations import access, citing, queries, services
from homeroom.conversations.models import MARKS, Message, Reaction
from homeroom.kit.errors import Invalid
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest

from .inbox import MODULE


@require_GET
@signed_in(module=MODULE)
def message(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    return _message(request, uuid)


def _message(
    request: SignedInRequest, uuid: UUID, *, trouble: str = "", typed: str | None = None, transcript: str | None = None
) -> HttpResponse:
    now = timezone.now()
    found = access.get_message_for(request.person, uuid, now=now)
    membership = access.get_membership_for(request.person, found.conversation.uuid, now=now)
    (shown,) = queries.shown(membership, [found], now=now)
    context = {
        "one": shown,
        "conversation": membership.conversation,
        "kinds": [(kind, label, MARKS[kind]) for kind, label in Reaction.Kind.choices],
        "mine": {sign.kind for sign in shown.signs if sign.mine},
        "ways": citing.ways_for(request.person, found),
        "may_transcribe": (
            any(file.is_sound for file in shown.files) and access.can_transcribe(request.person, found, membership)
        ),
        "transcript": transcript if transcript is not None else shown.extra.spoken.text if shown.extra.spoken else "",
        "trouble": trouble,
        "typed": found.text if typed is None else typed,
    }
    inside = request.headers.get("HX-Request") == "true"
    template = "conversations/message_actions.html" if inside else "conversations/message_page.html"
    return render(request, template, context, status=422 if trouble else 200)


def _back(request: SignedInRequest, message: Message) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204)
    return redirect(f"{reverse('conversations:thread', args=[message.conversation.uuid])}#m{message.number}")


@require_POST
@signed_in(module=MODULE)
def edit(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    found = access.get_message_for(request.person, uuid, now=timezone.now())
    text = request.POST.get("text", "")
    try:
        services.edit_message(actor=request.person, message=found, text=text, now=timezone.now())
    except Invalid as wrong:
        return _message(request, uuid, trouble=str(wrong), typed=text)
    return _back(request, found)


@require_POST
@signed_in(module=MODULE)
def withdraw(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    found = access.get_message_for(request.person, uuid, now=timezone.now())
    try:
        services.withdraw_message(
            actor=request.person, message=found, reason=request.POST.get("reason", ""), now=timezone.now()
        )
    except Invalid as wrong:
        return _message(request, uuid, trouble=str(wrong))
    return _back(request, found)


@require_POST
@signed_in(module=MODULE)
def react(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    found = access.get_message_for(request.person, uuid, now=timezone.now())
    services.react(actor=request.person, message=found, kind=request.POST.get("kind", ""), now=timezone.now())
    return _back(request, found)
