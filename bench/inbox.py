"""`homeroom bench inbox`: a guardian's inbox as JSON, against a bare ASGI application over the same SQLite file.

The demonstration's families ask over 32 connections, signed in by its own button. The floor runs in one process, as the
product does; the two are measured in turn, three times, and the median pair counts.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import harness, load, visitors
from bench.report import Report

CONNECTIONS = 32
RATIO = 0.25
P99_MS = 40.0
PATH = "/api/v1/feed"


@contextlib.contextmanager
def floor(made: harness.Installation) -> Iterator[int]:
    """The floor's port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    file = Path(__file__).with_name("floor.py")
    process = subprocess.Popen([sys.executable, str(file), str(made.data / "homeroom.db"), str(port)])
    try:
        harness.wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def main(arguments: list[str]) -> int:
    """Run the bench; see the module."""
    parser = argparse.ArgumentParser(prog="homeroom bench inbox")
    parser.add_argument("--seconds", type=float, default=4, help="of each run (%(default)s)")
    parser.add_argument("--pairs", type=int, default=3, help="(%(default)s)")
    options = parser.parse_args(arguments)
    report = Report("inbox")
    with harness.installation(built=True) as made:
        report.note("building the demonstration")
        made.run("demo", "--json")
        with harness.serving(made) as served, floor(made) as floor_port:
            cookies = [visitors.header_of(visitors.cookies_of(served.port, key)) for key in visitors.FAMILIES]
            host = f"127.0.0.1:{served.port}"
            requests = [load.request(PATH, host=host, cookie=cookie) for cookie in cookies]
            pairs = []
            for port in (floor_port, served.port):
                load.drive(port, requests, connections=CONNECTIONS, seconds=1)
            for number in range(options.pairs):
                report.note(f"pair {number + 1} of {options.pairs}")
                bare = load.drive(floor_port, requests, connections=CONNECTIONS, seconds=options.seconds)
                ours = load.drive(served.port, requests, connections=CONNECTIONS, seconds=options.seconds)
                pairs.append((ours, bare))
    failures = sum(ours.failures + bare.failures for ours, bare in pairs)
    ours, bare = sorted(pairs, key=lambda pair: pair[0].per_second / max(pair[1].per_second, 1))[len(pairs) // 2]
    report.figure("requests", ours.per_second, "1/s", limit=bare.per_second, at_least=RATIO, connections=CONNECTIONS)
    report.figure("p99", statistics.median(pair[0].p99 for pair in pairs), "ms", at_most=P99_MS)
    report.figure("median", statistics.median(pair[0].median for pair in pairs), "ms")
    report.figure("floor p99", statistics.median(pair[1].p99 for pair in pairs), "ms")
    report.figure("failures", failures, "requests", at_most=0)
    return report.status
