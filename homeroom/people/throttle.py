"""Counting wrong guesses where every process sees the count."""

from __future__ import annotations

from django.core.cache import cache


def is_used_up(what: str, limit: int) -> bool:
    """Whether `what` was counted `limit` times within its span."""
    return int(cache.get(f"tries:{what}", 0)) >= limit


def count(what: str, seconds: int) -> None:
    """Count one try; the span begins with the first."""
    key = f"tries:{what}"
    if not cache.add(key, 1, seconds):
        tries = int(cache.get(key, 0)) + 1
        cache.set(key, tries, seconds)
