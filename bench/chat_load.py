"""Another process with many open sockets that write messages and read what comes: the load of `homeroom bench chat`.

Standard input: one JSON object, {port, guests, seconds, window}. Every socket keeps `window` messages on the way and
writes the next one when one is acknowledged. Standard output: {messages, seconds, p50, p99, delivered, wrong}.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import sys
import time
import uuid
from typing import Any

from bench import harness

TEXT = "老师好，小雨今天有点咳嗽，体育课能不能让她在教室休息？谢谢老师，辛苦了。"
WARM = 0.15  # of the time, not counted


class Writer:
    """One socket: what it has on the way, and the last number it got of every stream."""

    def __init__(self, connection: socket.socket, guest: dict[str, Any]) -> None:
        self.connection = connection
        self.to = [place.encode() for place in guest["to"]]
        self.turn = 0
        self.sent: dict[bytes, float] = {}
        self.numbers: dict[bytes, int] = {}
        self.rest = b""
        self.delivered = 0
        self.wrong = 0
        self.refused = 0

    def write(self) -> None:
        """One more message, to the next of its conversations."""
        place = self.to[self.turn % len(self.to)]
        self.turn += 1
        key = str(uuid.uuid4()).encode()
        self.sent[key] = time.perf_counter()
        self.connection.send(harness.masked(BEFORE + key + BETWEEN + place + AFTER))

    def read(self, latencies: list[float]) -> int:
        """Take what has come; returns how many messages were acknowledged."""
        data = self.rest + self.connection.recv(1 << 18)
        at, end, done = 0, len(data), 0
        now = time.perf_counter()
        while end - at >= 2:
            size, start = data[at + 1] & 127, at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            if end < start + size or end < start:
                break
            head = data[start : start + 13]
            if head == b'{"t":"acked",':
                key = data[start + 19 : start + 55]
                latencies.append(now - self.sent.pop(key))
                done += 1
            elif head.startswith(b'{"s":"c'):
                self._event(data[start : start + 60])
            elif data[at] == 0x89:
                self.connection.send(harness.PONG)
            elif head == b'{"t":"refused':
                self.refused += 1
            at = start + size
        self.rest = data[at:]
        return done

    def _event(self, head: bytes) -> None:
        quote = head.index(b'"', 6)
        stream, number = head[6:quote], int(head[quote + 6 : head.index(b",", quote + 6)])
        last = self.numbers.get(stream)
        self.wrong += last is not None and number != last + 1
        self.numbers[stream] = number
        self.delivered += 1


BEFORE = b'{"t":"act","do":"conversations.send","id":"'
BETWEEN = b'","d":{"to":"'
AFTER = b'","text":"' + TEXT.encode() + b'"}}'


def main() -> int:
    asked = json.loads(sys.stdin.readline())
    guests = [guest for guest in asked["guests"] if guest["to"]]
    sockets = harness.open_sockets(asked["port"], [{**guest, "number": 0} for guest in guests])
    writers = {one.fileno(): Writer(one, guest) for one, guest in zip(sockets, guests, strict=True)}
    for one in sockets:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    poll = select.epoll()
    for number in writers:
        poll.register(number, select.EPOLLIN)
    gc.disable()
    latencies: list[float] = []
    for writer in list(writers.values())[: asked.get("writers") or len(writers)]:
        for _one in range(asked["window"]):
            writer.write()
    started = time.perf_counter()
    ends, counts_from = started + asked["seconds"], started + asked["seconds"] * WARM
    warm = False
    while (now := time.perf_counter()) < ends:
        if not warm and now > counts_from:
            warm, started = True, now
            latencies.clear()
        for number, _event in poll.poll(1.0):
            writer = writers[number]
            for _done in range(writer.read(latencies)):
                writer.write()
    seconds = time.perf_counter() - started
    latencies.sort()
    told = {
        "messages": len(latencies),
        "seconds": seconds,
        "p50": latencies[len(latencies) // 2] if latencies else 0,
        "p99": latencies[int(len(latencies) * 0.99)] if latencies else 0,
        "delivered": sum(writer.delivered for writer in writers.values()),
        "wrong": sum(writer.wrong for writer in writers.values()),
        "refused": sum(writer.refused for writer in writers.values()),
    }
    print(json.dumps(told), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
