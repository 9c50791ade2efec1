"""Work done outside requests. Every piece is a row taken by a conditional update: any number of workers may run."""

from __future__ import annotations

from django.utils import timezone

from homeroom.kit.jobs import every

from . import dispatching, due


@every(10)
def send_dispatches() -> None:
    """Send what is due outside the platform."""
    dispatching.send_due(now=timezone.now)


@every(20)
def send_due_reminders() -> None:
    """Remind by plan, tell senders whom no reminder moved, close what is past its deadline."""
    due.remind(now=timezone.now())
    due.escalate(now=timezone.now())
    due.close(now=timezone.now())


@every(20)
def surface_copies() -> None:
    """Bring digests and what was put away back into the feeds when their time comes."""
    due.surface_digests(now=timezone.now())
    due.return_snoozed(now=timezone.now())
