"""Canned replies: one's own, and the school's."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from homeroom.kit.access import require
from homeroom.kit.errors import Invalid
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest

from . import access, services
from .services import REPLY
from .variables import IN_REPLIES, choices


@require_GET
@signed_in
def replies(request: SignedInRequest) -> HttpResponse:
    """What one may insert when answering."""
    require(access.can_keep(request.person, for_school=False))
    rows = list(access.visible_templates(request.person, REPLY).order_by("name"))
    context = {
        "mine": [row for row in rows if row.owner_id is not None],
        "schools": [row for row in rows if row.owner_id is None],
        "keeps_school": access.can_keep(request.person, for_school=True),
    }
    return render(request, "wording/replies.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def reply(request: SignedInRequest, uuid: UUID | None = None) -> HttpResponse:
    """A new canned reply, or one to change or remove."""
    person = request.person
    found = access.get_template_for(person, uuid, REPLY) if uuid is not None else None
    for_school = found.owner_id is None if found is not None else request.POST.get("for_school") == "on"
    require(access.can_keep(person, for_school=for_school and found is not None))
    errors: dict[str, str] = {}
    if request.method == "POST" and found is not None and "remove" in request.POST:
        services.remove_template(actor=person, template=found)
        messages.success(request, _("The reply was removed."))
        return redirect("wording:replies")
    if request.method == "POST":
        try:
            services.save_reply(
                actor=person, reply=found, name=request.POST.get("name", ""), text=request.POST.get("text", ""),
                shortcut=request.POST.get("shortcut", ""), for_school=for_school,
            )  # fmt: skip
        except Invalid as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()} or {"text": str(wrong)}
        else:
            messages.success(request, _("Saved."))
            return redirect("wording:replies")
    typed = request.POST if request.method == "POST" else None
    context = {
        "reply": found,
        "errors": errors,
        "typed": {
            "name": typed.get("name", "") if typed is not None else getattr(found, "name", ""),
            "text": typed.get("text", "") if typed is not None else getattr(found, "text", ""),
            "shortcut": typed.get("shortcut", "") if typed is not None else getattr(found, "shortcut", ""),
            "for_school": for_school,
        },
        "variables": choices(IN_REPLIES),
        "keeps_school": access.can_keep(person, for_school=True),
    }
    return render(request, "wording/reply.html", context, status=422 if errors else 200)
