"""A school's red lines: what becomes of each category, its own words, and a place to try a text."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from homeroom.kit.bodies import accepts
from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest

from . import access, packs, services
from .categories import CATEGORIES, Action
from .models import Ruleset, WordList
from .public import check

SHOWN_AT_MOST = 3_000  # words in the form; a longer list is changed by its file


def _allowed(request: SignedInRequest) -> int:
    school_id = request.person.school_id
    if not access.can_change_words(request.person, school_id):
        raise NotVisible
    return school_id


@require_http_methods(["GET", "POST"])
@signed_in
def words(request: SignedInRequest) -> HttpResponse:
    """The categories, the school's lists, and a text to try."""
    school_id = _allowed(request)
    if request.method == "POST" and "text" not in request.POST:
        given = {key: request.POST[key] for key in CATEGORIES if key in request.POST}
        services.decide(actor=request.person, actions=given)
        messages.success(request, _("Saved."))
        return redirect("redlines:words")
    rules = Ruleset.objects.filter(school_id=school_id).first()
    decided = rules.actions if rules is not None else {}
    counts = packs.counts()
    text = request.POST.get("text", "")[:4000]
    context = {
        "categories": [
            (one, decided.get(one.key, one.usual.value), counts.get(one.key, 0)) for one in CATEGORIES.values()
        ],
        "actions": Action.choices,
        "own_rows": [
            {
                "name": row.name,
                "href": reverse("redlines:edit", args=[row.uuid]),
                "count": row.count,
                "action": Action(row.action).label if row.action else _("Always allow"),
            }
            for row in WordList.objects.filter(school_id=school_id).defer("words")
        ],
        "text": text,
        "findings": check(text, school_id, by_staff=True) if text else None,
    }
    return render(request, "redlines/words.html", context)


@accepts(megabytes=services.FILE_AT_MOST)
@require_http_methods(["GET", "POST"])
@signed_in
def edit(request: SignedInRequest, uuid: UUID | None = None) -> HttpResponse:
    """One list of the school's own words: typed, or from a file whose words are added."""
    school_id = _allowed(request)
    known = WordList.objects.filter(school_id=school_id, uuid=uuid).first() if uuid else None
    if uuid and known is None:
        raise NotVisible
    typed: dict[str, Any] = {
        "name": known.name if known else "",
        "why": known.why if known else "",
        "action": known.action if known else Action.WARN.value,
        "words": known.words if known and known.count <= SHOWN_AT_MOST else "",
    }
    hidden = known is not None and known.count > SHOWN_AT_MOST
    errors: dict[str, str] = {}
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in typed}
        try:
            entries = typed["words"].splitlines()
            if hidden and known is not None and "replace" not in request.POST:
                entries += known.words.splitlines()
            if upload := request.FILES.get("file"):
                entries += services.words_in(upload)
            made = services.save_list(
                actor=request.person, name=typed["name"], why=typed["why"], action=typed["action"], words=entries,
                now=timezone.now(), known=known,
            )  # fmt: skip
        except Invalid as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()} or {"file": str(wrong)}
        else:
            said = ngettext("Saved: %(n)d word.", "Saved: %(n)d words.", made.count) % {"n": made.count}
            messages.success(request, said)
            return redirect("redlines:words")
    context = {
        "known": known,
        "typed": typed,
        "errors": errors,
        "hidden": hidden,
        "actions": [*[choice for choice in Action.choices if choice[0] != Action.OFF], ("", _("Always allow"))],
    }
    return render(request, "redlines/list.html", context, status=422 if errors else 200)


@require_POST
@signed_in
def remove(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Look for the words of a list no more."""
    school_id = _allowed(request)
    known = WordList.objects.filter(school_id=school_id, uuid=uuid).first()
    if known is None:
        raise NotVisible
    services.remove_list(actor=request.person, known=known)
    messages.success(request, _("Removed."))
    return redirect("redlines:words")
