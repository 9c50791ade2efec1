"""What conversations do by themselves."""

from __future__ import annotations

from django.utils import timezone

from homeroom.kit.jobs import every

from . import services


@every(cron="4 * * * *")
def follow_dates() -> None:
    """Hourly, because schools lie in different time zones: each finds substitutes and successors on a new day."""
    services.dates_moved(now=timezone.now())
    services.carry_out_due(now=timezone.now())
