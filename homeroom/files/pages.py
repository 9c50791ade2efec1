"""Taking and giving files."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from homeroom.kit.bodies import accepts
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest

from . import access, queries, responses, services
from .kinds import Refused


@accepts(megabytes=services.FILE_AT_MOST // services.MEGABYTE + 1)
@require_POST
@signed_in
def upload(request: SignedInRequest) -> HttpResponse:
    """Take one file and answer with its row for the form it is attached to."""
    given = request.FILES.get("file")
    if given is None or given.size is None:
        raise Refused(_("Choose a file first."))
    file = services.store_upload(
        actor=request.person, name=given.name or "", content=given, size=given.size, now=timezone.now()
    )
    return render(request, "files/row.html", {"file": queries.shown(file)}, status=201)


@require_safe
@signed_in
def give(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    return responses.respond(request, access.get_file_for(request.person, uuid))


@require_safe
@signed_in
def thumbnail(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    file = access.get_file_for(request.person, uuid)
    return responses.respond(request, file, thumbnail=bool(file.thumbnail))
