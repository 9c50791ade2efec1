"""`homeroom bench connections`: what an idle, signed-in, caught-up socket costs in memory, and opening it in CPU."""

from __future__ import annotations

import argparse
import time

from bench import harness
from bench.report import Report

MEMORY_BUDGET = 24.0  # KiB
CPU_BUDGET = 0.4  # ms
WARM_UP = 200


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="homeroom bench connections", description=__doc__)
    parser.add_argument("--sockets", type=int, default=2_000, help="sockets to open (%(default)s)")
    options = parser.parse_args(argv)
    report = Report("connections")
    harness.allow_many_files()
    with harness.installation() as made, harness.serving(made) as server:
        guests = made.guests(options.sockets + WARM_UP)
        first = harness.open_sockets(server.port, guests[:WARM_UP])  # what the first ones cost is paid once
        pages = [harness.Idle(first)]
        time.sleep(2)
        idle_before, started = server.cpu, time.monotonic()
        time.sleep(3)
        idle = (server.cpu - idle_before) / (time.monotonic() - started)
        memory, cpu, started = server.memory, server.cpu, time.monotonic()
        sockets = harness.open_sockets(server.port, guests[WARM_UP:])
        seconds = time.monotonic() - started
        cpu_each = (server.cpu - cpu - idle * seconds) / options.sockets
        pages.append(harness.Idle(sockets))
        time.sleep(1)
        report.figure(
            "memory_per_connection",
            (server.memory - memory) / options.sockets / 1024,
            "KiB",
            at_most=MEMORY_BUDGET,
            sockets=options.sockets,
        )
        report.figure("cpu_to_open", cpu_each * 1e3, "ms", at_most=CPU_BUDGET, sockets=options.sockets)
        report.figure("opened_per_second", options.sockets / seconds, "1/s", sockets=options.sockets)
        idle_cpu, started = server.cpu, time.monotonic()
        time.sleep(10)
        spent = (server.cpu - idle_cpu) / (time.monotonic() - started)
        report.figure("idle_cpu", spent * 100, "% of a core", sockets=options.sockets + WARM_UP)
        for page in pages:
            page.stop()
        report.figure("closed_by_the_server", sum(page.closed for page in pages), "sockets", at_most=0)
    return report.status
