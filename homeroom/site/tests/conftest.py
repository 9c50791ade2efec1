"""A bridge on a real port with any WSGI application, and `homeroom` processes with data of their own."""

from __future__ import annotations

import asyncio
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
from tests.server import Output


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
    server: Announcing

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def until(self, condition: Callable[[], Any], within: float = 15) -> None:
        """Asks `condition` again after each turn of the server's loop."""
        assert self.server.loop is not None
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self.server.loop).result(within)

    def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Head and body of the answer to a request that closes its connection."""
        with self.connect() as connection:
            connection.sendall(request)
            head, _, body = receive_all(connection).partition(b"\r\n\r\n")
        return head, body


class Announcing(uvicorn.Server):
    """A server that tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.listening.set()


@pytest.fixture
def bridged(tmp_path: Path) -> Iterator[Callable[..., Bridged]]:
    """`bridged(app)` serves a WSGI application; `limit` is the largest body it takes."""
    running: list[tuple[Announcing, threading.Thread, Bridge]] = []

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
        server = Announcing(config)
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread, bridge))
        assert server.listening.wait(15)
        return Bridged(listener.getsockname()[1], bridge, server)

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
    output: Output
    port: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def logs(self, event: str) -> list[dict[str, Any]]:
        """Waits for `event` in its log; returns its lines."""
        return self.output.until(lambda: self.output.logged(event))

    def stop(self, which: int = signal.SIGTERM) -> int:
        """The exit status after a signal."""
        self.process.send_signal(which)
        return self.process.wait(timeout=30)


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
    process = subprocess.Popen(
        [sys.executable, "-m", "homeroom.site.cli", *arguments],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    output = Output(process.stdout, data / "log")
    found = Process(process, data, output, environment=variables)
    try:
        started = output.until(lambda: output.logged("serving") or output.logged("running jobs"))
        found.port = started[0].get("port", 0)
        yield found
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
