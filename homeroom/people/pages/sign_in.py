"""Signing in and out; allauth's own views serve the form, the code and asking for the password again."""

from __future__ import annotations

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from homeroom.kit.errors import NotVisible
from homeroom.people import labels
from homeroom.people.models import Person
from homeroom.people.sessions import PERSON_KEY
from homeroom.people.sign_in import CHOICE_KEY, remembered_choice


def safe_target(request: HttpRequest, target: str | None) -> str:
    """`target` if it is an address of this site, else the home page."""
    if target and url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return "/"


@never_cache
@require_http_methods(["GET", "POST"])
def which_account(request: HttpRequest) -> HttpResponse:
    """Two people share a phone and chose the same password: which of them is this?"""
    accounts, target = remembered_choice(request)
    if not accounts:
        return redirect("account_login")
    if request.method == "POST":
        chosen = next((one for one in accounts if str(one.uuid) == request.POST.get("account")), None)
        if chosen is None:
            raise NotVisible
        del request.session[CHOICE_KEY]
        record_authentication(request, chosen, method="password")
        answer: HttpResponse = perform_login(request, Login(user=chosen, redirect_url=safe_target(request, target)))
        return answer
    persons = list(
        Person.objects.filter(account__in=accounts, archived_at__isnull=True).select_related("school", "account")
    )
    named = labels.labels(person.pk for person in persons)
    choices = [
        {
            "uuid": account.uuid,
            "people": [(named[p.pk], p.school.name) for p in persons if p.account_id == account.pk],
        }
        for account in accounts
    ]
    return render(request, "account/which.html", {"choices": [choice for choice in choices if choice["people"]]})


@never_cache
@require_http_methods(["GET", "POST"])
def choose_person(request: HttpRequest) -> HttpResponse:
    """As whom an account acts, when it has several persons; also to switch later."""
    account = getattr(request, "account", None)
    if account is None:
        return redirect("account_login")
    persons = list(
        Person.objects.filter(account_id=account.pk, archived_at__isnull=True).select_related("school").order_by("id")
    )
    target = safe_target(request, request.POST.get("next") or request.GET.get("next"))
    if request.method == "POST":
        chosen = next((one for one in persons if str(one.uuid) == request.POST.get("person")), None)
        if chosen is None:
            raise NotVisible
        request.session[PERSON_KEY] = chosen.pk
        return redirect(target)
    named = labels.labels(person.pk for person in persons)
    choices = [{"uuid": p.uuid, "label": named[p.pk], "name": p.name, "school": p.school.name} for p in persons]
    here = getattr(request, "person", None)
    context = {"choices": choices, "target": target, "current": here.uuid if here is not None else None}
    return render(request, "people/choose_person.html", context)


@require_http_methods(["GET", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session, sockets included; a GET only asks."""
    account = getattr(request, "account", None)
    if request.method == "GET":
        return render(request, "account/logout.html") if account is not None else redirect("account_login")
    if account is not None:
        from homeroom.people.sessions import end_sessions

        key = request.session.session_key
        if key:
            end_sessions(account, only=key)
    logout(request)
    return redirect("account_login")


@require_GET
def sign_in_help(request: HttpRequest) -> HttpResponse:
    """What to do without a password, without an invitation, without the phone with the codes."""
    return render(request, "account/help.html", {"title": _("Help with signing in")})
