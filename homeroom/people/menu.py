"""The menu entries of people, and what an account remembers of a device's choices."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from homeroom.ui.public import MenuEntry, Preferences

from . import services


def _keeps_roster(request: HttpRequest) -> bool:
    person: Any = getattr(request, "person", None)
    return person is not None and person.keeps_roster(person.school_id)


def _is_staff(request: HttpRequest) -> bool:
    person: Any = getattr(request, "person", None)
    return person is not None and person.is_staff_member


def _heads_a_class(request: HttpRequest) -> bool:
    person: Any = getattr(request, "person", None)
    return _keeps_roster(request) or (person is not None and person.has_role("class_teacher"))


def _signed_in(request: HttpRequest) -> bool:
    return getattr(request, "account", None) is not None


MAIN = [
    MenuEntry("students", _("Students"), "users", "people:students", _is_staff, order=60),
    MenuEntry("invitations", _("Invite"), "qrcode", "people:invitations", _heads_a_class, order=70),
    MenuEntry("setup", _("School"), "settings", "people:setup", _keeps_roster, order=80),
    MenuEntry("me", _("Me"), "user", "people:me", order=90),
]
ACCOUNT = [
    MenuEntry("me", _("My account"), "user", "people:me", order=10),
    MenuEntry("person", _("Act as somebody else"), "users", "people:choose_person", _signed_in, order=20),
    MenuEntry("devices", _("Devices"), "devices", "people:devices", order=30),
    MenuEntry("sign_out", _("Sign out"), "logout", "people:sign_out", _signed_in, order=99),
]


def remember(request: HttpRequest, chosen: Preferences) -> None:
    """Keep language and elder mode with the account, for its next device."""
    account = getattr(request, "account", None)
    if account is not None:
        services.remember_preferences(account=account, language=chosen.language, elder=chosen.elder)
