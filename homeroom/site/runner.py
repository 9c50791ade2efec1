"""Running the modules' jobs: Huey carries wake-ups between processes, rows say what is due.

When a periodic job is due stands in the database, so any number of processes may run jobs, and a period missed by all
of them is made up for. Whoever runs a periodic job holds its lease, kept alive by its clock; a process that dies
loses it within a minute.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DatabaseError, close_old_connections, connections, transaction
from django.utils import timezone
from huey.consumer import Consumer, ConsumerStopped, Scheduler, Worker
from prometheus_client import Counter, Histogram

from homeroom.kit import jobs
from homeroom.kit.models import Heartbeat, PeriodicJob
from homeroom.site.jobs import queue, wake_elsewhere

log = structlog.get_logger("homeroom.jobs")

LEASE = timedelta(seconds=15)  # prolonged at each beat while the process lives
BEAT = timedelta(seconds=5)
LOOK_AGAIN = 0.25  # seconds between looks for a wake-up from another process
OWNER = f"{socket.gethostname()[:40]}:{os.getpid()}"
RAN = Histogram("homeroom_job_seconds", "Time a job ran", ["job"], buckets=(0.01, 0.1, 0.5, 1, 5, 30, 120))
FAILED = Counter("homeroom_job_failures_total", "Jobs that ended with an error", ["job"])


class Here:
    """What this process wants to run and is running: one job never runs twice at a time in it."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.wanted: dict[str, None] = {}  # a dict keeps the order
        self.running: set[str] = set()
        self.due = threading.Event()  # the clock saw something due
        self.woken = threading.Event()

    def want(self, name: str) -> None:
        """Run `name` as soon as a worker is free; once, however often this is said before it starts."""
        with self.guard:
            self.wanted[name] = None
        self.woken.set()

    def next_wanted(self) -> str | None:
        """Take a wanted job that is not running; it now is."""
        with self.guard:
            for name in self.wanted:
                if name not in self.running:
                    del self.wanted[name]
                    self.running.add(name)
                    return name
        return None

    def start(self, name: str) -> bool:
        """Mark `name` as running; False when it already is."""
        with self.guard:
            if name in self.running:
                return False
            self.running.add(name)
            return True

    def end(self, name: str) -> None:
        with self.guard:
            self.running.discard(name)
        self.woken.set()


here = Here()


def run_job(name: str) -> bool:
    """Do the job's work on this thread; whether it ended well. A failure is logged: the next period tries again."""
    job = jobs.registry.get(name)
    if job is None:  # woken by another version of the program
        log.warning("unknown job", job=name)
        return False
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(job=name)
    started = time.perf_counter()
    try:
        job.work()
    except Exception:
        FAILED.labels(name).inc()
        log.exception("job failed")
        return False
    finally:
        RAN.labels(name).observe(time.perf_counter() - started)
        structlog.contextvars.clear_contextvars()
    return True


def _is_due(row: PeriodicJob, now: datetime) -> bool:
    """Due, and leased to nobody; times far ahead mean that the clock was set back, and waiting could take years."""
    if row.leased_until is not None and now < row.leased_until <= now + 2 * LEASE:
        return False
    latest = jobs.registry[row.name].next_after(now) + timedelta(minutes=2)
    return row.due_at <= now or row.due_at > latest


def due_jobs(now: datetime) -> list[PeriodicJob]:
    """Periodic jobs that wait to be run, the longest waiting first. A job never seen before is due at once."""
    known = {name for name, job in jobs.registry.items() if job.is_periodic}
    rows = {row.name: row for row in PeriodicJob.objects.filter(name__in=known)}
    if new := [PeriodicJob(name=name, due_at=now) for name in sorted(known - set(rows))]:
        PeriodicJob.objects.bulk_create(new, ignore_conflicts=True)
        rows.update({row.name: row for row in PeriodicJob.objects.filter(name__in=[row.name for row in new])})
    return sorted((row for row in rows.values() if _is_due(row, now)), key=lambda row: row.due_at)


def claim(row: PeriodicJob, now: datetime) -> bool:
    """Take the lease of a due job, unless somebody else was quicker."""
    with transaction.atomic():
        same = PeriodicJob.objects.filter(name=row.name, due_at=row.due_at, leased_by=row.leased_by)
        return bool(same.update(leased_until=now + LEASE, leased_by=OWNER))


