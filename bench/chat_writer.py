"""The writer by itself, in a process of its own: how many messages a second it stores, asked by one thread.

Prints {messages, seconds, batch}: `batch` is how many it put into one commit on the average.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from bench.chat_load import TEXT
from homeroom.conversations.models import Membership
from homeroom.conversations.writer import Writer
from homeroom.conversations.writing import Posting
from homeroom.kit.ids import new_id

WAITING = 1000  # messages in the queue at any time


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args(argv)
    places = list(
        Membership.objects.filter(can_speak=True).values_list(
            "conversation_id", "conversation__membership_version", "conversation__school_id", "person_id"
        )
    )
    writer = Writer()
    room = threading.Semaphore(WAITING)
    stored = commits = 0

    def told(outcomes: Sequence[tuple[Any, Any]]) -> None:
        nonlocal stored, commits
        stored += len(outcomes)
        commits += 1
        room.release(len(outcomes))

    def some(number: int) -> list[tuple[Posting, None]]:
        now = timezone.now()
        return [(Posting(*places[(number + one) % len(places)], TEXT, new_id(), now), None) for one in range(AT_ONCE)]

    asked = 0
    started = time.perf_counter()
    while time.perf_counter() - started < options.seconds:
        for _each in range(AT_ONCE):
            room.acquire()
        writer.submit_all(some(asked), told)
        asked += AT_ONCE
    writer.stop()
    print(json.dumps({"messages": stored, "seconds": time.perf_counter() - started, "batch": stored / commits}))
    return 0


AT_ONCE = 50
