"""One's own sign-in phone and e-mail address: changed with the password, the address only by a link sent to it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people import letters, services, throttle
from homeroom.people.contact import normal_phone
from homeroom.people.decorators import signed_in
from homeroom.people.models import AccountMail
from homeroom.people.requests import SignedInRequest

MAILS_AN_HOUR = 5


@signed_in
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def contact(request: SignedInRequest) -> HttpResponse:
    """The number I sign in with and my confirmed address; each changed with the password."""
    account = request.account
    errors: dict[str, str] = {}
    if request.method == "POST":
        tries = f"password:{account.pk}"  # counted with those of the page that changes the password
        try:
            if throttle.is_used_up(tries, 8):
                wait = _("Too many wrong passwords. Try again in a quarter of an hour.")
                raise Invalid(wait, fields={"password": wait})
            done = _change(request)
        except Invalid as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()} or {"": str(wrong)}
            if "password" in errors:
                throttle.count(tries, 15 * 60)
        else:
            messages.success(request, done)
            return redirect("people:contact")
    waiting = AccountMail.objects.filter(
        account=account, kind=AccountMail.Kind.CONFIRM, used_at__isnull=True, expires_at__gt=timezone.now()
    ).order_by("-pk")
    newest = waiting.first()
    context = {
        "phone": normal_phone(account.phone),
        "username": account.username,
        "email": account.email,
        "waits_for": newest.address if newest is not None and (newest.due_at or newest.token_key) else "",
        "mail_is_on": letters.is_on(),
        "errors": errors,
        "action": request.POST.get("action", ""),
        "typed": {name: request.POST.get(name, "") for name in ("phone", "email")},
    }
    return render(request, "people/contact.html", context, status=422 if errors else 200)


def _change(request: SignedInRequest) -> str:
    password, action = request.POST.get("password", ""), request.POST.get("action", "")
    account, person = request.account, request.person
    if action == "phone":
        services.change_phone(actor=person, account=account, phone=request.POST.get("phone", ""), password=password)
        return _("Saved. The school's own record of your number is kept by the school office.")
    if action == "email" and letters.is_on():
        mails = f"confirm:{account.pk}"
        if throttle.is_used_up(mails, MAILS_AN_HOUR):
            often = _("Several links were sent already. Look into the mailbox, or try again in an hour.")
            raise Invalid(often, fields={"email": often})
        services.ask_to_confirm(actor=person, account=account, address=request.POST.get("email", ""), password=password)
        throttle.count(mails, 60 * 60)
        return _("A link is on its way. The address is used once you have opened it.")
    if action == "no_email":
        services.remove_address(actor=person, account=account, password=password)
        return _("The address is removed.")
    raise NotVisible


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
def confirm(request: SignedInRequest, token: str) -> HttpResponse:
    """The link of the mail. It asks once more, because mail programs open links by themselves."""
    row = letters.usable(AccountMail.Kind.CONFIRM, token, now=timezone.now())
    if row is None:
        return render(request, "people/link_over.html", {"again": "people:contact"}, status=410)
    if row.account_id != request.account.pk:
        raise NotVisible
    if request.method == "POST":
        services.confirm_address(actor=request.person, account=request.account, token=token, now=timezone.now())
        messages.success(request, _("The address is confirmed. Mail comes there from now on."))
        return redirect("people:contact")
    return render(request, "people/confirm_address.html", {"address": row.address})
