"""The readers of a class channel, in a process of their own, and the teacher who writes to them at a steady rate.

Standard input: {port, guests, seconds, rate}; the first guest is the teacher. Every reader notes when it has each
number. Standard output: {messages, p50, p99, wrong, missing, frame_bytes}.
"""

from __future__ import annotations

import gc
import json
import select
import sys
import time
import uuid

from bench import harness
from bench.chat_load import AFTER, BEFORE, BETWEEN

PATIENCE = 5.0


def main() -> int:
    asked = json.loads(sys.stdin.readline())
    harness.allow_many_files()
    guests = [{**guest, "number": 0} for guest in asked["guests"]]
    sockets = harness.open_sockets(asked["port"], guests)
    place = guests[0]["to"][0].encode()
    head = b'{"s":"' + place + b'","n":'
    teacher = sockets[0]
    poll = select.epoll()
    readers = {one.fileno(): one for one in sockets}
    for number in readers:
        poll.register(number, select.EPOLLIN)
    rest = dict.fromkeys(readers, b"")
    last = dict.fromkeys(readers, 0)
    sent: list[float] = []
    latencies: list[float] = []
    wrong = frame_bytes = 0
    gc.disable()
    started = time.perf_counter()
    messages = int(asked["seconds"] * asked["rate"])
    expected = messages * len(readers)
    until = started + asked["seconds"] + PATIENCE
    while len(latencies) < expected and (now := time.perf_counter()) < until:
        due = started + len(sent) / asked["rate"]
        if len(sent) < messages and now >= due:
            sent.append(now)
            teacher.send(harness.masked(BEFORE + str(uuid.uuid4()).encode() + BETWEEN + place + AFTER))
        for number, _event in poll.poll(0.002):
            data = rest[number] + readers[number].recv(1 << 16)
            arrived = time.perf_counter()
            while (frame := harness.first_frame(data)) is not None:
                opcode, payload, after = frame
                if opcode == harness.PING:
                    readers[number].send(harness.PONG)
                elif payload.startswith(head):
                    told = int(payload[len(head) : payload.index(b",", len(head))])
                    wrong += told != last[number] + 1
                    last[number] = told
                    latencies.append(arrived - sent[told - 1])
                    frame_bytes = len(data) - len(after)
                data = after
            rest[number] = data
    latencies.sort()
    told_ = {
        "messages": len(sent),
        "p50": latencies[len(latencies) // 2],
        "p99": latencies[int(len(latencies) * 0.99)],
        "wrong": wrong,
        "missing": expected - len(latencies),
        "frame_bytes": frame_bytes,
    }
    print(json.dumps(told_), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
