"""What the school does on a question's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from homeroom.kit.bodies import accepts
from homeroom.kit.errors import NotVisible, Trouble
from homeroom.people.models import Person
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.questions import access, forms, services
from homeroom.questions.models import Question
from homeroom.questions.services.tasks import task_of
from homeroom.questions.states import Part
from homeroom.school.models import Topic

from .asking import BODY, MODULE
from .question import page


def _of_staff(person: Person, uuid: UUID) -> Question:
    """A question the person sees as staff. Raises NotVisible."""
    found, part = access.get_question_for(person, uuid)
    if part != Part.HANDLER:
        raise NotVisible
    return found


def _back(request: SignedInRequest, found: Question) -> HttpResponseBase:
    """To the page, in the queue it was opened from; to the desk when the actor sees it no more."""
    if not access.seen_by_staff(request.person).filter(pk=found.pk).exists():
        return redirect("questions:list")
    return redirect(f"{reverse('questions:question', args=[found.uuid])}?from={forms.view_of(request)}")


def _try(request: SignedInRequest, uuid: UUID, done: str, act: Callable[[Question], Any]) -> HttpResponseBase:
    """Do it and go back; show a mistake on the page with what was typed."""
    found = _of_staff(request.person, uuid)
    try:
        act(found)
    except Trouble as wrong:
        if wrong.status == 403:
            raise
        return page(request, found, Part.HANDLER, errors=forms.errors_of(wrong))
    messages.success(request, done)
    return _back(request, found)


def _person(request: SignedInRequest) -> Person:
    """The member of staff a form names."""
    uuid = forms.named(request.POST.get("person", ""))
    found = Person.objects.select_related("school", "account").filter(school_id=request.person.school_id, uuid=uuid)
    person = found.first()
    if person is None:
        raise NotVisible
    return person


@accepts(megabytes=BODY)
@require_POST
@signed_in(module=MODULE)
def answer(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """One field and what to do with it: answer, ask back, say whom it waits for, close, take up again."""
    found = _of_staff(request.person, uuid)
    data, now = request.POST, timezone.now()
    text, key = data.get("text", ""), forms.uuid_of(data.get("key", ""))
    stored: tuple[UUID, ...] = ()
    common: dict[str, Any] = {"actor": request.person, "question": found, "now": now}
    try:
        stored = forms.store_files(request)
        match data.get("do", "answer"):
            case "ask_back":
                services.ask_back(**common, text=text, key=key, files=stored)
            case "wait":
                services.wait(**common, text=text)
            case "close":
                services.close(**common, reason="by_school", word=text)
            case "reopen":
                services.reopen(**common, text=text)
            case _:
                keeps = data.get("keeps_promises") == "on"
                services.answer(**common, text=text, key=key, files=stored, keeps_promises=keeps)
    except Trouble as wrong:
        if wrong.status == 403:
            raise
        return page(request, found, Part.HANDLER, errors=forms.errors_of(wrong), stored=stored)
    messages.success(request, _("It is with the family."))
    return _back(request, found)


@require_POST
@signed_in(module=MODULE)
def resume(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """Go on after waiting."""
    return _try(
        request,
        uuid,
        _("Being worked on again."),
        lambda found: services.resume(actor=request.person, question=found, now=timezone.now()),
    )


@require_POST
@signed_in(module=MODULE)
def assign(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """Give it to somebody."""
    person = _person(request)
    word = request.POST.get("word", "")
    return _try(
        request,
        uuid,
        _("Given on."),
        lambda found: services.assign(
            actor=request.person, question=found, person=person, word=word, now=timezone.now()
        ),
    )


@require_POST
@signed_in(module=MODULE)
def note(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """An internal note."""
    text = request.POST.get("note", "")
    return _try(
        request,
        uuid,
        _("Noted. No family sees it."),
        lambda found: services.note(actor=request.person, question=found, text=text, now=timezone.now()),
    )


@require_POST
@signed_in(module=MODULE)
def watch(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """Let a colleague look on, or look on no longer."""
    if request.POST.get("do") == "stop":
        return _try(
            request,
            uuid,
            _("You look on no longer."),
            lambda found: services.stop_watching(actor=request.person, question=found),
        )
    person = _person(request)
    return _try(
        request,
        uuid,
        _("They can see it now."),
        lambda found: services.watch(actor=request.person, question=found, person=person, now=timezone.now()),
    )


@require_POST
@signed_in(module=MODULE)
def route(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """Another topic, another circle."""
    wanted = forms.named(request.POST.get("topic", ""))
    topic = Topic.objects.filter(school_id=request.person.school_id, uuid=wanted).first()
    if topic is None:
        raise NotVisible
    circle = request.POST.get("circle", "")
    return _try(
        request,
        uuid,
        _("Saved."),
        lambda found: services.reroute(
            actor=request.person, question=found, topic=topic, circle=circle, now=timezone.now()
        ),
    )


@require_POST
@signed_in(module=MODULE)
def merge(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """Go on in another question of the same person."""
    into = _of_staff(request.person, forms.uuid_of(request.POST.get("into", "")) or uuid)
    return _try(
        request,
        uuid,
        _("Merged. The family is told."),
        lambda found: services.merge(actor=request.person, question=found, into=into, now=timezone.now()),
    )


@require_POST
@signed_in(module=MODULE)
def add_task(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """Something to be done by a day."""
    data = request.POST
    person = _person(request) if data.get("person") else request.person
    due_at = forms.moment_of(data.get("due_at", ""), request.person.school)
    return _try(
        request,
        uuid,
        _("Added."),
        lambda found: services.add_task(
            actor=request.person,
            question=found,
            kind=data.get("kind", "follow_up"),
            text=data.get("task", ""),
            due_at=due_at,
            person=person,
            now=timezone.now(),
        ),
    )


@require_POST
@signed_in(module=MODULE)
def task(request: SignedInRequest, uuid: UUID, task: int) -> HttpResponseBase:
    """Take a recognised promise over, end a task, drop one."""
    data, now = request.POST, timezone.now()

    def act(found: Question) -> None:
        row = task_of(found, task)
        match data.get("do"):
            case "take":
                due_at = forms.moment_of(data.get("due_at", ""), request.person.school)
                services.take_over_promise(actor=request.person, task=row, due_at=due_at, now=now)
            case "drop":
                services.drop_task(actor=request.person, task=row, now=now)
            case _:
                services.end_task(actor=request.person, task=row, now=now)

    return _try(request, uuid, _("Saved."), act)
