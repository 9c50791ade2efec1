"""What conversations do by themselves."""

from __future__ import annotations

from django.utils import timezone

from homeroom.kit.jobs import every

from . import entering, figures, services
from .hours import count_all_usual_times
from .services.away import answer_for_the_away
from .services.scheduling import send_due
from .services.unopened import settle_opened, tell_of_unopened

_tail = entering.Tail()


@every(20)
def send_scheduled() -> None:
    """Messages whose time has come."""
    send_due(now=timezone.now())


@every(20)
def answer_for_those_away() -> None:
    """Families that have written to somebody who is away are told so."""
    answer_for_the_away(now=timezone.now())


@every(cron="35 2 * * *")
def count_usual_reply_times() -> None:
    """Nightly, because it reads the last months' threads."""
    count_all_usual_times(now=timezone.now())


@every(cron="4 * * * *")
def follow_dates() -> None:
    """Hourly, because schools lie in different time zones: each finds substitutes and successors on a new day."""
    services.dates_moved(now=timezone.now())
    services.carry_out_due(now=timezone.now())


@every(300)
def note_exchanges() -> None:
    """How long families waited for the answers that have come, for figures."""
    figures.note_exchanges(now=timezone.now())


@every(1)
def enter_in_search() -> None:
    """What was said becomes findable."""
    entering.enter_new(_tail, now=timezone.now())


@every(60)
def tell_of_unopened_messages() -> None:
    """Whoever has not read for a while is told over their ways outside."""
    tell_of_unopened(now=timezone.now())


@every(20)
def settle_opened_messages() -> None:
    """What was read in the conversation is read in the inbox."""
    settle_opened(now=timezone.now())
