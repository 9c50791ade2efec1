"""What files do by themselves."""

from __future__ import annotations

from django.utils import timezone

from homeroom.kit.jobs import every

from . import services


@every(cron="20 3 * * *")
def remove_unclaimed() -> None:
    services.remove_unclaimed(now=timezone.now())
