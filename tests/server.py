"""A served Homeroom for tests: a process, a port and a data folder of its own, killed as rudely as a test likes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

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

    def prepare(self, code: str = SMALL) -> Served:
        """Make the database and run `code` in it."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.homeroom("migrate", "--verbosity", "0")
        self.homeroom("build")
        self.python(code)
        return self

    def start(self, *arguments: str, wait: float = 30) -> Served:
        with (self.data / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [HOMEROOM, "serve", "--port", str(self.port), *arguments],
                env=self.env(), cwd=self.data, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + wait
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                    return self
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    raise AssertionError(f"homeroom serve did not come up:\n{self.log()[-3000:]}") from None
                time.sleep(0.05)

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

    def log(self) -> str:
        file = self.data / "serve.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def copy_to(self, data: Path) -> Served:
        """The same data in another folder; this one must not be serving."""
        shutil.copytree(self.data, data)
        return Served(data, **self.environment)

    def __enter__(self) -> Served:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()
