"""`homeroom bench fanout`: an event committed by another process, written to every open socket of the server.

The limit is a C program that writes frames of the same size to as many sockets over epoll. A pair is ten events,
sent by the product and by the limit in turn; the figure is the median of the pairs. The receiver, C too, checks that
every socket gets every number once and in order. CPU is that of the whole serving process from before the commit until
the last receipt: finding the commit, reading it, making the frame and writing.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import harness
from bench.report import Report

EVENTS = 10  # of one pair
PAIRS = 5
CPU_BUDGET = 1.4
CPU_MEANT_FOR = 2_000
RATE_BUDGET = 0.7
RATE_MEANT_FOR = 5_000


@dataclass(frozen=True, slots=True)
class Run:
    """One run: CPU seconds and wall seconds for so many deliveries."""

    deliveries: int
    cpu: float
    seconds: float

    @classmethod
    def sum(cls, runs: list[Run]) -> Run:
        return cls(sum(run.deliveries for run in runs), sum(run.cpu for run in runs), sum(run.seconds for run in runs))

    @property
    def cpu_each(self) -> float:
        return self.cpu / self.deliveries

    @property
    def rate(self) -> float:
        return self.deliveries / self.seconds


class Limit:
    """The C sender with its own receivers."""

    def __init__(self, binary: Path, count: int) -> None:
        self.program = harness.Program(binary, "send")
        port = int(self.program.answer())
        self.program.say(f"accept {count}")
        sockets = [socket.create_connection(("127.0.0.1", port)) for _one in range(count)]
        self.program.answer()
        self.count = count
        self.receiver = harness.Receiver(binary, sockets, [0] * count)

    def burst(self, events: int, frame_bytes: int) -> Run:
        """All events at once."""
        self.receiver.expect(self.count * events)
        before, started = self.program.cpu, time.monotonic()
        self.program.say(f"event {frame_bytes} {events}")
        self.program.answer()
        arrived = self.receiver.arrived()
        if arrived.wrong:
            raise RuntimeError("the C sender's frames arrived wrong")
        return Run(self.count * events, self.program.cpu - before, arrived.at - started)

    def close(self) -> None:
        self.receiver.close()
        self.program.close()


class Product:
    """`homeroom serve` with its receivers, and the process that commits."""

    def __init__(self, binary: Path, made: harness.Installation, server: harness.Serving, count: int) -> None:
        self.server = server
        self.count = count
        guests = made.guests(count)
        self.publisher = harness.Publisher(made, count)
        (first,) = harness.open_sockets(server.port, guests[:1])
        self.publisher.publish()
        self.frame_bytes = _frame_bytes(first)
        first.close()
        for guest in guests:
            guest["number"] += 1
        sockets = harness.open_sockets(server.port, guests)  # last: from here on somebody must answer their pings
        self.receiver = harness.Receiver(binary, sockets, [guest["number"] for guest in guests])
        self.wrong = 0
        self.idle = 0.0
        self.rest()

    def rest(self) -> None:
        """Measure `idle`: CPU seconds a second of the process with all its sockets and nothing to do.

        Asked before every pair: while the gateway pings and checks sessions it is twice what it is in between.
        """
        before, started = self.server.cpu, time.monotonic()
        time.sleep(2)
        self.idle = (self.server.cpu - before) / (time.monotonic() - started)

    def burst(self, events: int) -> Run:
        """All events in one commit; the time counts from the moment it is committed."""
        self.receiver.expect(self.count * events)
        self.publisher.write(events)  # takes much longer than the fan-out, and has nothing to do with the server
        before, started = self.server.cpu, time.monotonic()
        committing = self.publisher.commit()["committing"]
        arrived = self.receiver.arrived()
        cpu = self.server.cpu - before - self.idle * (time.monotonic() - started)
        self.wrong += arrived.wrong
        if arrived.at < committing:
            raise RuntimeError("an event arrived before it was committed")
        return Run(self.count * events, cpu, arrived.at - committing)

    def close(self) -> None:
        self.publisher.close()
        self.receiver.close()


def _frame_bytes(connection: socket.socket) -> int:
    """The size of the next delivery on the wire."""
    connection.settimeout(60)
    for opcode, payload in harness.read_frames(connection):
        if opcode == 1:
            return 4 + len(payload)
    raise RuntimeError("the socket was closed")


class PageLoad:
    """A few browsers that load the guardian's home page again and again."""

    def __init__(self, port: int, guests: list[dict[str, Any]]) -> None:
        self.port = port
        self.guests = guests
        self.pages = 0
        self.failures = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._browse, args=(guest,)) for guest in guests]

    def __enter__(self) -> PageLoad:
        for thread in self._threads:
            thread.start()
        time.sleep(1)
        return self

    def __exit__(self, *problem: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _browse(self, guest: dict[str, Any]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self._stop.is_set():
            connection.request("GET", "/", headers={"Cookie": guest["cookie"]})
            answer = connection.getresponse()
            answer.read()
            self.pages += 1
            self.failures += answer.status != 200


def measure(
    report: Report, binary: Path, made: harness.Installation, count: int, *, pairs: int, events: int, load: bool
) -> None:
    """One size."""
    report.note(f"{count} sockets")
    with harness.serving(made) as server, contextlib.ExitStack() as stack:
        product = Product(binary, made, server, count)
        stack.callback(product.close)
        limit = Limit(binary, count)
        stack.callback(limit.close)
        _pair(product, limit, 2)
        both = [_pair(product, limit, events) for _pair_number in range(pairs)]
        ours, theirs = [mine for mine, _c in both], [c for _mine, c in both]
        _judge_cpu(report, product, ours, theirs)
        report.figure(
            "to_last_socket", statistics.median(run.seconds / events for run in ours) * 1e3, "ms", sockets=count
        )
        bursts = [(product.burst(events), limit.burst(events, product.frame_bytes)) for _pair in range(pairs)]
        report.figure(
            "deliveries_per_second",
            statistics.median(mine.rate for mine, _c in bursts),
            "1/s",
            limit=statistics.median(c.rate for _mine, c in bursts),
            at_least=RATE_BUDGET if count == RATE_MEANT_FOR else None,
            sockets=count,
            events_in_one_commit=events,
        )
        if load:
            _under_load(report, product, made, pairs)
        report.figure("numbers_wrong", product.wrong, "entries", at_most=0, sockets=count)


def _pair(product: Product, limit: Limit, events: int) -> tuple[Run, Run]:
    """Event by event in turn, so that both find the processor's caches as the other left them."""
    ours, theirs = [], []
    product.rest()
    for _event in range(events):
        ours.append(product.burst(1))
        theirs.append(limit.burst(1, product.frame_bytes))
    return Run.sum(ours), Run.sum(theirs)


def _judge_cpu(report: Report, product: Product, ours: list[Run], theirs: list[Run]) -> None:
    ratios = [mine.cpu_each / c.cpu_each for mine, c in zip(ours, theirs, strict=True)]
    middle = ratios.index(sorted(ratios)[len(ratios) // 2])
    report.figure(
        "cpu_per_delivery",
        ours[middle].cpu_each * 1e6,
        "µs",
        limit=theirs[middle].cpu_each * 1e6,
        at_most=CPU_BUDGET if product.count == CPU_MEANT_FOR else None,
        sockets=product.count,
        frame_bytes=product.frame_bytes,
        pairs=[float(f"{ratio:.3g}") for ratio in ratios],
    )


def _under_load(report: Report, product: Product, made: harness.Installation, pairs: int) -> None:
    """The same while pages are asked for: what counts then is that all arrive, once, in order and soon."""
    guests = made.guests(4, items=20)
    with PageLoad(product.server.port, guests) as pages:
        before, started = pages.pages, time.monotonic()
        runs = [product.burst(1) for _event in range(3 * pairs)]
        seconds = time.monotonic() - started
    report.figure(
        "to_last_socket_under_page_load",
        statistics.median(run.seconds for run in runs) * 1e3,
        "ms",
        sockets=product.count,
        pages_per_second=round((pages.pages - before) / seconds, 1),
        page_failures=pages.failures,
    )


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="homeroom bench fanout", description=__doc__)
    parser.add_argument("--sockets", type=int, nargs="+", default=[500, 2_000, 5_000], help="sizes (%(default)s)")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="interleaved pairs (%(default)s)")
    parser.add_argument("--events", type=int, default=EVENTS, help="events in each pair (%(default)s)")
    parser.add_argument("--no-page-load", action="store_true", help="leave out the run beside page requests")
    options = parser.parse_args(argv)
    report = Report("fanout")
    binary = harness.compiled()
    if binary is None:
        report.note("there is no C compiler, so there is no limit to compare with: install gcc")
        return 2
    harness.allow_many_files()
    with _made(not options.no_page_load) as made:
        for count in options.sockets:
            load = count == CPU_MEANT_FOR and not options.no_page_load
            measure(report, binary, made, count, pairs=options.pairs, events=options.events, load=load)
    return report.status


@contextlib.contextmanager
def _made(built: bool) -> Iterator[harness.Installation]:
    with harness.installation(built=built) as made:
        yield made
