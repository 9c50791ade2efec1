"""Encrypted columns, and keyed fingerprints by which an encrypted value can still be found.

The key file holds one key a line, newest first: new values are written with the first, old values are read with any,
so a key is rotated by putting a new line on top. A fingerprint is HMAC-SHA256 of the normalised value under its own
key derived from the *last* line: rotation must not change it, or look-up would break.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models


def _derived(secret: str, purpose: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=b"homeroom", info=purpose.encode()).derive(secret.encode())


@lru_cache(maxsize=4)
def _cipher(secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(secret, "fields"))) for secret in secrets])


@lru_cache(maxsize=4)
def _fingerprint_key(secret: str) -> bytes:
    return _derived(secret, "fingerprints")


def encrypt(text: str) -> str:
    """`text` as a Fernet token (ASCII)."""
    return _cipher(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode("ascii")


def decrypt(token: str) -> str:
    """The text of a token written with any of the current keys. Raises InvalidToken otherwise."""
    return _cipher(tuple(settings.FIELD_KEYS)).decrypt(token.encode("ascii")).decode()


def encrypt_bytes(content: bytes) -> bytes:
    """`content` as a Fernet token, for whole files."""
    return _cipher(tuple(settings.FIELD_KEYS)).encrypt(content)


def decrypt_bytes(token: bytes) -> bytes:
    """The content of a token written with any of the current keys. Raises InvalidToken otherwise."""
    return _cipher(tuple(settings.FIELD_KEYS)).decrypt(token)


class Sealed(str):
    """A token made beforehand, so that an import need not encrypt thousands of values while it holds the write lock."""

    __slots__ = ()


def can_read(token: str, keys: list[str]) -> bool:
    """Whether `keys` decrypt `token`; a backup is checked with it before it replaces anything."""
    try:
        _cipher(tuple(keys)).decrypt(token.encode("ascii"))
    except InvalidToken:
        return False
    return True


def fingerprint(value: str, purpose: str) -> str:
    """32 hex digits that are equal for equal `value` and `purpose`, and tell nothing without the key.

    The caller normalises `value` first (a phone number to digits). An empty value has an empty fingerprint, which
    must never be used for matching.
    """
    if not value:
        return ""
    key = _fingerprint_key(settings.FIELD_KEYS[-1])
    return hmac.new(key, f"{purpose}:{value}".encode(), hashlib.sha256).hexdigest()[:32]


if TYPE_CHECKING:
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField  # Django's fields take type arguments in the stubs only


class EncryptedTextField(_TextField):
    """Text stored as a Fernet token; empty stays empty. It cannot be filtered on: store a fingerprint beside it."""

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Sealed):
            return str(value)
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        return decrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name in {"isnull"}:
            return super().get_lookup(lookup_name)
        raise TypeError(f"{self.name} is encrypted: look it up by its fingerprint column")
