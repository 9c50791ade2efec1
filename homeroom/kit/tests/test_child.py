"""Work in a child process: its answer, its progress, its errors and its limits."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest

from homeroom.kit import child
from homeroom.kit.errors import Invalid


def add(left: int, right: int) -> int:
    return left + right


def count(to: int, progress: Callable[[int], None]) -> str:
    for number in range(to):
        progress(number)
    return "counted"


def refuse() -> None:
    raise Invalid("row 7 has no name", fields={"name": "missing"})


def hold(mebibytes: int) -> int:
    return len(bytearray(mebibytes * 2**20))


def hang() -> None:
    threading.Event().wait()


def vanish() -> None:
    os._exit(3)


def own_id() -> int:
    return os.getpid()


def test_the_answer_comes_back_from_another_process():
    assert child.run(add, 2, 3, timeout=20, memory_mib=100) == 5
    assert child.run(own_id, timeout=20, memory_mib=100) != os.getpid()


def test_progress_arrives_in_order_before_the_answer():
    seen: list[int] = []
    assert child.run(count, 5, timeout=20, memory_mib=100, on_progress=seen.append) == "counted"
    assert seen == [0, 1, 2, 3, 4]


def test_trouble_keeps_its_message_and_fields():
    with pytest.raises(Invalid) as raised:
        child.run(refuse, timeout=20, memory_mib=100)
    assert str(raised.value) == "row 7 has no name"
    assert raised.value.fields == {"name": "missing"}


def test_memory_over_the_limit_is_refused_and_under_it_is_not():
    assert child.run(hold, 50, timeout=20, memory_mib=100) == 50 * 2**20
    with pytest.raises(child.NeededTooMuchMemory):
        child.run(hold, 200, timeout=20, memory_mib=100)


def test_work_past_its_time_is_killed():
    started = time.monotonic()
    with pytest.raises(child.TookTooLong):
        child.run(hang, timeout=1, memory_mib=100)
    assert time.monotonic() - started < 5


def test_a_child_that_dies_is_trouble_and_not_a_hang():
    with pytest.raises(child.ChildTrouble):
        child.run(vanish, timeout=20, memory_mib=100)
