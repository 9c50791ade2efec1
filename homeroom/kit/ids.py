"""Identifiers that leave the server."""

from __future__ import annotations

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A UUIDv7: sorted by time, so an index on it stays compact. Source: RFC 9562, section 5.7."""
    return uuid_utils.compat.uuid7()
