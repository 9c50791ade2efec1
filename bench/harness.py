"""What the socket benches share: an installation to throw away, `homeroom serve`, open sockets, CPU clocks.

Everything goes by the ordinary doors: the server is a process of its own, the sockets sign in with a session cookie at
/socket, and events are committed by another process through the services every module uses.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def allow_many_files() -> None:
    """Lift the soft limit on open files to the hard one: thousands of sockets."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used, all threads, user and kernel, in nanosecond steps.

    Source: clock_getcpuclockid(3); the id of another process' clock is made from its pid.
    """
    return time.clock_gettime((~pid << 3) | 2)


def memory_bytes(pid: int) -> int:
    """Resident memory of a process that belongs to it alone."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no RssAnon")


@dataclass
class Installation:
    """A data directory of its own, and the environment that points to it."""

    data: Path

    @property
    def environment(self) -> dict[str, str]:
        left_out = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
        inherited = {name: value for name, value in os.environ.items() if name not in left_out}
        return inherited | {"HOMEROOM_DATA": str(self.data), "LOG_FORMAT": "json"}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "homeroom.site.cli", *arguments]

    def run(self, *arguments: str) -> str:
        """The output of a homeroom command."""
        done = subprocess.run(
            self.command(*arguments), env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"homeroom {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def guests(self, count: int, items: int = 0) -> list[dict[str, Any]]:
        """Guardians with sessions, by `homeroom bench prepare`."""
        lines = self.run_python("bench.prepare", "--guardians", str(count), "--items", str(items))
        return [json.loads(line) for line in lines.splitlines()]

    def run_python(self, module: str, *arguments: str) -> str:
        with self.python(module, *arguments, stdin=subprocess.DEVNULL) as process:
            output, _none = process.communicate()
            if process.returncode:
                raise RuntimeError(f"{module} failed with {process.returncode}")
            return str(output)

    def python(self, module: str, *arguments: str, stdin: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """A bench module's `main` in a process of its own with this installation's settings."""
        start = (
            "import os, sys, importlib; os.environ['DJANGO_SETTINGS_MODULE'] = 'homeroom.site.settings';"
            "import django; django.setup(); sys.exit(importlib.import_module(sys.argv[1]).main(sys.argv[2:]))"
        )
        return subprocess.Popen(
            [sys.executable, "-c", start, module, *arguments],
            env=self.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            text=True,
        )


@contextlib.contextmanager
def installation(*, built: bool = False) -> Iterator[Installation]:
    """An empty, migrated installation; `built` with static files, for benches that ask for pages."""
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-", ignore_cleanup_errors=True) as folder:
        made = Installation(Path(folder))
        made.run("migrate", "--verbosity", "0")
        if built:
            made.run("build")
        yield made


@dataclass
class Serving:
    """A running `homeroom serve`."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def cpu(self) -> float:
        return cpu_seconds(self.pid)

    @property
    def memory(self) -> int:
        return memory_bytes(self.pid)


@contextlib.contextmanager
def serving(made: Installation) -> Iterator[Serving]:
    """`homeroom serve` on a free port, ready for requests."""
    log_file = made.data / "serve.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            made.command("serve", "--port", "0"), env=made.environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        until = time.monotonic() + 180
        port = 0
        while not port:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"homeroom serve did not start:\n{log_file.read_text()[-2000:]}")
            for line in log_file.read_text().splitlines():
                if line.startswith("{") and json.loads(line).get("event") == "serving":
                    port = json.loads(line)["port"]
            time.sleep(0.05)
        wait_for(port)
        yield Serving(process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int) -> None:
    """Until somebody listens there."""
    until = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def masked(text: bytes) -> bytes:
    """A client's text frame. The mask is zero: it protects proxies, and there is none here."""
    size = len(text)
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + text


TEXT, PING = 1, 9  # opcodes. Source: RFC 6455, section 5.2
PONG = b"\x8a\x80\0\0\0\0"


class Idle(threading.Thread):
    """Pages nobody looks at: answers the pings of open sockets and drops everything else, until stopped."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        super().__init__(daemon=True)
        self.sockets = {connection.fileno(): connection for connection in sockets}
        self.stopping = False
        self.closed = 0
        self.start()

    def run(self) -> None:
        poll = select.epoll()
        for number in self.sockets:
            poll.register(number, select.EPOLLIN)
        while not self.stopping:
            for number, _event in poll.poll(0.2):
                data = self.sockets[number].recv(65536)
                if data.startswith(b"\x89"):
                    self.sockets[number].send(PONG)
                elif not data:
                    self.closed += 1
                    poll.unregister(number)

    def stop(self) -> None:
        self.stopping = True
        self.join()


def ask_for_socket(port: int, cookie: str) -> socket.socket:
    """A connection on which the handshake has been sent."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET /socket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nOrigin: http://127.0.0.1:{port}\r\n"
        f"Cookie: {cookie}\r\n\r\n".encode()
    )
    return connection


def first_frame(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Opcode and payload of the first whole frame, and what comes after it; None while it is not whole."""
    if len(data) < 2:
        return None
    size, start = data[1] & 127, 2
    if size >= 126:
        start = 4 if size == 126 else 10
        if len(data) < start:
            return None
        size = int.from_bytes(data[2:start], "big")
    end = start + size
    return (data[0] & 15, data[start:end], data[end:]) if len(data) >= end else None


def read_frames(connection: socket.socket, kept: bytes = b"") -> Iterator[tuple[int, bytes]]:
    """(opcode, payload) of each frame as it comes; ends with the connection."""
    data = kept
    while True:
        while (frame := first_frame(data)) is not None:
            opcode, payload, data = frame
            yield opcode, payload
        more = connection.recv(65536)
        if not more:
            return
        data += more


def say_hello(connection: socket.socket, after: dict[str, int]) -> None:
    """Read the handshake's answer, say hello. Raises RuntimeError when the socket was refused."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        seen = connection.recv(1024, socket.MSG_PEEK)
        if not seen:
            raise RuntimeError("the socket was closed")
        # No byte more than the answer: a ping may come right behind it, and belongs to whoever reads frames.
        both = head + seen
        end = both.find(b"\r\n\r\n")
        head += connection.recv(len(seen) if end < 0 else end + 4 - len(head))
    if b" 101 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
    connection.sendall(masked(json.dumps({"t": "hello", "v": 1, "after": after}).encode()))


def wait_until_ready(connection: socket.socket) -> dict[str, int]:
    """The streams' numbers once everything missed has come."""
    streams: dict[str, int] | None = None
    data = b""
    while streams is None or data:  # a ping may come right behind: unanswered, the server would cut the socket
        more = connection.recv(65536)
        if not more:
            raise RuntimeError("the socket was closed")
        data += more
        while (frame := first_frame(data)) is not None:
            opcode, payload, data = frame
            if opcode == PING:
                connection.sendall(PONG)
            elif opcode == TEXT and (said := json.loads(payload))["t"] == "ready":
                streams = dict(said["streams"])
    return streams


def open_sockets(port: int, guests: Sequence[dict[str, Any]], *, at_once: int = 100) -> list[socket.socket]:
    """A signed-in, caught-up, non-blocking socket for each guest."""
    opened: list[socket.socket] = []
    for start in range(0, len(guests), at_once):
        part = guests[start : start + at_once]
        connections = [ask_for_socket(port, guest["cookie"]) for guest in part]
        for connection, guest in zip(connections, part, strict=True):
            say_hello(connection, {guest["stream"]: guest["number"]})
        for connection in connections:
            wait_until_ready(connection)
            connection.setblocking(False)
        opened += connections
        answer_pings(opened)
    return opened


def answer_pings(sockets: Sequence[socket.socket]) -> None:
    """On a busy machine opening thousands takes longer than the server waits for a pong."""
    for connection in sockets:
        with contextlib.suppress(BlockingIOError):
            data = connection.recv(65536)
            while (frame := first_frame(data)) is not None:
                opcode, _payload, data = frame
                if opcode == PING:
                    connection.send(PONG)


class Publisher:
    """Another process that commits items to the same guardians: `bench.publisher`."""

    def __init__(self, made: Installation, guardians: int) -> None:
        self.process = made.python("bench.publisher", "--guardians", str(guardians))
        self._answer()

    def publish(self, count: int = 1) -> dict[str, Any]:
        """`count` items in one transaction; says when its commit began (CLOCK_MONOTONIC, s) and how long all took."""
        self.write(count)
        return self.commit()

    def write(self, count: int) -> None:
        """All of `publish` but the commit."""
        self.ask(f"publish {count}")

    def commit(self) -> dict[str, Any]:
        """Commit what was written."""
        return self.ask("commit")

    def ask(self, line: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the publisher ended")
        return dict(json.loads(line))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


def compiled() -> Path | None:
    """The C sender and receiver, compiled; None when there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    target = Path(tempfile.mkdtemp(prefix="homeroom-bench-")) / "fan"
    subprocess.run([compiler, "-O2", "-o", str(target), str(HERE / "fan.c")], check=True)
    return target


class Program:
    """A line-by-line conversation with one of the C programs."""

    def __init__(self, binary: Path, mode: str, sockets: Sequence[socket.socket] = ()) -> None:
        self.process = subprocess.Popen(
            [str(binary), mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[connection.fileno() for connection in sockets],
        )

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the C program ended")
        return line.strip()

    @property
    def cpu(self) -> float:
        return cpu_seconds(self.process.pid)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a receiver saw: deliveries, when the last came (CLOCK_MONOTONIC, s), and numbers that were not the next."""

    deliveries: int
    at: float
    wrong: int


class Receiver:
    """Reads many sockets in a process of its own and checks that every number comes once and in order."""

    def __init__(self, binary: Path, sockets: Sequence[socket.socket], numbers: Sequence[int]) -> None:
        self.program = Program(binary, "recv", sockets)
        self.sockets = sockets
        for connection, number in zip(sockets, numbers, strict=True):
            self.program.say(f"socket {connection.fileno()} {number}")

    def expect(self, deliveries: int) -> None:
        self.program.say(f"await {deliveries}")

    def arrived(self) -> Arrived:
        _got, deliveries, at, wrong = self.program.answer().split()
        return Arrived(int(deliveries), int(at) / 1e9, int(wrong))

    def close(self) -> None:
        self.program.close()
        for connection in self.sockets:
            connection.close()
