"""Handing events to their readers, and forgetting old entries."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from homeroom.eventlog import readers
from homeroom.kit.jobs import every

KEPT_FOR = timedelta(days=60)  # as long as a session lasts: whoever is still signed in can still catch up


@every(60)
def hand_out_events() -> None:
    """Hand waiting events to their readers; woken by every commit some reader waits for."""
    readers.run_readers(now=timezone.now())


@every(cron="20 3 * * *")
def forget_old_entries() -> None:
    """Delete what is older than two months; a client that was away longer loads the page afresh."""
    readers.prune(before=timezone.now() - KEPT_FOR)
