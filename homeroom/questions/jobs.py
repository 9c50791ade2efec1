"""What questions do by themselves."""

from __future__ import annotations

from django.utils import timezone

from homeroom.kit.jobs import every

from . import due, services


@every(30)
def watch_clocks() -> None:
    """Warn before a reply is late, tell those above when it is, close what nobody objected to."""
    due.watch_clocks(now=timezone.now())


@every(30)
def watch_promises() -> None:
    """Remind of promises and follow-ups that are due, tell of late ones."""
    due.watch_promises(now=timezone.now())


@every(600)
def release_owners() -> None:
    """Give on what is owned by somebody whose duty has ended."""
    services.release_owners(now=timezone.now())
