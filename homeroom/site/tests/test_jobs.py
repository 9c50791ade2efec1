"""Jobs: due by their rows, claimed once, made up for after a stop, never lost with the process that ran them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction

from homeroom.kit import jobs
from homeroom.kit.models import Heartbeat, PeriodicJob
from homeroom.site import runner as running
from homeroom.site.runner import LEASE, Clock, Here, claim, due_jobs, release_leases, run_due

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The only jobs there are: `site.minute`, every minute, and `site.on_demand`; running one appends its name."""
    done: list[str] = []
    monkeypatch.setattr(jobs, "registry", {})
    monkeypatch.setattr(running, "here", Here())

    @jobs.every(60)
    def minute() -> None:
        done.append("minute")

    @jobs.job
    def on_demand() -> None:
        done.append("on_demand")

    jobs.registry = {
        "site.minute": jobs.Job("site.minute", minute, seconds=60),
        "site.on_demand": jobs.Job("site.on_demand", on_demand),
    }
    yield done
    jobs.set_waker(None)
    jobs.stop.clear()  # a stopped runner leaves it set, and other tests' jobs would stop at once


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """`at(moment)` makes it that moment for the runner."""

    def be(moment: datetime) -> None:
        monkeypatch.setattr(running.timezone, "now", lambda: moment)

    return be


@pytest.mark.django_db
def test_a_periodic_job_is_due_at_once_and_then_once_a_period(ran, at):
    at(NOON)
    assert run_due()
    assert not run_due()
    at(NOON + timedelta(seconds=59))
    assert not run_due()
    at(NOON + timedelta(seconds=60))
    assert run_due()
    assert ran == ["minute", "minute"]


@pytest.mark.django_db
def test_periods_missed_while_nothing_ran_are_made_up_for_once(ran, at):
    at(NOON)
    run_due()
    at(NOON + timedelta(hours=5))
    assert run_due()
    assert not run_due()
    assert len(ran) == 2


@pytest.mark.django_db
def test_a_clock_set_back_does_not_stop_the_jobs(ran, at):
    at(NOON + timedelta(days=400))
    run_due()
    at(NOON)
    assert run_due()
    assert len(ran) == 2


@pytest.mark.django_db
def test_only_one_claims_a_due_job(ran):
    [row] = due_jobs(NOON)
    assert claim(row, NOON)
    assert due_jobs(NOON) == []
    PeriodicJob.objects.update(leased_by="another")  # as if another process had been quicker
    assert not claim(row, NOON)


@pytest.mark.django_db
def test_a_job_whose_process_died_is_run_again_after_its_lease(ran, at):
    [row] = due_jobs(NOON)
    claim(row, NOON)
    at(NOON + LEASE / 2)
    assert not run_due()
    at(NOON + LEASE + timedelta(seconds=1))
    assert run_due()
    assert ran == ["minute"]


@pytest.mark.django_db
def test_a_stop_releases_what_was_not_finished(ran, at):
    [row] = due_jobs(NOON)
    claim(row, NOON)
    release_leases()
    at(NOON)
    assert run_due()


@pytest.mark.django_db
def test_a_job_that_fails_is_noted_and_tried_at_its_next_period(ran, at):
    def fail() -> None:
        raise RuntimeError("on purpose")

    jobs.registry["site.minute"] = jobs.Job("site.minute", fail, seconds=60)
    at(NOON)
    assert run_due()
    row = PeriodicJob.objects.get()
    assert row.failed_at == NOON
    assert row.due_at == NOON + timedelta(seconds=60)
    assert row.leased_until is None


@pytest.mark.django_db
def test_the_clock_beats_and_keeps_the_leases_of_this_process(ran):
    [row] = due_jobs(NOON)
    claim(row, NOON)
    clock = Clock(None, threading.Event(), 1, periodic=False)
    clock.tick(NOON + timedelta(seconds=30))
    assert Heartbeat.objects.get(name="jobs").beat_at == NOON + timedelta(seconds=30)
    assert PeriodicJob.objects.get().leased_until == NOON + timedelta(seconds=30) + LEASE


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_waits_for_the_commit_and_dies_with_a_roll_back(ran):
    woken: list[str] = []
    jobs.set_waker(woken.append)
    with transaction.atomic():
        jobs.wake("site.on_demand")
        assert woken == []
    assert woken == ["site.on_demand"]
    with transaction.atomic():
        jobs.wake("site.on_demand")
        transaction.set_rollback(True)
    assert woken == ["site.on_demand"]


def test_waking_a_job_that_does_not_exist_is_a_defect(ran):
    with pytest.raises(ValueError, match=r"no job is called site\.nothing"):
        jobs.wake("site.nothing")


def test_a_job_wanted_many_times_runs_once_and_once_more_if_wanted_while_it_runs():
    here = Here()
    for _ in range(5):
        here.want("a")
    assert here.next_wanted() == "a"
    here.want("a")
    assert here.next_wanted() is None  # it is running
    here.end("a")
    assert here.next_wanted() == "a"
    assert here.next_wanted() is None


@pytest.mark.django_db(transaction=True)
def test_the_runner_runs_what_is_due_and_what_is_woken_and_stops(ran):
    runner = running.Runner(workers=1)
    finished = threading.Event()
    jobs.registry["site.on_demand"] = jobs.Job("site.on_demand", finished.set)
    due = threading.Event()
    jobs.registry["site.minute"] = jobs.Job("site.minute", due.set, seconds=60)
    runner.start()
    try:
        jobs.wake("site.on_demand")
        assert finished.wait(10)
        assert due.wait(10)
    finally:
        assert runner.stop(10)
        connections.close_all()


@pytest.mark.parametrize(
    ("text", "moment", "following"),
    [
        ("*/15 * * * *", "2026-11-23T12:07", "2026-11-23T12:15"),
        ("0 3 * * *", "2026-11-23T03:00", "2026-11-24T03:00"),
        ("30 6 * * 1-5", "2026-11-27T07:00", "2026-11-30T06:30"),
        ("0 0 29 2 *", "2026-11-23T00:00", "2028-02-29T00:00"),
        ("5,35 8-9 1 * *", "2026-11-01T08:05", "2026-11-01T08:35"),
    ],
)
def test_cron_lines_name_minutes_of_the_installations_time_zone(text, moment, following):
    local = [datetime.fromisoformat(f"{each}:00+08:00") for each in (moment, following)]
    assert jobs.Cron.parse(text).after(local[0].astimezone(UTC)) == local[1]


@pytest.mark.parametrize("text", ["* * * *", "60 * * * *", "a * * * *", "5-1 * * * *"])
def test_a_cron_line_that_means_nothing_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 (whichever part is wrong)
        jobs.Cron.parse(text)
