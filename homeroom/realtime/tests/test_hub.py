"""The hub's promise, whatever happens in whatever order: every number of a stream once, in order, none left out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from homeroom.realtime import frames, hub
from homeroom.realtime.connection import Connection
from homeroom.realtime.hub import Hub
from homeroom.realtime.identity import Identity
from homeroom.realtime.missed import Caught, Places

STREAMS = ("p1", "p2", "p3")
AT = datetime(2026, 11, 23, tzinfo=UTC)


class Transport:
    """Takes what is written; `full` is a client that has stopped reading."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.owed = 0
        self.full = False
        self.aborted = False
        self.hub: Hub | None = None
        self.connection: Connection | None = None

    def write(self, data: bytes) -> None:
        if self.full:
            self.owed += len(data)
            assert self.hub is not None
            assert self.connection is not None
            self.hub.blocked(self.connection, is_blocked=True)
        self.taken.append(data)

    def get_write_buffer_size(self) -> int:
        return self.owed

    def abort(self) -> None:
        self.aborted = True


class Channel:
    def __init__(self) -> None:
        self.transport: Any = Transport()
        self.closed: int | None = None

    def close_with(self, code: int, reason: str) -> None:
        self.closed = code


class Loop:
    """A loop that only remembers: the test says when things happen."""

    def __init__(self) -> None:
        self.soon: list[tuple[Any, tuple[Any, ...]]] = []

    def call_soon(self, call: Any, *arguments: Any) -> None:
        self.soon.append((call, arguments))

    def call_later(self, delay: float, call: Any, *arguments: Any) -> Any:
        class Handle:
            def cancel(self) -> None:
                pass

        return Handle()


def sent(channel: Channel) -> list[dict[str, Any]]:
    """The frames written to a channel."""
    data = b"".join(channel.transport.taken)
    found = []
    while data:
        size, start = data[1] & 127, 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        if data[0] == 0x81:
            found.append(json.loads(data[start : start + size]))
        data = data[start + size :]
    return found


