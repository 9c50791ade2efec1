"""Normal forms and fingerprints of phone numbers and ID numbers."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from homeroom.kit.encryption import fingerprint

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_CHECKS = "10X98765432"


def normal_phone(text: str) -> str:
    """Digits of a phone number without +86 or punctuation; "" when it cannot be one.

    Mainland mobile numbers have 11 digits from 13 to 19; landlines keep their area code.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if text.endswith(".0"):
        text = text[:-2]
    digits = re.sub(r"[\s\-()·.]", "", text)
    digits = re.sub(r"^(\+|00)?86(?=1\d{10}$)", "", digits)
    return digits if re.fullmatch(r"1[3-9]\d{9}|0\d{9,11}|\+?\d{7,15}", digits) else ""


def phone_key(phone: str) -> str:
    """Fingerprint by which a phone is looked up; "" for no phone."""
    return fingerprint(normal_phone(phone), "phone")


def normal_id_number(text: str) -> str:
    """An 18-digit resident ID number with a right check digit, else "". Source: GB 11643-1999."""
    text = unicodedata.normalize("NFKC", text).strip().upper().replace(" ", "")
    if not re.fullmatch(r"\d{17}[\dX]", text):
        return ""
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return text if _CHECKS[total % 11] == text[17] and born_on_of(text) else ""


def born_on_of(id_number: str) -> date | None:
    """The birth date inside an ID number; None when it is no date."""
    try:
        return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError:
        return None


def sex_of(id_number: str) -> str:
    """`m` or `f`: the parity of the 17th digit."""
    return "m" if int(id_number[16]) % 2 else "f"


def id_number_key(id_number: str) -> str:
    return fingerprint(normal_id_number(id_number), "id_number")
