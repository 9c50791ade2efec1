"""Looking something up about one's own child: a page of its own, and a fragment beside the form for asking."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from homeroom.kit.errors import NotVisible
from homeroom.people.models import Person
from homeroom.people.public import Child, children_of, current_classes, signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.school.public import uses

from . import known  # noqa: F401  (enters what can be looked up)
from .lookup import answers_to, lookups

LONGEST = 200


@require_http_methods(["GET", "POST"])
@signed_in
def lookup(request: SignedInRequest) -> HttpResponse:
    """By GET the page. By POST, as a form sends it, the fragment: nothing of it ends in a log of addresses."""
    text = (request.POST.get("text", "") or request.GET.get("q", "")).strip()[:LONGEST]
    children = _children(request.person)
    if not children:
        raise NotVisible
    found = answers_to(request.person, text, children, now=timezone.now()) if text else []
    context = {
        "text": text,
        "answers": found,
        "several": len(children) > 1,
        "examples": [one.example for one in lookups() if one.example],
        "asks": uses(request.person.school, "questions"),
        "beside": request.method == "POST",
    }
    template = "home/lookup_answers.html" if request.method == "POST" else "home/lookup.html"
    return render(request, template, context)


def _children(person: Person) -> list[Child]:
    """Those one answers for; a pupil looks up their own."""
    children = children_of(person)
    place = current_classes([person.pk]).get(person.pk)
    if not children and place is not None:
        return [Child(person.pk, str(person.uuid), person.name, place[0], place[1], "", True, False, False)]
    return children
