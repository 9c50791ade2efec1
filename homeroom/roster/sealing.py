"""Packing what a run holds: compressed, and encrypted with the keys of the encrypted columns."""

from __future__ import annotations

import zlib

from homeroom.kit.encryption import decrypt_bytes, encrypt_bytes


def sealed(content: bytes) -> bytes:
    return encrypt_bytes(zlib.compress(content, 3))


def opened(content: bytes) -> bytes:
    return zlib.decompress(decrypt_bytes(content))
