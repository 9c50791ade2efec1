"""A load generator for HTTP: a few keep-alive connections that each ask again as soon as they are answered.

Written on asyncio's protocols so that it costs less than the server it measures; the same generator drives the floor
and the product.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import uvloop


@dataclass(frozen=True, slots=True)
class Result:
    """What one run saw. Milliseconds."""

    per_second: float
    median: float
    p99: float
    failures: int
    requests: int


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Sequence[bytes], start: int, until: float, done: asyncio.Future[None]) -> None:
        self.requests = requests
        self.next = start
        self.until = until
        self.done = done
        self.times: list[float] = []
        self.failures = 0
        self.buffer = b""
        self.expected = -1  # bytes of the whole answer; -1 while its head is not complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._ask()

    def _ask(self) -> None:
        self.buffer, self.expected = b"", -1
        self.asked = time.perf_counter()
        self.transport.write(self.requests[self.next % len(self.requests)])
        self.next += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.expected < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            self.expected = end + 4 + length
            if not head.startswith(b"http/1.1 200"):
                self.failures += 1
        if len(self.buffer) < self.expected:
            return
        now = time.perf_counter()
        self.times.append(now - self.asked)
        if now >= self.until:
            self.transport.close()
        else:
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None or time.perf_counter() < self.until:
            self.failures += 1
        if not self.done.done():
            self.done.set_result(None)


def request(path: str, *, host: str, cookie: str = "") -> bytes:
    """One GET as bytes."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Accept: application/json", "Connection: keep-alive"]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _run(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Result:
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    futures: list[asyncio.Future[None]] = []
    made = []
    for n in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        futures.append(done)
        make = partial(_Connection, requests, n * len(requests) // connections, started + seconds, done)
        _transport, connection = await loop.create_connection(make, "127.0.0.1", port)
        made.append(connection)
    await asyncio.wait(futures, timeout=seconds + 30)
    took = time.perf_counter() - started
    times = sorted(moment for connection in made for moment in connection.times)
    if not times:
        return Result(0, 0, 0, connections, 0)
    return Result(
        per_second=len(times) / took,
        median=times[len(times) // 2] * 1000,
        p99=times[min(len(times) - 1, int(len(times) * 0.99))] * 1000,
        failures=sum(connection.failures for connection in made),
        requests=len(times),
    )


def drive(port: int, requests: Sequence[bytes], *, connections: int = 32, seconds: float = 5) -> Result:
    """Ask for `seconds` over `connections`, each going through `requests` in turn from a place of its own."""
    return uvloop.run(_run(port, requests, connections, seconds))
