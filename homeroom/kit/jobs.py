"""Jobs: work that is done outside a request, by whichever process runs jobs.

The work itself is rows: a job takes those that are due by a conditional update, does them, and marks them done, so
any number of workers may run it, killed at any moment. Because of that a job takes no arguments and `wake` carries
none: waking says "look now", and a wake-up that gets lost is made good by the job's own period.

    @every(30)
    def send_due_reminders() -> None: ...

    wake("delivery.send_due_reminders")  # from a service: runs once the transaction is committed

A job is known by its module and function. One that is woken while it runs is run once more afterwards.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)
Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Cron:
    """Minutes named by the five fields of crontab(5), in the installation's time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday, as in crontab(5)

    @classmethod
    def parse(cls, text: str) -> Cron:
        """`"30 6 * * 1-5"`; each field is `*`, numbers, ranges, lists or steps. Raises ValueError otherwise."""
        fields = text.split()
        if len(fields) != 5:
            raise ValueError(f"{text!r} has {len(fields)} fields, crontab(5) has 5")
        limits = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
        return cls(*(_numbers(field, *limit) for field, limit in zip(fields, limits, strict=True)))

    def after(self, moment: datetime) -> datetime:
        """The first minute named that is later than `moment`."""
        local = moment.astimezone(ZoneInfo(settings.TIME_ZONE)).replace(second=0, microsecond=0)
        for _minute in range(60 * 24 * 366 * 5):  # five years reach a 29 February
            local += timedelta(minutes=1)
            if (
                local.month not in self.months
                or local.day not in self.days
                or local.isoweekday() % 7 not in self.weekdays
            ):
                local = local.replace(hour=23, minute=59)
            elif local.hour not in self.hours:
                local = local.replace(minute=59)
            elif local.minute in self.minutes:
                return local.astimezone(moment.tzinfo)
        raise ValueError("no such minute in the next five years")


def _numbers(field: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _slash, step = part.partition("/")
        first, _dash, last = span.partition("-")
        start = low if span == "*" else int(first)
        stop = high if span == "*" or (step and not last) else int(last or first)
        if not low <= start <= stop <= high:
            raise ValueError(f"{part!r} is not between {low} and {high}")
        found.update(range(start, stop + 1, int(step or 1)))
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Job:
    """A registered job. Without a period it runs only when woken."""

    name: str
    work: Work
    seconds: float | None = None
    cron: Cron | None = None

    @property
    def is_periodic(self) -> bool:
        return self.seconds is not None or self.cron is not None

    def next_after(self, moment: datetime) -> datetime:
        """When the job is due again, having been due at `moment`."""
        if self.cron is not None:
            return self.cron.after(moment)
        return moment + timedelta(seconds=self.seconds or 0)


registry: dict[str, Job] = {}
stop = Event()
_wakers: list[Callable[[str], None]] = []


def _register(work: Work, seconds: float | None, cron: Cron | None) -> Work:
    module = work.__module__.removeprefix("homeroom.").partition(".")[0]
    name = f"{module}.{work.__name__}"
    known = registry.get(name)
    if known is not None and (known.work.__module__, known.work.__qualname__) != (work.__module__, work.__qualname__):
        raise ValueError(f"two jobs are called {name}")
    registry[name] = Job(name, work, seconds, cron)
    return work


def job(work: Work) -> Work:
    """Register a job that runs only when woken."""
    return _register(work, None, None)


def every(seconds: float | None = None, *, cron: str | None = None) -> Callable[[Work], Work]:
    """Register a job that runs every `seconds`, or at the minutes `cron` names, and whenever it is woken.

    A period missed while nothing ran jobs is made up for once, at the next start.
    """
    if (seconds is None) == (cron is None):
        raise ValueError("give either seconds or cron")
    parsed = Cron.parse(cron) if cron is not None else None
    return lambda work: _register(work, seconds, parsed)


def stopping() -> bool:
    """Whether the process is being stopped: a long job checks this between two rows and leaves the rest as due."""
    return stop.is_set()


def wake(name: str) -> None:
    """Run the job `name` soon after the current transaction commits; at once when there is none."""
    if name not in registry:
        raise ValueError(f"no job is called {name}; known are {', '.join(sorted(registry))}")
    transaction.on_commit(lambda: _wake_now(name), robust=True)


def _wake_now(name: str) -> None:
    for waker in _wakers:
        waker(name)


def set_waker(waker: Callable[[str], None] | None) -> None:
    """Called by the site: how a wake-up travels to the process that runs jobs."""
    _wakers[:] = [waker] if waker else []
