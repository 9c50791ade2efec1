"""The queue in front of SQLite's write lock: fair, shared with raw writers, given back whatever happens."""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import IntegrityError, OperationalError

from homeroom.kit.sqlite import base
from homeroom.kit.sqlite.lock import FairLock, lock_for, writing

PRAGMAS = "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON"


@pytest.fixture
def connect(tmp_path: Path, django_db_blocker: Any) -> Iterator[Callable[..., base.DatabaseWrapper]]:
    """`connect()` is a new Django connection to a file of the test's own, with one table `t(n)`."""
    opened: list[base.DatabaseWrapper] = []
    path = tmp_path / "own.db"

    def open_one(timeout: float = 20) -> base.DatabaseWrapper:
        options = {"transaction_mode": "IMMEDIATE", "timeout": timeout, "init_command": PRAGMAS}
        defaults: dict[str, Any] = {
            "ATOMIC_REQUESTS": False,
            "AUTOCOMMIT": True,
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": False,
            "TIME_ZONE": None,
            "USER": "",
            "PASSWORD": "",
            "HOST": "",
            "PORT": "",
            "TEST": {},
        }
        wrapper = base.DatabaseWrapper({**defaults, "NAME": str(path), "OPTIONS": options}, alias=f"own{len(opened)}")
        wrapper.inc_thread_sharing()
        opened.append(wrapper)
        return wrapper

    with django_db_blocker.unblock():
        with open_one().cursor() as cursor:
            cursor.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, who TEXT)")
        yield open_one
        for wrapper in opened:
            wrapper.close()


class atomic:
    def __init__(self, wrapper: base.DatabaseWrapper) -> None:
        self.wrapper = wrapper

    def __enter__(self) -> base.DatabaseWrapper:
        from django.db import connections

        connections[self.wrapper.alias] = self.wrapper
        self.inner = transaction.atomic(using=self.wrapper.alias)
        self.inner.__enter__()
        return self.wrapper

    def __exit__(self, *error: Any) -> None:
        self.inner.__exit__(*error)


def insert(wrapper: base.DatabaseWrapper, who: str) -> None:
    with wrapper.cursor() as cursor:
        cursor.execute("INSERT INTO t (who) VALUES (%s)", [who])


def rows(wrapper: base.DatabaseWrapper) -> int:
    with wrapper.cursor() as cursor:
        return int(cursor.execute("SELECT count(*) FROM t").fetchone()[0])


def test_the_lock_is_handed_on_in_the_order_it_was_asked_for(monkeypatch):
    lock = FairLock()
    assert lock.acquire(1)
    order: list[int] = []

    def ask(number: int) -> None:
        assert lock.acquire(10)
        order.append(number)
        lock.release()

    queued = threading.Semaphore(0)

    class Queue(deque):
        def append(self, turn):
            super().append(turn)
            queued.release()

    monkeypatch.setattr(lock, "_waiting", Queue())
    threads = []
    for number in range(10):
        thread = threading.Thread(target=ask, args=[number])
        thread.start()
        threads.append(thread)
        assert queued.acquire(timeout=10)
    lock.release()
    for thread in threads:
        thread.join()
    assert order == list(range(10))


def test_who_gives_up_waiting_does_not_keep_the_lock():
    lock = FairLock()
    assert lock.acquire(1)
    assert not lock.acquire(0.01)
    lock.release()
    assert lock.acquire(0.01)


def test_a_path_has_one_lock_however_it_is_written(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "a.db")
    assert lock_for(tmp_path / "a.db") is lock_for(f"{tmp_path}/x/../a.db")
    assert lock_for(tmp_path / "link") is lock_for(tmp_path / "a.db")
    assert lock_for(tmp_path / "b.db") is not lock_for(tmp_path / "a.db")


@pytest.mark.parametrize("how", ["commit", "rollback", "close", "savepoint", "failure"])
def test_the_lock_is_given_back_after(connect, how):
    wrapper = connect()
    lock = lock_for(wrapper.settings_dict["NAME"])
    if how == "commit":
        with atomic(wrapper):
            insert(wrapper, "a")
            assert wrapper.holds_lock
    elif how == "rollback":
        with pytest.raises(ValueError, match="on purpose"), atomic(wrapper):
            raise ValueError("on purpose")
    elif how == "close":
        wrapper.connect()
        wrapper._start_transaction_under_autocommit()
        wrapper.close()
    elif how == "savepoint":
        with atomic(wrapper):
            with atomic(wrapper):
                insert(wrapper, "a")
            assert wrapper.holds_lock
    else:
        with pytest.raises(IntegrityError), atomic(wrapper), wrapper.cursor() as cursor:
            cursor.execute("INSERT INTO t (n) VALUES (1), (1)")
    assert not wrapper.holds_lock
    assert lock.acquire(0)
    lock.release()


def test_a_lone_write_waits_its_turn_too(connect):
    wrapper = connect(timeout=0.05)
    with writing(wrapper.settings_dict["NAME"]), pytest.raises(OperationalError, match="locked"):
        insert(wrapper, "a")
    insert(wrapper, "a")
    assert rows(wrapper) == 1


def test_reading_never_waits_for_a_writer(connect):
    writer, reader = connect(), connect(timeout=0.01)
    with atomic(writer):
        insert(writer, "a")
        assert rows(reader) == 0


def test_a_wait_past_the_timeout_is_a_clear_error_and_changes_nothing(connect):
    holder, late = connect(), connect(timeout=0.05)
    with atomic(holder):
        with pytest.raises(OperationalError, match="locked"), atomic(late):
            insert(late, "late")
        assert not late.holds_lock
    assert rows(late) == 0


def test_another_process_holding_the_file_is_a_clear_error_and_gives_the_queue_back(connect):
    wrapper = connect(timeout=0.05)
    other = sqlite3.connect(wrapper.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"), atomic(wrapper):
        insert(wrapper, "a")
    other.execute("COMMIT")
    with atomic(wrapper):
        insert(wrapper, "a")
    assert rows(wrapper) == 1


def test_commits_beside_a_writer_that_never_pauses_are_quick_and_none_is_lost(connect):
    path = connect().settings_dict["NAME"]
    stop = threading.Event()
    hot_rows = 0
    waits: list[float] = []

    def hot() -> None:
        nonlocal hot_rows
        raw = sqlite3.connect(path, isolation_level=None, timeout=20)
        raw.execute("PRAGMA synchronous=FULL")
        while not stop.is_set():
            with writing(path):
                raw.execute("BEGIN IMMEDIATE")
                raw.executemany("INSERT INTO t (who) VALUES (?)", [("hot",)] * 20)
                raw.execute("COMMIT")
            hot_rows += 20
        raw.close()

    def web() -> None:
        wrapper = connect()
        for _ in range(50):
            started = time.perf_counter()
            with atomic(wrapper):
                insert(wrapper, "web")
            waits.append(time.perf_counter() - started)

    writer = threading.Thread(target=hot)
    writer.start()
    others = [threading.Thread(target=web) for _ in range(4)]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join()
    stop.set()
    writer.join()
    assert rows(connect()) == hot_rows + 200
    # Fair means: nobody waits much longer than a turn of each. Without the queue this was close to a second.
    assert statistics.quantiles(waits, n=100)[98] < 0.25


@pytest.mark.sqlite
def test_the_projects_own_connection_queues(db):
    from django.db import connection

    assert connection.holds_lock  # the test's own transaction
