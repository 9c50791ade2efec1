"""What conversations do by themselves."""

from __future__ import annotations

from django.utils import timezone

from homeroom.kit.jobs import every

from . import figures, services


@every(cron="4 * * * *")
def follow_dates() -> None:
    """Hourly, because schools lie in different time zones: each finds substitutes and successors on a new day."""
    services.dates_moved(now=timezone.now())
    services.carry_out_due(now=timezone.now())


@every(300)
def note_exchanges() -> None:
    """How long families waited for the answers that have come, for figures."""
    figures.note_exchanges(now=timezone.now())
