"""The page on which a visitor becomes somebody of the cast, and the trial of one's own roster.

Outside the demonstration all of it answers 404.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people import throttle
from homeroom.people.public import labels, signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.people.sign_in import client_address, sign_in
from homeroom.school.models import Stage

from .cast import PASSWORD
from .models import Demonstration, Member
from .public import is_demo, member_named
from .roles import GROUPS
from .services import end_trial, trial_school

P = ParamSpec("P")
TRIALS, TRIALS_SPAN = 20, 60 * 60  # of one address: strangers may make them, and each is a school in the database


def only_in_demo(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Any:
    """404 without the mark in the database."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not is_demo():
            raise NotVisible
        return view(request, *args, **kwargs)

    return guarded


@only_in_demo
@require_GET
def choose_role(request: HttpRequest) -> HttpResponse:
    """Everyone one can be, by role, with what to try."""
    members = {
        member.key: member.person for member in Member.objects.select_related("person__account", "person__school")
    }
    names = labels([person.pk for person in members.values()])
    groups = [
        {
            "title": group.title,
            "icon": group.icon,
            "parts": [
                {
                    "key": part.key,
                    "person": members[part.key],
                    "label": names.get(members[part.key].pk, members[part.key].name),
                    "try_this": part.try_this,
                }
                for part in group.parts
                if part.key in members and members[part.key].account is not None
            ],
        }
        for group in GROUPS
    ]
    here = getattr(request, "person", None)
    context = {"groups": groups, "password": PASSWORD, "here": here, "built": Demonstration.objects.first()}
    return render(request, "demo/roles.html", context)


@only_in_demo
@require_POST
def become(request: HttpRequest, key: str) -> HttpResponse:
    """Switch this session to somebody of the cast."""
    member = member_named(key)
    if member is None or member.person.account is None:
        raise NotVisible
    logout(request)
    sign_in(request, member.person.account, person=member.person)
    return redirect("/")


@only_in_demo
@require_http_methods(["GET", "POST"])
def start_trial(request: HttpRequest) -> HttpResponse:
    """Say plainly what happens to a real roster here; then make the trial school and go to its import page."""
    chosen = [stage for stage in Stage if stage in request.POST.getlist("stages")]
    error = ""
    if request.method == "POST":
        tries = f"trial:{client_address(request)}"
        if throttle.is_used_up(tries, TRIALS):
            error = _("Too many trial schools were made here. Try again in an hour.")
        elif request.POST.get("understood") == "on":
            throttle.count(tries, TRIALS_SPAN)
            try:
                person = trial_school(stages=chosen)
            except Invalid as trouble:
                error = str(trouble)
            else:
                logout(request)
                if person.account is not None:
                    sign_in(request, person.account, person=person)
                return redirect("roster:upload")
        else:
            error = _("Tick the box to say that you have read the warning.")
    context: dict[str, Any] = {"stages": Stage.choices, "chosen": chosen or [Stage.PRIMARY], "error": error}
    return render(request, "demo/trial.html", context, status=422 if error else 200)


@only_in_demo
@require_POST
@signed_in
def stop_trial(request: SignedInRequest) -> HttpResponse:
    """Delete the visitor's trial school at once."""
    end_trial(actor=request.person)
    logout(request)
    messages.success(request, _("The trial school and everything imported into it was deleted."))
    return redirect("demo:roles")
