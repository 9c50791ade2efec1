"""Taking a recording, and its transcript."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from homeroom.conversations import access, services
from homeroom.files import public as files_of
from homeroom.kit.bodies import accepts
from homeroom.kit.errors import Invalid
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest

from .inbox import MODULE
from .messages import _back as back_to
from .messages import _message as shown_message

MEGABYTES = 5  # a minute of speech as any browser records it


@accepts(megabytes=MEGABYTES)
@require_POST
@signed_in(module=MODULE)
def keep(request: SignedInRequest) -> HttpResponse:
    """Take a recording and answer with its row for the form of the message."""
    given = request.FILES.get("file")
    if given is None or given.size is None:
        raise files_of.Refused(_("Record something first."))
    stored = services.keep_recording(actor=request.person, content=given, size=given.size, now=timezone.now())
    return render(request, "conversations/voice_row.html", {"file": files_of.shown(stored)}, status=201)


@require_POST
@signed_in(module=MODULE)
def transcript(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """What a recording says, typed by who spoke or by a teacher of the conversation."""
    found = access.get_message_for(request.person, uuid, now=timezone.now())
    text = request.POST.get("transcript", "")
    try:
        services.write_transcript(actor=request.person, message=found, text=text, now=timezone.now())
    except Invalid as wrong:
        return shown_message(request, uuid, trouble=str(wrong), transcript=text)
    return back_to(request, found)
