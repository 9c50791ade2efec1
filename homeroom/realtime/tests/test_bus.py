"""Processes tell each other through Redis when there is one, and say so when the line was down."""

from __future__ import annotations

import json
import queue
import shutil
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from homeroom.realtime import bus

pytestmark = pytest.mark.process


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def redis_server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    assert program is not None, "apt-get install redis-server"
    port = free_port()
    process = subprocess.Popen([program, "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
    monkeypatch.setattr(bus, "_client", None)
    patient = redis.Redis.from_url(settings.REDIS_URL, retry=Retry(ConstantBackoff(0.1), 100))
    patient.ping()
    yield process
    process.kill()
    process.wait()


def test_commits_and_hints_of_others_are_heard(
    redis_server: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: queue.Queue[Any] = queue.Queue()
    line = bus.Bus(
        heard.put, heard.put, lambda keys, payload: heard.put((list(keys), payload)), lambda: heard.put("connected")
    )
    line.start()
    try:
        assert heard.get(timeout=10) == "connected"
        bus.publish_hint(["p1"], b"{}")  # our own: shown already
        bus.publish_event(42)
        assert heard.get(timeout=10) == 42
        bus.publish_log(["c12", "x12"])
        assert heard.get(timeout=10) == ["c12", "x12"]
        bus._redis().publish(bus.HINT_CHANNEL, json.dumps(["another process", ["item:7"], None]))
        assert heard.get(timeout=10) == (["item:7"], None)
    finally:
        line.stop()


def test_without_redis_a_change_is_made_all_the_same(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    monkeypatch.setattr(bus, "_client", None)
    bus.publish_event(1)
    bus.publish_hint(["p1"], b"{}")