def run_due() -> bool:
    """Claim and run one due job; False when there was none."""
    now = timezone.now()
    for row in due_jobs(now):
        if not here.start(row.name):
            continue
        try:
            if not claim(row, now):
                continue
            well = run_job(row.name)
            _finish(row, well)
            return True
        finally:
            here.end(row.name)
    return False


def _finish(row: PeriodicJob, well: bool) -> None:
    now = timezone.now()
    job = jobs.registry[row.name]
    following = job.next_after(min(row.due_at, now))
    if following <= now:  # periods missed are made up for once, not one by one
        following = job.next_after(now)
    with transaction.atomic():
        PeriodicJob.objects.filter(name=row.name, leased_by=OWNER).update(
            due_at=following, leased_until=None, leased_by="", finished_at=now, failed_at=None if well else now
        )


def release_leases() -> None:
    """Let other processes have at once what this one did not finish."""
    with transaction.atomic():
        PeriodicJob.objects.filter(leased_by=OWNER).update(leased_until=None, leased_by="")


class JobWorker(Worker):
    """Huey's worker, which looks first at what its own process wants and at what is due."""

    def loop(self, now: Any = None) -> None:
        close_old_connections()
        try:
            name = here.next_wanted()
            if name is not None:
                try:
                    run_job(name)
                finally:
                    here.end(name)
                return
            if here.due.is_set():
                if not run_due():
                    here.due.clear()
                return
        except DatabaseError:
            log.exception("a job's row could not be reached; the clock asks again")
            here.due.clear()
        finally:
            close_old_connections()
        super().loop(now)

    def sleep(self) -> None:
        """Until woken, or until it is time to look at Huey's queue again."""
        here.woken.wait(LOOK_AGAIN)
        here.woken.clear()

    def shutdown(self) -> None:
        super().shutdown()
        connections.close_all()


class Clock(Scheduler):
    """Huey's scheduler thread: each second looks for what is due, keeps this process's leases, beats the heart."""

    beaten: datetime | None = None

    def loop(self, now: Any = None) -> None:
        try:
            self.tick(now or timezone.now())
        except DatabaseError:
            log.exception("the clock could not reach the database; it tries again")
        finally:
            close_old_connections()
        self.stop_flag.wait(1)

    def tick(self, now: datetime) -> None:
        """One look. Separate so that a test can say what time it is."""
        if self.beaten is None or abs(now - self.beaten) >= BEAT:
            with transaction.atomic():
                Heartbeat.objects.update_or_create(name="jobs", defaults={"beat_at": now})
                PeriodicJob.objects.filter(leased_by=OWNER).update(leased_until=now + LEASE)
            self.beaten = now
        if due_jobs(now):
            here.due.set()
            here.woken.set()

    def shutdown(self) -> None:
        super().shutdown()
        connections.close_all()


class JobConsumer(Consumer):
    """Huey's consumer on a thread of a process that has its own signal handlers."""

    worker_class = JobWorker
    scheduler_class = Clock

    def _set_signal_handlers(self) -> None:
        """Signals belong to whoever started the process; it calls Runner.stop."""


class Runner:
    """The jobs of this process: `start`, later `stop`."""

    def __init__(self, workers: int) -> None:
        self.consumer = JobConsumer(queue()[0], workers=workers, periodic=False, shutdown_timeout=None)
        self._thread = threading.Thread(target=self._watch, name="jobs", daemon=True)

    def start(self) -> None:
        jobs.stop.clear()
        jobs.set_waker(here.want)
        self.consumer.start()
        self._thread.start()

    def _watch(self) -> None:
        """Start a worker or the clock again should one have died."""
        checked = time.monotonic()
        with contextlib.suppress(ConsumerStopped):
            while True:
                checked = self.consumer.loop(checked)

    def ask_to_stop(self) -> None:
        """Start nothing new; long jobs see it in `jobs.stopping()`. Safe in a signal handler."""
        jobs.stop.set()
        self.consumer.stop_flag.set()
        here.woken.set()

    def stop(self, timeout: float) -> bool:
        """Wait for running jobs, then release what they hold; True when all of them finished in time."""
        self.ask_to_stop()
        self.consumer.shutdown_timeout = timeout
        finished = bool(self.consumer._join_workers())
        if not finished:
            log.warning("jobs did not finish in time and will be repeated", jobs=sorted(here.running))
        jobs.set_waker(wake_elsewhere)
        try:
            release_leases()
        except DatabaseError:
            log.exception("leases run out by themselves in a few seconds")
        finally:
            connections.close_all()
        return finished
