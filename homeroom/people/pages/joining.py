"""The way in by invitation: a link or QR code, or the short code of the slip."""

from __future__ import annotations

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from homeroom.kit.errors import Invalid
from homeroom.people import labels, services, throttle
from homeroom.people.contact import normal_phone
from homeroom.people.models import Account, Invitation
from homeroom.people.passwords import FAMILY_LENGTH, STAFF_LENGTH
from homeroom.people.queries import invitation_of_code, invitation_of_token, open_invitation
from homeroom.people.sessions import PERSON_KEY
from homeroom.people.sign_in import client_address

INVITATION_KEY = "invitation"  # the invitation this browser holds
PROVEN_KEY = "invitation_proven"  # the one whose last four digits were given
WRONG_CODES, WRONG_CODES_SPAN = (
    100,
    15 * 60,
)  # of one address: a whole school types codes behind one at a parents' evening


@never_cache
@require_GET
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link on a slip or in a message. The token leaves the address bar at once."""
    invitation = invitation_of_token(token, now=timezone.now())
    return _hold(request, invitation) if invitation is not None else _over(request)


@never_cache
@require_http_methods(["GET", "POST"])
def by_code(request: HttpRequest) -> HttpResponse:
    """Type the code of a slip. Wrong ones are counted for the address, right ones never are."""
    if request.method == "GET":
        return render(request, "people/join_code.html", {"code": "", "error": ""})
    code = request.POST.get("code", "").strip()
    tries = f"code:{client_address(request)}"
    if throttle.is_used_up(tries, WRONG_CODES):
        error = _("Too many wrong codes were typed here. Try again in a quarter of an hour, or scan the QR code.")
        return render(request, "people/join_code.html", {"code": code, "error": error}, status=429)
    invitation = invitation_of_code(code, now=timezone.now())
    if invitation is None:
        throttle.count(tries, WRONG_CODES_SPAN)
        error = _("This code is not known, or it has been used. Compare it with the slip, letter by letter.")
        return render(request, "people/join_code.html", {"code": code, "error": error}, status=422)
    return _hold(request, invitation)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest) -> HttpResponse:
    """Who is invited; then the last digits of the phone on record; then a password, or the account signed in here."""
    held = request.session.get(INVITATION_KEY)
    invitation = open_invitation(held, now=timezone.now()) if held else None
    if invitation is None:
        return _over(request) if held else redirect("people:join")
    proven = request.session.get(PROVEN_KEY) == invitation.pk or not normal_phone(invitation.person.phone)
    action = request.POST.get("action", "")
    try:
        if request.method == "POST" and action == "answer" and not proven:
            return _answer(request, invitation)
        if request.method == "POST" and action == "add" and proven and request.account is not None:  # type: ignore[attr-defined]
            return _add(request, invitation)
        if request.method == "POST" and action == "password" and proven:
            return _join(request, invitation)
    except Invalid as wrong:
        return _page(request, invitation, proven, {name: str(text) for name, text in wrong.fields.items()}, status=422)
    return _page(request, invitation, proven, {})


def _hold(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    request.session[INVITATION_KEY] = invitation.pk
    return redirect("people:welcome")


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "people/join_over.html", status=410)


def _answer(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    digits = request.POST.get("digits", "")
    if services.answer_invitation(invitation=invitation, digits=digits, now=timezone.now()):
        request.session[PROVEN_KEY] = invitation.pk
        return redirect("people:welcome")
    left = open_invitation(invitation.pk, now=timezone.now())
    if left is None:
        return _over(request)
    raise Invalid(fields={"digits": _("These are not the last four digits of the number the school has.")})


def _add(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    account: Account = request.account  # type: ignore[attr-defined]
    person = services.join_with_account(invitation=invitation, account=account, now=timezone.now())
    _forget(request)
    request.session[PERSON_KEY] = person.pk
    return redirect("/")


def _join(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    account, person = services.accept_invitation(
        invitation=invitation,
        password=request.POST.get("password", ""),
        phone=request.POST.get("phone", ""),
        username=request.POST.get("username", ""),
        now=timezone.now(),
    )
    if request.account is not None:  # type: ignore[attr-defined]
        request.session.flush()  # somebody else was signed in on this device
    _forget(request)
    request.session[PERSON_KEY] = person.pk
    record_authentication(request, account, method="invitation")
    answer: HttpResponse = perform_login(request, Login(user=account, redirect_url="/"))
    return answer


def _forget(request: HttpRequest) -> None:
    for key in (INVITATION_KEY, PROVEN_KEY):
        request.session.pop(key, None)


def _page(
    request: HttpRequest, invitation: Invitation, proven: bool, errors: dict[str, str], status: int = 200
) -> HttpResponse:
    person = invitation.person
    phone = normal_phone(person.phone)
    account: Account | None = request.account  # type: ignore[attr-defined]
    others = Account.objects.filter(is_active=True, phone_key=person.phone_key) if proven and phone else None
    known = others is not None and others.exclude(persons=person).exists()
    context = {
        "school": person.school,
        "proven": proven,
        "label": labels.label(person) if proven else labels.masked_label(person),
        "errors": errors,
        "typed": {name: request.POST.get(name, "") for name in ("phone", "username", "digits")},
        "masked_phone": f"{phone[:3]}****{phone[-4:]}" if phone else "",
        "needs_username": not phone,
        "renewing": person.account_id is not None,
        "mine": account is not None and person.account_id == account.pk,
        "account": account,
        "account_names": list(labels.labels(account.persons.values_list("pk", flat=True)).values()) if account else [],
        "known": known and account is None,
        "least": STAFF_LENGTH if person.is_staff_member else FAMILY_LENGTH,
    }
    return render(request, "people/join.html", context, status=status)
