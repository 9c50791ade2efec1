"""Searching what was said."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from homeroom.conversations.finding import Asked, children_in, find, kinds_of
from homeroom.conversations.models import Conversation
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest

from .inbox import MODULE

TYPED_AT_MOST = 60


def asked_by(request: HttpRequest) -> Asked:
    """What the address says; whatever cannot be meant is left out."""
    kind = request.GET.get("kind", "")
    return Asked(
        q=request.GET.get("q", "")[:TYPED_AT_MOST],
        child=request.GET.get("child", "")[:TYPED_AT_MOST],
        who=request.GET.get("who", "")[:TYPED_AT_MOST],
        kind=kind if kind in Conversation.Kind.values else "",
        since=_day(request.GET.get("since", "")),
        until=_day(request.GET.get("until", "")),
    )


def _day(typed: str) -> date | None:
    try:
        found = parse_date(typed)
    except ValueError:
        return None
    return found if found is not None and 2000 <= found.year <= 2200 else None


def cursor_of(request: HttpRequest) -> int | None:
    """The message after which the next page begins."""
    given = request.GET.get("before", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


def address_of(asked: Asked, **changed: Any) -> str:
    """The search's address with something changed."""
    given = {
        "q": asked.q, "kind": asked.kind, "child": asked.child, "who": asked.who, "since": asked.since,
        "until": asked.until,
    }  # fmt: skip
    return f"{reverse('conversations:search')}?{urlencode({k: v for k, v in {**given, **changed}.items() if v})}"


@require_GET
@signed_in(module=MODULE)
def search(request: SignedInRequest) -> HttpResponse:
    """The form, and what was found."""
    now = timezone.now()
    asked, before = asked_by(request), cursor_of(request)
    found = None if asked.is_empty else find(request.person, asked, now=now, before=before)
    kinds = kinds_of(request.person, now=now)
    shown = [("", _("All")), *kinds] if len(kinds) > 1 else []
    context = {
        "asked": asked,
        "found": found,
        "before": before,
        "next_url": address_of(asked, before=found.before) if found is not None and found.before else "",
        "first_url": address_of(asked),
        "narrowed": any([asked.child, asked.who, asked.since, asked.until]),
        "children": children_in(request.person, now=now),
        "kinds": [(kind, label, address_of(asked, kind=kind)) for kind, label in shown],
    }
    return render(request, "conversations/search.html", context)
