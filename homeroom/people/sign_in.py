"""Signing in: by user name or phone with a password, the count of wrong ones, and where allauth asks us.

A phone number is not unique: of the accounts with that phone, those whose password matches are meant, and when there
are several the page asks which person it is.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, cast

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from axes.helpers import get_client_cache_keys
from axes.utils import reset
from django.conf import settings
from django.contrib.auth import login as django_login
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from homeroom.kit.encryption import decrypt, encrypt
from homeroom.ui import public as ui

from . import throttle
from .contact import normal_phone, phone_key
from .devices import device_name
from .models import Account, Person, Session
from .sessions import ADDRESS_KEY, DEVICE_KEY, PERSON_KEY

BACKEND = "homeroom.people.sign_in.Backend"
CHOICE_KEY = "sign_in_choice"
CHOICE_FOR = timedelta(minutes=5)
REMEMBERED_FOR = timedelta(minutes=10)
GUESSES, GUESSES_SPAN = 100, 60 * 60


class Backend(BaseBackend):
    """User name or phone, and password. An unknown name costs the same time as a wrong password."""

    def authenticate(
        self, request: HttpRequest | None, username: str = "", password: str = "", **others: Any
    ) -> Account | None:
        """The account meant. Where several of one phone match, `request.accounts_meant` has them all."""
        if not username or not password:
            return None
        matching = [account for account in self._named(username) if account.check_password(password)]
        if request is not None:
            request.accounts_meant = matching  # type: ignore[attr-defined]
        return matching[0] if matching else None

    def _named(self, name: str) -> list[Account]:
        accounts = Account.objects.filter(is_active=True)
        phone = normal_phone(name)
        meant = Q(username=name.strip().lower())  # also beside a phone: anybody may enter what is another's user name
        if phone:
            meant |= Q(phone_key=phone_key(phone))
        found = list(accounts.filter(meant).order_by("id"))
        if not found:
            make_password(name)
        return found

    def get_user(self, user_id: int) -> Account | None:
        return Account.objects.filter(pk=user_id, is_active=True).first()


def client_address(request: HttpRequest) -> str:
    """The client's address; the bridge has already looked through trusted proxies."""
    return str(request.META.get("REMOTE_ADDR") or "127.0.0.1")


