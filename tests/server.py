"""A served Homeroom for tests: a process, a port and a data folder of its own, killed as rudely as a test likes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

import pytest

T = TypeVar("T")
HOMEROOM = Path(sys.executable).with_name("homeroom")
PROJECT = Path(__file__).resolve().parent.parent
# The cast alone, marked as a demonstration: small enough to make anew for a test that breaks things.
SMALL = """
from django.utils import timezone
from homeroom.demo.build import mark
from homeroom.demo.cast import build_cast
mark(build_cast(), now=timezone.now())
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder `make(folder)` filled, made once for the whole run, whichever worker comes first; to be copied."""
    root = tmp_path_factory.getbasetemp()
    if "HOMEROOM_TESTS_SHARE" in os.environ:  # several runs, one after the other
        root = Path(os.environ["HOMEROOM_TESTS_SHARE"])
    elif "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    made = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            unfinished = root / f"{name}-unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(made)
    return made


class Output:
    """What a process writes, line by line as it comes; kept in a file too."""

    def __init__(self, stream: IO[bytes], file: Path) -> None:
        self.lines: list[str] = []
        self.ended = False
        self._news = threading.Condition()
        threading.Thread(target=self._read, args=[stream, file], daemon=True).start()

    def _read(self, stream: IO[bytes], file: Path) -> None:
        with file.open("ab", buffering=0) as copy:
            for line in stream:
                copy.write(line)
                with self._news:
                    self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self.ended = True
            self._news.notify_all()

    @property
    def log(self) -> list[dict[str, Any]]:
        """Its log lines so far."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["event"] == event]

    def until(self, find: Callable[[], T], within: float = 30) -> T:
        """The first true answer of `find()`, asked at each new line; fails when the process or the time ends first."""
        deadline = time.monotonic() + within
        with self._news:
            while not (found := find()):
                left = deadline - time.monotonic()
                assert left > 0, "it did not happen in time:\n" + "\n".join(self.lines[-30:])
                assert not self.ended, "the process ended:\n" + "\n".join(self.lines[-30:])
                self._news.wait(left)
            return found


class Served:
    """`homeroom serve` over `data`. As a context manager it starts and stops the process."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    def env(self) -> dict[str, str]:
        passed = {
            k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
        }
        return passed | {"HOMEROOM_DATA": str(self.data), "PUBLIC_URL": self.url, **self.environment}

    def homeroom(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
        """Run a `homeroom` command over the same data; returns what it printed."""
        done = subprocess.run(
            [HOMEROOM, *arguments], env=self.env(), cwd=self.data, input=stdin, capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"homeroom {' '.join(arguments)}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def python(self, code: str) -> str:
        """Run `code` inside Django over the same data; returns what it printed."""
        return self.homeroom("shell", "--no-imports", stdin=code)

    def start(self, *arguments: str, wait: float = 30) -> Served:
        self.process = subprocess.Popen(
            [HOMEROOM, "serve", "--port", str(self.port), *arguments],
            env=self.env() | {"LOG_FORMAT": "json"}, cwd=self.data, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert self.process.stdout is not None
        output = Output(self.process.stdout, self.data / "serve.log")
        try:
            output.until(lambda: output.logged("serving"), within=wait)
        except AssertionError:
            self.kill()
            raise
        return self

    def kill(self) -> None:
        """kill -9, the process and whatever it started."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def copy_to(self, data: Path) -> Served:
        """The same data in another folder; this one must not be serving."""
        shutil.copytree(self.data, data)
        return Served(data, **self.environment)

    def __enter__(self) -> Served:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()
