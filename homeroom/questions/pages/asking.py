"""Asking: the lists, the form, the school's answers beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from homeroom.files import public as files
from homeroom.kit.bodies import accepts
from homeroom.kit.errors import NotVisible, Trouble
from homeroom.kit.ids import new_id
from homeroom.people.public import children_of, current_classes, signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.questions import about, access, forms, queries, retrieval, services, showing
from homeroom.questions.models import TEXT_AT_MOST, Circle, Proposal
from homeroom.school.public import topics_of

MODULE = "questions"
BODY = 120  # megabytes: a few pictures from a phone


@require_GET
@signed_in(module=MODULE)
def question_list(request: SignedInRequest) -> HttpResponseBase:
    """Staff see their desk, everybody else what they asked."""
    person, now = request.person, timezone.now()
    if not person.is_staff_member:
        return _asked(request)
    view, q, topic = forms.view_of(request), request.GET.get("q", "").strip()[:60], request.GET.get("topic", "")
    rows, following = queries.desk(
        person,
        view=view,
        now=now,
        q=q,
        topic=topic if forms.uuid_of(topic) else "",
        before=forms.number_of(request.GET.get("before", "")),
    )
    context = {
        "rows": rows,
        "next": following,
        "view": view,
        "q": q,
        "topic": topic,
        "topics": topics_of(person.school_id),
        "counts": queries.desk_counts(person, now=now),
        "tasks": queries.tasks_of(person) if view == "mine" else [],
        "now": now,
        "words": showing,
        "oversees": access.oversees(person),
        "may_approve": bool(access.can_approve(person, person.school_id)),
        "may_set_up": bool(access.can_set_up(person, person.school_id)),
        "has_children": bool(children_of(person)),
    }
    return render(request, "questions/desk.html", context)


@require_GET
@signed_in(module=MODULE)
def mine(request: SignedInRequest) -> HttpResponse:
    """What one asked, with where it stands in plain words."""
    return _asked(request)


def _asked(request: SignedInRequest) -> HttpResponse:
    rows, following = queries.asked_list(request.person, before=forms.number_of(request.GET.get("before", "")))
    return render(request, "questions/mine.html", {"rows": rows, "next": following, "words": showing})


@accepts(megabytes=BODY)
@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def ask(request: SignedInRequest) -> HttpResponseBase:
    """The form. What was typed and uploaded is never lost by a mistake in another field."""
    errors: dict[str, str] = {}
    stored: tuple[UUID, ...] = ()
    if request.method == "POST" and request.POST.get("do") != "look":
        try:
            stored = forms.store_files(request)
            asking = forms.asking_from(request.POST, about=about.parse(request.POST.get("about", "")), stored=stored)
            question = services.ask_question(actor=request.person, asking=asking, now=timezone.now())
        except Trouble as wrong:
            errors = forms.errors_of(wrong)
        else:
            messages.success(request, _("Your question is with the school. You are told here when there is an answer."))
            return redirect("questions:question", question.uuid)
    offered = forms.uuid_of(request.POST.get("proposal", ""))
    return form_page(
        request,
        initial={"about": request.GET.get("about", ""), "text": request.GET.get("text", "")},
        proposal=services.proposal_for(request.person, offered) if offered is not None else None,
        errors=errors,
        stored=stored,
    )


def form_page(
    request: SignedInRequest,
    *,
    initial: Mapping[str, str],
    proposal: Proposal | None = None,
    errors: dict[str, str] | None = None,
    stored: tuple[UUID, ...] = (),
) -> HttpResponse:
    """The form, with what was typed, else with `initial` and what one's own message takes along."""
    errors = errors or {}
    typed: Mapping[str, str] = request.POST if request.method == "POST" else initial
    card = about.card_for(*about.parse(typed.get("about", "")), request.person)
    if request.method == "GET" and card is not None and card.author_id == request.person.pk:
        typed = {"student": str(card.student or ""), **typed, "text": typed.get("text") or card.text}
        stored = card.files
    context = _form(request, typed, card, errors, stored) | {"proposal": proposal}
    return render(request, "questions/ask.html", context, status=422 if errors else 200)


def _form(
    request: SignedInRequest,
    typed: Mapping[str, str],
    card: about.Cited | None,
    errors: dict[str, str],
    stored: tuple[UUID, ...],
) -> dict[str, Any]:
    person = request.person
    children = children_of(person)
    options = [(child.uuid, child.name, child.class_name) for child in children]
    if not options and person.pk in current_classes([person.pk]):
        options = [(str(person.uuid), person.name, "")]
    if not options:
        raise NotVisible
    text, topics = typed.get("text", "")[:TEXT_AT_MOST], topics_of(person.school_id)
    key = forms.uuid_of(typed.get("key", "")) or new_id()
    looked = request.method == "POST" and not errors
    found = services.show_answers(actor=person, text=text, key=key, now=timezone.now()) if looked and text else []
    if card is not None and card.student is not None:  # it is about this child, whichever others there are
        options = [option for option in options if option[0] == str(card.student)] or options
    suggested = retrieval.suggest_topics(text, topics)
    return {
        "typed": typed,
        "text": text,
        "errors": errors,
        "children": options,
        "topics": topics,
        "suggested": suggested,
        "topic": typed.get("topic", "") or (str(suggested[0].uuid) if suggested else ""),
        "subjects": queries.subjects_of([child.class_id for child in children if child.class_id is not None]),
        "circles": [
            ("", _("As the school usually does with this topic"), _("The quickest way in most cases.")),
            (Circle.CLASS_TEACHER, _("The class teacher"), _("The grade leader and school leaders can see it too.")),
            (Circle.SUBJECT_TEACHER, _("A subject teacher"), _("The grade leader and school leaders can see it too.")),
            (Circle.OFFICE, _("The school office"), _("Teachers do not see it.")),
            (Circle.LEADERS, _("School leaders only"), _("For complaints: no teacher can see it.")),
        ],
        "about": typed.get("about", ""),
        "card": card,
        "key": key,
        "answers": found,
        "looked": looked,
        "stored": [files.shown(one) for one in files.StoredFile.objects.filter(uuid__in=stored, uploader=person)],
        "most": TEXT_AT_MOST,
    }


@require_POST
@signed_in(module=MODULE)
def found(request: SignedInRequest) -> HttpResponse:
    """Beside the form while somebody writes: the school's own answers and the topics it may be about."""
    text = request.POST.get("text", "")[:TEXT_AT_MOST]
    key = forms.uuid_of(request.POST.get("key", "")) or new_id()
    context = {
        "text": text,
        "answers": services.show_answers(actor=request.person, text=text, key=key, now=timezone.now()),
        "suggested": retrieval.suggest_topics(text, topics_of(request.person.school_id)),
        "key": key,
        "looked": True,
    }
    return render(request, "questions/found.html", context)


@require_POST
@signed_in(module=MODULE)
def helped(request: SignedInRequest, answer: UUID) -> HttpResponseBase:
    """ "This answers it": nobody is asked."""
    row = access.valid_answers(request.person.school_id, request.person.today).filter(uuid=answer).first()
    key = forms.uuid_of(request.POST.get("key", ""))
    if row is None or key is None:
        raise NotVisible
    services.helped(actor=request.person, answer=row, key=key, now=timezone.now())
    messages.success(request, _("Good. You can still ask a person at any time."))
    return redirect("questions:mine")
