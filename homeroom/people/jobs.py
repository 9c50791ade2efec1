"""What people do by themselves."""

from __future__ import annotations

from django.utils import timezone

from homeroom.kit.jobs import every

from . import letters


@every(30)
def send_account_mail() -> None:
    """Send mail about accounts."""
    letters.send_due(now=timezone.now)


@every(cron="40 3 * * *")
def remove_old_account_mail() -> None:
    """Forget mails long over."""
    letters.remove_old(now=timezone.now())
