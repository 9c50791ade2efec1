"""Carrying imports on in the background."""

from __future__ import annotations

from django.utils import timezone

from homeroom.kit.jobs import every, stopping

from .services import carry_out, claim_next, forget_old_files


@every(20)
def carry_runs() -> int:
    """Do every step that an import waits for."""
    done = 0
    while not stopping() and (run := claim_next(timezone.now())) is not None:
        carry_out(run)
        done += 1
    return done


@every(cron="20 3 * * *")
def forget_old_rosters() -> int:
    """Delete uploaded files and plans after their time."""
    return forget_old_files(timezone.now())
