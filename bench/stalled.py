"""`homeroom bench stalled`: ten of sixty sockets stop reading while events go on.

The other fifty must get everything once and in order, the server must not grow by more than ten megabytes, and the ten
must be cut, come back with their last numbers and miss nothing.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import time
from typing import Any

from bench import harness
from bench.report import Report

READERS = 50
STALLED = 10
MEMORY_BUDGET = 10.0  # MiB
GIVE_UP_AFTER = 20_000  # events


class Reader:
    """One socket and the numbers it got."""

    def __init__(self, guest: dict[str, Any], connection: socket.socket) -> None:
        self.guest = guest
        self.connection = connection
        self.last = guest["number"]
        self.wrong = 0
        self.reloads = 0
        self._data = b""
        connection.setblocking(False)

    def read(self) -> bool:
        """Take what is there; False when the connection has ended."""
        while True:
            try:
                more = self.connection.recv(1 << 20)
            except BlockingIOError:
                return True
            except ConnectionError:
                return False
            if not more:
                return False
            self._data = self._take(self._data + more)

    def _take(self, data: bytes) -> bytes:
        while (frame := harness.first_frame(data)) is not None:
            opcode, payload, data = frame
            if opcode == 1:
                self._note(json.loads(payload))
            elif opcode == 9:
                self.connection.send(harness.PONG)
        return data

    def _note(self, frame: dict[str, Any]) -> None:
        if frame["t"] == "event":
            self.wrong += frame["n"] != self.last + 1
            self.last = frame["n"]
        elif frame["t"] == "reload":
            self.reloads += 1
            self.last = frame["n"]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="homeroom bench stalled", description=__doc__)
    parser.add_argument("--in-one-commit", type=int, default=50, help="events in each transaction (%(default)s)")
    options = parser.parse_args(argv)
    report = Report("stalled")
    harness.allow_many_files()
    with harness.installation() as made, harness.serving(made) as server:
        _run(report, made, server, options.in_one_commit)
    return report.status


def _run(report: Report, made: harness.Installation, server: harness.Serving, step: int) -> None:
    guests = made.guests(READERS + STALLED)
    sockets = harness.open_sockets(server.port, guests)
    readers = [Reader(guest, connection) for guest, connection in zip(guests, sockets, strict=True)]
    awake, stalled = readers[:READERS], readers[READERS:]
    publisher = harness.Publisher(made, len(guests))
    publisher.publish()
    _read_until(awake, 1)
    before = most = server.memory
    sent = 1
    while sent < GIVE_UP_AFTER and _established(server.port, stalled):
        publisher.publish(step)
        sent += step
        _read_until(awake, sent)
        most = max(most, server.memory)
    report.figure("events_until_all_were_cut", sent, "events", at_most=GIVE_UP_AFTER - 1)
    report.figure("others_got_all", sum(reader.last - reader.guest["number"] == sent for reader in awake), "sockets",
                  at_least=READERS)  # fmt: skip
    report.figure("others_wrong", sum(reader.wrong for reader in awake), "entries", at_most=0)
    report.figure("memory_growth", (most - before) / 2**20, "MiB", at_most=MEMORY_BUDGET)

    for reader in stalled:
        while reader.read():  # what the kernel still held for it, up to the cut
            select.select([reader.connection], [], [], 1)
        reader.connection.close()
    exact = resumed = 0
    for reader in stalled:
        connection = harness.ask_for_socket(server.port, reader.guest["cookie"])
        again = Reader({**reader.guest, "number": reader.last}, connection)
        again.connection.setblocking(True)
        harness.say_hello(again.connection, {reader.guest["stream"]: reader.last})
        again.connection.setblocking(False)
        _read_until([again], sent - reader.last + reader.guest["number"])
        resumed += again.last - reader.guest["number"] == sent
        exact += reader.wrong == 0 and again.wrong == 0
    publisher.close()
    report.figure("stalled_resumed_to_the_end", resumed, "sockets", at_least=STALLED)
    report.figure("stalled_in_order", exact, "sockets", at_least=STALLED)


def _read_until(readers: list[Reader], count: int) -> None:
    """Read until each of them has so many entries more than it began with."""
    until = time.monotonic() + 120
    waiting = {reader.connection: reader for reader in readers}
    while waiting:
        if time.monotonic() > until:
            raise RuntimeError(f"{len(waiting)} sockets did not get everything")
        ready, _write, _wrong = select.select(list(waiting), [], [], 1)
        for connection in ready:
            reader = waiting[connection]
            if not reader.read():
                raise RuntimeError("a socket that reads was closed")
            if reader.last - reader.guest["number"] >= count:
                del waiting[connection]


def _established(port: int, readers: list[Reader]) -> int:
    """How many of these sockets the server still holds, as the kernel sees them."""
    mine = {reader.connection.getsockname()[1] for reader in readers}
    alive = 0
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table.readlines()[1:]:
            _number, local, remote, state, *_rest = line.split()
            if int(local.split(":")[1], 16) == port and int(remote.split(":")[1], 16) in mine:
                alive += state == "01"
    return alive