def counted_name(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """The name under which wrong passwords are counted: one for all the ways of writing a phone number."""
    typed = (
        str((credentials or {}).get("username") or (request.POST.get("login", "") if request else "")).strip().lower()
    )
    return phone_key(typed) or typed[:60]


def forget_failures(request: HttpRequest, typed: str) -> None:
    """Forget the wrong passwords counted for what was typed, at this address.

    Not those of a phone that another account has rightly: anybody may sign in with the number of somebody else, and
    would guess at the other's password between two times with their own.
    """
    signed_in = {account.pk for account in getattr(request, "accounts_meant", ())}
    if phone_key(typed) and set(_rightly_named(typed).values_list("pk", flat=True)) - signed_in:
        return
    reset(ip=client_address(request), username=counted_name(None, {"username": typed}))


def _rightly_named(typed: str) -> QuerySet[Account]:
    """The accounts meant by a name; of a phone, those whose person has it on record at a school, if there are any.

    A number somebody only entered for signing in, unproven, gives them no say over whoever the school knows by it.
    """
    named = Q(username=typed.strip().lower())
    if not phone_key(typed):
        return Account.objects.filter(named, is_active=True)
    on_record = Person.objects.filter(account_id=OuterRef("pk"), phone_key=phone_key(typed), archived_at__isnull=True)
    known = Account.objects.filter(named | (Q(phone_key=phone_key(typed)) & Exists(on_record)), is_active=True)
    if known.exists():
        return known
    return Account.objects.filter(phone_key=phone_key(typed), is_active=True)


def is_attacked(request: HttpRequest, typed: str) -> bool:
    """Whether this name was guessed at a hundred times within an hour, from wherever, and this is a strange address.

    Each address has its own count, so many addresses together could try many passwords. Whoever is signed in on some
    device behind this address, or was in the last weeks, is not asked to wait for that.
    """
    if not throttle.is_used_up(f"guess:{counted_name(None, {'username': typed})}", GUESSES):
        return False
    here = Session.objects.filter(account_id=OuterRef("pk"), address=client_address(request))
    meant = _rightly_named(typed)
    # Of a phone that several have rightly, all: one of them might guess at the others.
    return not meant.exists() or meant.exclude(Exists(here)).exists()


def count_guess(typed: str) -> None:
    """Count one wrong password for a name, whatever the address; whether the name exists makes no difference."""
    throttle.count(f"guess:{counted_name(None, {'username': typed})}", GUESSES_SPAN)


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """The page for somebody who has tried too often: when to try again, and the other way in."""
    until = locked_until(request, credentials)
    return render(request, "account/locked.html", {"until": until}, status=429)


def locked_until(request: HttpRequest, credentials: dict[str, Any] | None) -> datetime:
    """When the lock that is closing now, or closed a while ago, opens again."""
    key = "locked:" + get_client_cache_keys(request, credentials)[0]
    until = time.time() + settings.AXES_COOLOFF_TIME.total_seconds()
    cache.add(key, until, settings.AXES_COOLOFF_TIME.total_seconds())
    return datetime.fromtimestamp(float(cache.get(key, until)), tz=timezone.get_current_timezone())


def sign_in(request: HttpRequest, account: Account, *, person: Person | None = None) -> None:
    """Open a session for `account`, acting as `person` when given. Whoever calls has made sure that it is them."""
    django_login(request, account, backend=BACKEND)
    remember_device(request)
    if person is not None:
        request.session[PERSON_KEY] = person.pk
    request.session.set_expiry(settings.SESSION_COOKIE_AGE)


def remember_device(request: HttpRequest) -> None:
    """Note on the session what the devices page will show."""
    request.session[DEVICE_KEY] = device_name(request.META.get("HTTP_USER_AGENT", ""))
    request.session[ADDRESS_KEY] = client_address(request)


def remember_choice(request: HttpRequest, accounts: list[Account], target: str | None) -> None:
    """Several accounts matched phone and password: keep them until the person has said who they are."""
    request.session[CHOICE_KEY] = {"accounts": [a.pk for a in accounts], "at": time.time(), "next": target or "/"}


def remembered_choice(request: HttpRequest) -> tuple[list[Account], str]:
    """The accounts to choose from and where to go next; none after five minutes."""
    kept = request.session.get(CHOICE_KEY)
    if not kept or time.time() - kept["at"] > CHOICE_FOR.total_seconds():
        return [], "/"
    return list(Account.objects.filter(pk__in=kept["accounts"], is_active=True).order_by("id")), str(kept["next"])


class AccountAdapter(DefaultAccountAdapter):
    """Where allauth asks us about accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts come from invitations only."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Nothing: axes counts wrong passwords."""

    def login(self, request: HttpRequest, user: Account) -> None:
        django_login(request, user, backend=BACKEND)
        remember_device(request)

    def post_login(self, request: HttpRequest, user: Account, **details: Any) -> HttpResponse:
        """Bring the account's language and elder mode to a device that has just been signed in."""
        response = cast("HttpResponse", super().post_login(request, user, **details))
        restore_preferences(request, response, user)
        return response

    def add_message(self, *arguments: Any, **details: Any) -> None:
        """The library's own announcements are not shown: our pages say what happened."""

    def is_reauthentication_required(self, *, app: str, **details: Any) -> bool:
        """Whoever gave the password ten minutes ago is not asked for it again."""
        request = context.request
        records = get_authentication_records(request, request.user)
        given = [record["at"] for record in records if record.get("method") in {"password", "mfa", "invitation"}]
        return not given or time.time() - max(given) > REMEMBERED_FOR.total_seconds()


class SecondFactorAdapter(DefaultMFAAdapter):
    """Where allauth asks us about the second factor; its secrets are stored encrypted."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request) if request is not None else super().__init__()
        self.error_messages = {
            **DefaultMFAAdapter.error_messages,
            "incorrect_code": _("This code is not right. Codes change every 30 seconds: enter the one shown now."),
        }

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

    def get_totp_issuer(self) -> str:
        return str(settings.SITE_NAME)

    def build_totp_svg(self, url: str) -> str:
        return qr_svg(url, _("QR code for the authenticator app"))


def restore_preferences(request: HttpRequest, response: HttpResponse, account: Account) -> None:
    """Store on the device what the account remembers."""
    values = {}
    if account.language:
        values["language"] = account.language
    if account.elder_mode is not None:
        values["elder"] = "1" if account.elder_mode else "0"
    if values:
        ui.remember_preferences(request, response, **values)


def qr_svg(text: str, title: str) -> str:
    """A QR code as inline SVG, black on white in every theme."""
    code = segno.make(text, error="m", micro=False)
    return str(
        code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None, title=title)
    )