class Gateway(RuleBasedStateMachine):
    """Commits, wake-ups (late, doubled, lost, out of order), joins, answers of the source, closings, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = Loop()
        self.table: dict[str, list[int]] = {
            stream: [] for stream in STREAMS
        }  # stream → abouts, number - 1 is the place
        self.unsent: list[list[Any]] = []
        self.catching: list[tuple[Connection, dict[str, int | None]]] = []
        self.filling: list[tuple[str, int]] = []
        self.channels: list[tuple[Channel, Connection, dict[str, int]]] = []
        self.hub = Hub(self.loop, self)  # type: ignore[arg-type]

    # the source, as the hub sees it: requests wait until a rule answers them
    def catch_up(self, connection: Connection, after: Places) -> None:
        self.catching.append((connection, dict(after)))

    def fill(self, stream: str, after: int) -> None:
        self.filling.append((stream, after))

    def recheck(self, session_keys: Sequence[str]) -> None:
        pass

    def watch(self, connection: Connection, tokens: Sequence[str]) -> None:
        pass

    def arrived(self, stream: str, after: int, up_to: int) -> None:
        pass

    def missed(self, stream: str, after: int | None) -> Caught:
        rows = self.table[stream]
        if after is None:
            return Caught(len(rows), fresh=True)
        tail = frames.event_tail("x", AT, {})
        return Caught(len(rows), [(number, rows[number - 1], tail) for number in range(after + 1, len(rows) + 1)])

    @rule(streams=st.lists(st.sampled_from(STREAMS), min_size=1, max_size=4), about=st.integers(0, 3))
    def commit(self, streams: list[str], about: int) -> None:
        entries: list[Any] = []
        for stream in streams:
            self.table[stream].append(about)
            entries += [stream, len(self.table[stream]), about]
        self.unsent.append(entries)

    @rule(data=st.data(), keep=st.booleans())
    def wake(self, data: st.DataObject, keep: bool) -> None:
        if self.unsent:
            at = data.draw(st.integers(0, len(self.unsent) - 1))
            entries = self.unsent[at] if keep else self.unsent.pop(at)
            self.hub.deliver([(frames.event_tail("x", AT, {}), entries)])
            self.run_loop()

    @rule()
    def lose_a_wake_up(self) -> None:
        if self.unsent:
            self.unsent.pop()
            self.hub.resync()

    @rule(persons=st.sets(st.sampled_from([1, 2, 3]), min_size=1), knows=st.booleans(), data=st.data())
    def open(self, persons: set[int], knows: bool, data: st.DataObject) -> None:
        channel = Channel()
        identity = Identity(f"s{len(self.channels)}", len(self.channels), tuple(sorted(persons)))
        connection = self.hub.join(channel, identity)
        channel.transport.hub, channel.transport.connection = self.hub, connection
        after = {}
        if knows:
            after = {f"p{person}": data.draw(st.integers(0, len(self.table[f"p{person}"]))) for person in persons}
        self.hub.received(connection, frames.encode({"t": "hello", "v": 1, "after": after}))
        self.channels.append((channel, connection, after))

    @rule()
    def answer_a_catch_up(self) -> None:
        if self.catching:
            connection, after = self.catching.pop(0)
            self.hub.caught_up(connection, {stream: self.missed(stream, number) for stream, number in after.items()})

    @rule()
    def answer_a_fill(self) -> None:
        if self.filling:
            stream, after = self.filling.pop(0)
            self.hub.filled(stream, self.missed(stream, after))

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        if self.channels:
            _channel, connection, _after = self.channels[data.draw(st.integers(0, len(self.channels) - 1))]
            self.hub.forget(connection)

    def run_loop(self) -> None:
        while self.loop.soon:
            call, arguments = self.loop.soon.pop(0)
            call(*arguments)

    @invariant()
    def every_stream_counts_up_by_one(self) -> None:
        for channel, _connection, after in self.channels:
            last: dict[str, int] = dict(after)
            for frame in sent(channel):
                if frame["t"] == "event":
                    stream = frame["s"]
                    assert frame["n"] == last.get(stream, frame["n"] - 1) + 1
                    assert frame["a"] == self.table[stream][frame["n"] - 1]
                    last[stream] = frame["n"]
                elif frame["t"] == "ready":
                    for stream, number in frame["streams"].items():
                        assert last.get(stream, number) == number
                        last[stream] = number

    def teardown(self) -> None:
        """Once everything has settled, whoever is still there has everything."""
        while self.unsent:
            self.hub.deliver([(frames.event_tail("x", AT, {}), self.unsent.pop(0))])
            self.run_loop()
        self.hub.resync()
        while self.catching or self.filling:
            self.answer_a_catch_up()
            self.answer_a_fill()
        self.every_stream_counts_up_by_one()
        for channel, connection, after in self.channels:
            if connection.closed:
                continue
            last = dict(after)
            for frame in sent(channel):
                if frame["t"] == "event":
                    last[frame["s"]] = frame["n"]
                elif frame["t"] == "ready":
                    last |= frame["streams"]
            assert last == {f"p{person}": len(self.table[f"p{person}"]) for person in connection.identity.person_ids}
        assert not any(stream.live == [] and not stream.joining for stream in self.hub.streams.values())


Gateway.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestGateway = Gateway.TestCase


class Nothing:
    """A source that is never asked in these tests."""

    def __init__(self) -> None:
        self.rechecked: list[str] = []

    def catch_up(self, connection: Connection, after: Places) -> None:
        pass

    def recheck(self, session_keys: Sequence[str]) -> None:
        self.rechecked += session_keys


def joined(hub_: Hub, count: int) -> list[tuple[Channel, Connection]]:
    both = []
    for number in range(count):
        channel = Channel()
        connection = hub_.join(channel, Identity(f"s{number}", number, (number,)))
        channel.transport.hub, channel.transport.connection = hub_, connection
        hub_.received(connection, b'{"t":"hello","v":1}')
        hub_.caught_up(connection, {f"p{number}": Caught(0, fresh=True)})
        both.append((channel, connection))
    return both


def numbered(count: int, streams: int) -> list[tuple[bytes, Sequence[Any]]]:
    tail = frames.event_tail("x", AT, {"text": "x" * 300})
    return [
        (tail, [part for stream in range(streams) for part in (f"p{stream}", number, 0)])
        for number in range(1, count + 1)
    ]


def test_a_client_that_does_not_read_is_cut_and_the_others_get_everything() -> None:
    loop = Loop()
    hub_ = Hub(loop, Nothing())  # type: ignore[arg-type]
    both = joined(hub_, 3)
    both[1][0].transport.full = True
    hub_.deliver(numbered(3_000, 3))
    while loop.soon:
        call, arguments = loop.soon.pop(0)
        call(*arguments)
    assert both[1][0].transport.aborted
    assert both[1][0].transport.owed < hub.OWED_AT_MOST + 1_000
    for channel in (both[0][0], both[2][0]):
        assert [frame["n"] for frame in sent(channel) if frame["t"] == "event"] == list(range(1, 3_001))


def test_a_large_fan_out_lets_the_loop_breathe() -> None:
    loop = Loop()
    hub_ = Hub(loop, Nothing())  # type: ignore[arg-type]
    joined(hub_, 1_200)
    hub_.deliver(numbered(1, 1_200))
    turns = 1
    while loop.soon:
        call, arguments = loop.soon.pop(0)
        call(*arguments)
        turns += 1
    assert turns == 3


def test_nobody_hears_anything_before_their_hello() -> None:
    """A ping right behind the handshake's answer would stand where a simple client looks for the answer's end."""
    hub_ = Hub(Loop(), Nothing())  # type: ignore[arg-type]
    channel = Channel()
    hub_.join(channel, Identity("speechless", 1, (1,)))
    for _second in range(frames.BEAT_SECONDS):
        hub_._tick()
    assert channel.transport.taken == []


def test_who_never_says_hello_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(hub.time, "monotonic", lambda: now)
    hub_ = Hub(Loop(), Nothing())  # type: ignore[arg-type]
    early, late = Channel(), Channel()
    hub_.join(early, Identity("early", 1, (1,)))
    now += 6
    hub_.join(late, Identity("late", 2, (2,)))
    now += 5
    hub_._tick()
    assert (early.closed, late.closed) == (frames.NO_HELLO, None)


def test_who_answers_no_ping_is_cut_after_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Nothing()
    hub_ = Hub(Loop(), source)  # type: ignore[arg-type]
    (awake, asleep) = joined(hub_, 2)
    for _second in range(frames.BEAT_SECONDS):
        hub_._tick()
    hub_.heard(awake[1])
    for _second in range(frames.BEAT_SECONDS):
        hub_._tick()
    assert not awake[0].transport.aborted
    assert asleep[0].transport.aborted
    assert awake[0].transport.taken.count(frames.PING) == 2
    assert source.rechecked == ["s0"]


@pytest.mark.parametrize(
    ("valid", "code"),
    [
        ({}, frames.SIGNED_OUT),
        ({"s0": Identity("s0", 0, (0, 7))}, frames.RIGHTS_CHANGED),
        ({"s0": Identity("s0", 0, (0,))}, None),
    ],
)
def test_who_is_no_longer_who_they_were_is_closed(valid: Mapping[str, Identity], code: int | None) -> None:
    hub_ = Hub(Loop(), Nothing())  # type: ignore[arg-type]
    ((channel, _connection),) = joined(hub_, 1)
    hub_.rechecked(["s0"], valid)
    assert channel.closed == code


def test_nothing_runs_a_task_for_a_delivery() -> None:
    """The cost of a delivery is a write: no task is made, nothing is awaited."""

    async def deliver() -> int:
        before = len(asyncio.all_tasks())
        hub_ = Hub(asyncio.get_running_loop(), Nothing())  # type: ignore[arg-type]
        joined(hub_, 50)
        hub_.deliver(numbered(10, 50))
        return len(asyncio.all_tasks()) - before

    assert asyncio.run(deliver()) == 0


def test_a_burst_is_one_write_for_each_connection_and_stays_in_order() -> None:
    loop = Loop()
    hub_ = Hub(loop, Nothing())  # type: ignore[arg-type]
    both = joined(hub_, 30)
    writes = len(both[7][0].transport.taken)
    burst = numbered(10, 30)
    burst[4] = (burst[4][0], burst[4][1][3:])  # one event is not for everybody
    hub_.deliver([*burst[:5], *[(tail, _less(fanout)) for tail, fanout in burst[5:]]])
    while loop.soon:
        call, arguments = loop.soon.pop(0)
        call(*arguments)
    assert len(both[7][0].transport.taken) == writes + 1
    for number, (channel, _connection) in enumerate(both):
        seen = [frame["n"] for frame in sent(channel) if frame["t"] == "event"]
        assert seen == list(range(1, 10 if number == 0 else 11))


def _less(fanout: Sequence[Any]) -> list[Any]:
    """The same with the first stream's number one less, which missed an event."""
    return [fanout[0], fanout[1] - 1, *fanout[2:]]
