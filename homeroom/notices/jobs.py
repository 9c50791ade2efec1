"""What notices do by themselves."""

from __future__ import annotations

from django.utils import timezone

from homeroom.kit.jobs import every

from . import services


@every(15)
def publish_due() -> None:
    """Publish what is due; what a stopped server missed goes out at its next start."""
    services.publish_due(now=timezone.now())
