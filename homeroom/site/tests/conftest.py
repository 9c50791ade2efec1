"""A bridge on a real port with any WSGI application, and `homeroom` processes with data of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from homeroom.site.bridge import Bridge
from homeroom.site.server import PatientHttp, Site


def eventually(condition: Callable[[], Any], within: float = 15) -> Any:
    """The first true answer of `condition`; fails when there is none in time."""
    until = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)
    return answer


def receive_all(connection: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


@dataclass
class Bridged:
    """A running bridge: `ask` sends raw bytes and returns the whole answer."""

    port: int
    bridge: Bridge

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Head and body of the answer to a request that closes its connection."""
        with self.connect() as connection:
            connection.sendall(request)
            head, _, body = receive_all(connection).partition(b"\r\n\r\n")
        return head, body


@pytest.fixture
def bridged(tmp_path: Path) -> Iterator[Callable[..., Bridged]]:
    """`bridged(app)` serves a WSGI application; `limit` is the largest body it takes."""
    running: list[tuple[uvicorn.Server, threading.Thread, Bridge]] = []

    def start(application: Any, *, threads: int = 2, limit: int = 2**20, waits_at: str = "") -> Bridged:
        bridge = Bridge(
            application,
            threads=threads,
            limit_for=lambda path: limit,
            waits_at=lambda path: path == waits_at,
            spool=str(tmp_path),
        )
        config = uvicorn.Config(
            Site(bridge), http=PatientHttp, ws="none", lifespan="off", log_config=None, proxy_headers=False
        )
        server = uvicorn.Server(config)
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread, bridge))
        eventually(lambda: server.started)
        return Bridged(listener.getsockname()[1], bridge)

    yield start
    for server, thread, bridge in running:
        server.should_exit = server.force_exit = True
        thread.join(10)
        bridge.close()


@dataclass
class Process:
    """A `homeroom` process and what it wrote."""

    process: subprocess.Popen[bytes]
    data: Path
    log_file: Path
    port: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> list[dict[str, Any]]:
        """Its log lines so far."""
        lines = self.log_file.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["event"] == event]

    def stop(self, which: int = signal.SIGTERM) -> int:
        """The exit status after a signal."""
        self.process.send_signal(which)
        return self.process.wait(timeout=30)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with keys, static files and an empty, migrated SQLite database; copy it."""
    data = tmp_path_factory.mktemp("migrated")
    homeroom(data, "build")
    homeroom(data, "migrate", "--verbosity", "0")
    return data


def environment_for(data: Path, **more: str) -> dict[str, str]:
    left_out = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return inherited | {"HOMEROOM_DATA": str(data), "LOG_FORMAT": "json", **more}


def homeroom(data: Path, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; it must succeed unless `check` is false."""
    done = subprocess.run(
        [sys.executable, "-m", "homeroom.site.cli", *arguments],
        env=environment_for(data, **environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture
def data(migrated: Path, tmp_path: Path) -> Path:
    """A data directory of the test's own, ready to be served."""
    return Path(shutil.copytree(migrated, tmp_path / "data"))


@contextmanager
def running(data: Path, *arguments: str, **environment: str) -> Iterator[Process]:
    """A serving process on a free port, ready for requests; killed at the end if it still runs."""
    variables = environment_for(data, **environment)
    log_file = data / "log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "homeroom.site.cli", *arguments], env=variables, stdout=log, stderr=log
        )
    found = Process(process, data, log_file, environment=variables)
    try:

        def started() -> bool:
            assert process.poll() is None, log_file.read_text()
            return bool(found.logged("serving") or found.logged("running jobs"))

        eventually(started, within=30)
        found.port = next((line["port"] for line in found.logged("serving")), 0)
        yield found
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
