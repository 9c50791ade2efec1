"""A forgotten password: a new slip from the school, or a link to the confirmed e-mail address."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from homeroom.kit.errors import Invalid
from homeroom.people import letters, services, throttle
from homeroom.people.contact import phone_key
from homeroom.people.models import AccountMail
from homeroom.people.passwords import least_length
from homeroom.people.services.contact import LinkOver
from homeroom.people.sign_in import client_address

LINK_KEY = "new_password"  # the mail whose link this browser holds
OF_ONE_ADDRESS, OF_ONE_NAME, SPAN = 60, 3, 60 * 60  # a whole school asks from behind one address


@never_cache
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Every way to a new password. What a link is asked for is answered alike, whoever exists."""
    context = {"mail_is_on": letters.is_on(), "asked": False, "error": "", "typed": ""}
    if request.method == "GET" or not letters.is_on():
        return render(request, "account/forgotten.html", context)
    typed = request.POST.get("name", "").strip()[:200]
    if not typed:
        context["error"] = _("Enter your phone number, e-mail address or user name.")
        return render(request, "account/forgotten.html", context, status=422)
    here = f"forgotten:{client_address(request)}"
    if throttle.is_used_up(here, OF_ONE_ADDRESS):
        context |= {"error": _("Very many links were asked for here. Try again in an hour."), "typed": typed}
        return render(request, "account/forgotten.html", context, status=429)
    throttle.count(here, SPAN)
    theirs = f"forgotten:{phone_key(typed) or typed.lower()}"
    if not throttle.is_used_up(theirs, OF_ONE_NAME):  # beyond that nothing is sent, and nothing tells so
        throttle.count(theirs, SPAN)
        services.ask_for_link(typed=typed)
    return render(request, "account/forgotten.html", context | {"asked": True})


@never_cache
@require_GET
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail. The token leaves the address bar at once; opening it spends nothing."""
    row = letters.usable(AccountMail.Kind.RESET, token, now=timezone.now())
    if row is None:
        return _over(request)
    request.session[LINK_KEY] = row.pk
    return redirect("people:new_password")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def new_password(request: HttpRequest) -> HttpResponse:
    """Choose it; then sign in with it, second factor and all."""
    row = AccountMail.objects.select_related("account").filter(pk=request.session.get(LINK_KEY, 0)).first()
    if row is None or row.account is None or not letters.is_usable(row, now=timezone.now()):
        return _over(request)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            services.set_forgotten_password(row=row, password=request.POST.get("password", ""), now=timezone.now())
        except LinkOver:
            return _over(request)
        except Invalid as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()}
        else:
            del request.session[LINK_KEY]
            messages.success(request, _("The new password is set. Sign in with it."))
            return redirect("account_login")
    context = {"username": row.account.username, "least": least_length(row.account), "errors": errors}
    return render(request, "account/new_password.html", context, status=422 if errors else 200)


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "people/link_over.html", {"again": "people:forgotten"}, status=410)
