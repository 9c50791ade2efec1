"""Password rules without puzzles: long enough, not one of the common ones, not the phone number.

No demand for capitals or signs: length is what protects (NIST SP 800-63B, 5.1.1.2), and a grandmother must be able to
choose one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from .contact import normal_phone

FAMILY_LENGTH = 8
STAFF_LENGTH = 10
# Common where Django's list, drawn from English sites, is not. Source: published counts of leaked Chinese passwords.
COMMON_HERE = frozenset(
    """
    woaini1314 5201314520 1314520520 woaini520 woaini521 woaiwojia qq123456 qq123456789 a123456789 aa123456 aa123456789
    zxcvbnm123 woaini123 wang1234 zhang123 asd123456 abc123456 q123456789 w123456789 z123456789 1qaz2wsx3edc 147258369
    123456789a 123456abc 1233211234567 jiazhang123 laoshi123 xuexiao123 mima123456 wodemima
    """.split()  # noqa: SIM905
)


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords) | COMMON_HERE


def least_length(account: Any) -> int:
    """Ten characters for staff, eight for everyone else."""
    if account is None or account.pk is None:
        return FAMILY_LENGTH
    for person in account.persons.all():
        if person.is_staff_member:
            return STAFF_LENGTH
    return FAMILY_LENGTH


def complaints(password: str, *, least: int, phone: str = "", username: str = "") -> list[str]:
    """What is wrong with a password, in words that say how to mend it; empty when it may be used."""
    found = []
    if len(password) < least:
        found.append(ngettext("Use at least %(n)d character.", "Use at least %(n)d characters.", least) % {"n": least})
    plain = password.lower().strip()
    if plain in _common() or len(set(plain)) <= 2 or plain in "01234567890123456789" or plain in "98765432109876543210":
        found.append(str(_("Many people use this password, so it is guessed first. Choose another.")))
    digits = normal_phone(password)
    if (phone and digits == normal_phone(phone)) or (username and plain == username.lower()):
        found.append(str(_("Do not use your phone number or user name as the password.")))
    return found


class PlainRules:
    """The rules for Django and allauth."""

    def validate(self, password: str, user: Any = None) -> None:
        found = complaints(
            password,
            least=least_length(user),
            phone=getattr(user, "phone", ""),
            username=getattr(user, "username", ""),
        )
        if found:
            raise ValidationError(found)

    def get_help_text(self) -> str:
        return str(_("At least 8 characters (10 for staff). A short sentence is easy to remember and hard to guess."))
