"""Two memberships become one, when two entries of one human do."""

from __future__ import annotations

from .models import Membership


def join_memberships(kept: Membership, other: Membership) -> None:
    """`kept` then sees and has read what either had; a moderator's silence holds on."""
    kept.since_number = min(kept.since_number, other.since_number)
    kept.read_number = max(kept.read_number, other.read_number)
    kept.can_speak = kept.can_speak or other.can_speak
    kept.muted_until = max(filter(None, (kept.muted_until, other.muted_until)), default=None)
    kept.joined_at = min(kept.joined_at, other.joined_at)
    kept.ends_at = max(kept.ends_at, other.ends_at) if kept.ends_at and other.ends_at else None
    other.delete()
    kept.save()
