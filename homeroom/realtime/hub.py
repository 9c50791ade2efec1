"""The hub: every connection and stream of this process, and the loop that writes.

All of it runs on the event loop's thread. A delivery is a dictionary look-up, one formatting of bytes and one write:
no task, queue or await. The transport's high-water mark is 0, so uvloop writes at once and keeps the interpreter lock
(`os.write` gives it away, and beside busy threads takes half a second to get it back 2,000 times); what a slow client
has not taken stays in the transport, and past a megabyte the client is cut. It resumes from its numbers.

Per stream the hub sends n only after n - 1. A number that comes too early makes it ask the source for those between.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec
from django.conf import settings
from prometheus_client import Counter, Gauge

from homeroom.realtime import acts, frames, logs
from homeroom.realtime.bursts import Pending, next_stretch
from homeroom.realtime.connection import Channel, Connection, Stream
from homeroom.realtime.identity import Identity
from homeroom.realtime.missed import Caught, Places
from homeroom.realtime.watching import TOPICS_AT_MOST, Watching

log = logging.getLogger(__name__)

OWED_AT_MOST = 768 * 1024  # bytes kept for a slow client here; the kernel holds up to SEND_BUFFER more
SEND_BUFFER = 256 * 1024
WRITES_A_TURN = 500
TOGETHER = 20  # events
HELLO_WITHIN = 10.0
A_DAY = 24 * 3600.0
SOCKETS_OF_A_SESSION = 20

CONNECTIONS = Gauge("homeroom_sockets", "Open sockets")
DELIVERED = Counter("homeroom_socket_deliveries_total", "Entries written to sockets")
CUT = Counter("homeroom_sockets_cut_total", "Sockets closed by us", ["why"])


class Reader(Protocol):
    """What the hub asks of the source; answers come back on the loop."""

    def catch_up(self, connection: Connection, after: Places) -> None: ...

    def fill(self, stream: str, after: int) -> None: ...

    def recheck(self, session_keys: Sequence[str]) -> None: ...

    def watch(self, connection: Connection, tokens: Sequence[str]) -> None: ...

    def arrived(self, stream: str, after: int, up_to: int) -> None: ...


class Hub(Watching):
    """Writes entries, hints and heartbeats to the connections of this process."""

    def __init__(self, loop: asyncio.AbstractEventLoop, reader: Reader) -> None:
        self.loop = loop
        self.reader = reader
        self.connections: set[Connection] = set()
        self.streams: dict[str, Stream] = {}
        self.topics: dict[str, set[Connection]] = {}
        self.cuts = 0  # how many revocations came so far: a sign-in that overlaps one is asked again
        self._sessions: dict[str, int] = {}
        self._acts: list[acts.Act] = []
        self._frames_at_most = settings.SOCKET_FRAMES_IN_TEN_SECONDS
        self._speechless: dict[Connection, float] = {}  # since when they owe us their hello, the oldest first
        self._work: deque[Pending] = deque()
        self._pumping = False
        self._wheel: list[set[Connection]] = [set() for _second in range(frames.BEAT_SECONDS)]
        self._tick_count = 0
        self._tick_timer: asyncio.TimerHandle | None = None

    # --- coming and going

    def start(self) -> None:
        self._tick_timer = self.loop.call_later(1.0, self._tick)

    def stop(self) -> None:
        """Tell every client that this process goes away; they come back to the next one."""
        if self._tick_timer is not None:
            self._tick_timer.cancel()
        for connection in list(self.connections):
            self._close(connection, frames.GOING_AWAY, "restart")

    def has_room(self, session_key: str) -> bool:
        """Whether this session may open one more socket."""
        return self._sessions.get(session_key, 0) < SOCKETS_OF_A_SESSION

    def join(self, channel: Channel, identity: Identity) -> Connection:
        """Take over an accepted socket; it hears nothing before its hello."""
        connection = Connection(channel, identity)
        self.connections.add(connection)
        self._sessions[identity.session_key] = self._sessions.get(identity.session_key, 0) + 1
        connection.wheel = len(self.connections) % frames.BEAT_SECONDS
        self._wheel[connection.wheel].add(connection)
        self._speechless[connection] = time.monotonic()
        CONNECTIONS.inc()
        return connection

    def forget(self, connection: Connection) -> None:
        """Drop a connection from everything; harmless when repeated."""
        if connection.closed:
            return
        connection.closed = True
        self.connections.discard(connection)
        self._wheel[connection.wheel].discard(connection)
        self._speechless.pop(connection, None)
        CONNECTIONS.dec()
        key = connection.identity.session_key
        if self._sessions[key] > 1:
            self._sessions[key] -= 1
        else:
            del self._sessions[key]
        for stream in connection.streams:
            if connection.live:
                stream.live = [other for other in stream.live if other is not connection]
            stream.joining.discard(connection)
            stream.settle()
            if not stream.live and not stream.joining:
                self.streams.pop(stream.key, None)
        connection.streams = ()
        for topic in connection.topics or ():
            self._unwatch(connection, topic)
        for timer in (connection.hint_timer, connection.expiry):
            if timer is not None:
                timer.cancel()
        connection.hint_timer = connection.expiry = None

    def cut(self, whose: Callable[[Identity], bool], code: int, reason: str) -> int:
        """Close every socket of these identities at once; nothing is written to them any more. Returns how many."""
        self.cuts += 1
        cut = [connection for connection in self.connections if whose(connection.identity)]
        for connection in cut:
            self._close(connection, code, reason)
        return len(cut)

    def _close(self, connection: Connection, code: int, reason: str) -> None:
        CUT.labels(why=reason).inc()
        self.forget(connection)
        connection.channel.close_with(code, reason)

    def _abort(self, connection: Connection, why: str) -> None:
        CUT.labels(why=why).inc()
        self.forget(connection)
        connection.transport.abort()

    def give_up(self, connection: Connection) -> None:
        """The connection cannot be served now; it will come back by itself."""
        if not connection.closed:
            self._abort(connection, "failed")

    def _close_the_speechless(self) -> None:
        late = time.monotonic() - HELLO_WITHIN
        while self._speechless:
            connection = next(iter(self._speechless))
            if self._speechless[connection] > late:
                break
            self._close(connection, frames.NO_HELLO, "no hello")

    # --- what clients say

    def received(self, connection: Connection, data: bytes) -> None:
        """One text frame of a client."""
        if connection.closed:
            return
        now = time.monotonic()
        if now - connection.frame_window > 10:
            connection.frame_window = now
            connection.frame_count = 0
        connection.frame_count += 1
        if connection.frame_count > self._frames_at_most:
            self._close(connection, frames.TOO_MANY_FRAMES, "too many frames")
            return
        try:
            frame = frames.decode_client(data)
        except msgspec.DecodeError:
            self._close(connection, frames.BAD_FRAME, "not understood")
            return
        if frame.t == "hello" and not connection.greeted and frame.v == frames.VERSION:
            self._hello(connection, frame.after)
        elif not connection.greeted:
            self._close(connection, frames.BAD_FRAME, "hello comes first")
        elif frame.t == "ack":
            self._acknowledged(connection, frame.s, frame.n)
        elif frame.t == "ping":
            self.write(connection, _PONG)
        elif frame.t == "watch" and len(connection.topics or ()) + len(frame.k) <= TOPICS_AT_MOST:
            self.reader.watch(connection, frame.k)
        elif frame.t == "unwatch":
            for topic in frame.k:
                self._unwatch(connection, topic)
        elif frame.t == "act":
            if not self._acts:
                self.loop.call_soon(self._hand_over_acts)
            self._acts.append(acts.Act(connection, frame.id[:64], frame.do, frame.d))
        else:
            self._close(connection, frames.BAD_FRAME, "not understood")

    def _hand_over_acts(self) -> None:
        """What clients asked to be done in this turn of the loop, together."""
        asked, self._acts = self._acts, []
        for connection, answers in acts.hand_over(asked).items():
            self.write(connection, answers)

    def answered(self, answers: Iterable[tuple[Connection, bytes]]) -> None:
        """Answers to acts, one piece for each connection."""
        for connection, data in answers:
            self.write(connection, data)

    def _hello(self, connection: Connection, after: Mapping[str, int]) -> None:
        connection.greeted = True
        del self._speechless[connection]
        identity = connection.identity
        keys = [*(f"p{person_id}" for person_id in identity.person_ids), *identity.streams]
        connection.streams = tuple(self._stream(key) for key in keys)
        for stream in connection.streams:
            stream.joining.add(connection)
            stream.settle()
        places: dict[str, int | None] = {key: after.get(key) for key in keys}
        for key, heard in identity.streams.items():
            known = places[key]
            if known is not None and known < heard.floor and not logs.is_sparse(key):
                places[key] = heard.floor
        self.reader.catch_up(connection, places)
        if ends := [heard.until for heard in identity.streams.values() if heard.until is not None]:
            left = min(max(0.0, min(ends) - time.time()), A_DAY)
            connection.expiry = self.loop.call_later(left, self._expired, connection)

    def _expired(self, connection: Connection) -> None:
        """A right has ended by its date: the client comes back without it."""
        connection.expiry = None
        if not connection.closed:
            self._close(connection, frames.RIGHTS_CHANGED, "rights changed")

    def _stream(self, key: str) -> Stream:
        stream = self.streams.get(key)
        if stream is None:
            stream = self.streams[key] = Stream(key)
        return stream

    def _acknowledged(self, connection: Connection, key: str, number: int) -> None:
        stream = self.streams.get(key)
        if stream is None or stream not in connection.streams or stream.last is None:
            return
        if connection.arrived is None:
            connection.arrived = {}
        before = connection.arrived.get(key, 0)
        if before < number <= stream.last:
            connection.arrived[key] = number
            self.reader.arrived(key, before, number)

    # --- catching up and going live

    def all_caught_up(self, answers: Iterable[tuple[Connection, Mapping[str, Caught]]]) -> None:
        """Answers to `catch_up` that were read together."""
        for connection, streams in answers:
            self.caught_up(connection, streams)

    def caught_up(self, connection: Connection, streams: Mapping[str, Caught]) -> None:
        """The answer to `catch_up`: send what the table holds, then go live, or ask again if more came."""
        if connection.closed:
            return
        places = connection.places = connection.places or {}
        out = []
        behind = connection.again
        connection.again = False
        for stream in connection.streams:
            caught = streams[stream.key]
            if caught.reload:
                out.append(frames.Delivery(frames.RELOAD_TAIL).to(stream.head, caught.last, 0))
            for number, about, tail in caught.entries:
                if not (stream.sparse and connection.is_below(stream.key, about)):
                    out.append(frames.Delivery(tail).to(stream.head, number, about))
            places[stream.key] = caught.last
            if stream.last is not None and caught.fresh:
                places[stream.key] = stream.last  # "now" is where the live ones stand, not what they have still to get
            elif stream.last is not None:
                if not stream.sparse:  # (where numbers have gaps, only what was asked after `last` may move it)
                    self._advance(stream, caught)  # the table may be ahead of what the live ones were sent
                if caught.last > stream.last:
                    self._fill(stream)
                behind = behind or caught.last != stream.last
        if out:
            DELIVERED.inc(len(out))
            self.write(connection, b"".join(out))
        if behind:
            self.reader.catch_up(connection, dict(places))
            return
        if connection not in self.connections:  # cut just now, for what it owes
            return
        for stream in connection.streams:
            stream.joining.discard(connection)
            stream.last = places[stream.key]
            stream.live.append(connection)
            stream.settle()
        connection.live = True
        connection.places = None
        self.write(connection, frames.control("ready", v=frames.VERSION, beat=frames.BEAT_SECONDS, streams=places))

    def filled(self, key: str, caught: Caught) -> None:
        """The answer to `fill`: what was missing between the last number sent and the one that came too early."""
        stream = self.streams.get(key)
        if stream is None:
            return
        stream.filling = False
        stream.settle()
        if stream.last is not None:
            self._advance(stream, caught)
            if stream.again:
                self._fill(stream)

    def stirred(self, keys: Iterable[str]) -> None:
        """These streams have moved, and nobody was live there a moment ago."""
        for key in keys:
            stream = self.streams.get(key)
            if stream is not None:
                self._touch_joining(stream)
                self._fill(stream)

    def resync(self) -> None:
        """Wake-ups may have been missed: ask the table about every stream."""
        for stream in self.streams.values():
            self._touch_joining(stream)
            if stream.last is not None:
                self._fill(stream)

    def _advance(self, stream: Stream, caught: Caught) -> None:
        if stream.last is None:
            return
        if caught.reload and caught.last > stream.last:
            stream.last = caught.last
            self._write_to_all(stream, frames.Delivery(frames.RELOAD_TAIL).to(stream.head, caught.last, 0))
        for number, about, tail in caught.entries:
            if number == stream.last + 1 or (stream.sparse and number > stream.last):
                stream.last = number
                self._write_to_all(stream, frames.Delivery(tail).to(stream.head, number, about), about)
        if stream.sparse and caught.last > stream.last:
            stream.last = caught.last

    def _write_to_all(self, stream: Stream, data: bytes, about: int = 0) -> None:
        told = stream.told_of(about)
        DELIVERED.inc(len(told))
        for connection in told:
            self.write(connection, data)

    def _fill(self, stream: Stream) -> None:
        if stream.filling or stream.last is None:
            stream.again = True
            return
        stream.filling, stream.again = True, False
        stream.settle()
        self.reader.fill(stream.key, stream.last)

    @staticmethod
    def _touch_joining(stream: Stream) -> None:
        for connection in stream.joining:
            connection.again = True

    # --- delivering

    def deliver(self, events: Iterable[tuple[bytes, Sequence[Any]]]) -> None:
        """Write committed events: for each its shared bytes and its fan-out: stream, number, about, and again."""
        for tail, fanout in events:
            self._work.append(Pending(frames.Delivery(tail), iter(fanout)))
        if not self._pumping:
            self._pumping = True
            self._pump()

    def _pump(self) -> None:
        """Write for a while, then let the loop look after everybody else.

        First all frames are made, then all are written: a receiver on this machine that is kept busy need not be woken
        for each write, which costs as much as half the write. Nothing else runs in between.
        """
        writers: list[Callable[[bytes], None]] = []
        ready: list[bytes] = []
        find = self.streams.get
        if len(self._work) > 1:
            self._write_together()
        while len(self._work) == 1 and len(ready) < WRITES_A_TURN:
            delivery, entries = self._work[0].delivery, self._work[0].take()
            template = delivery.template
            for key, number, about in zip(entries, entries, entries, strict=True):
                stream = find(key)
                if stream is None:
                    continue
                if (not stream.plain or number != stream.last + 1) and not self._is_next(stream, number):  # type: ignore[operator]
                    continue
                stream.last = number
                if stream.direct is not None:
                    writers.append(stream.direct)
                    ready.append(template % (b'%b%d,"a":%d' % (stream.head, number, about)))
                else:
                    data = delivery.to(stream.head, number, about)
                    for connection in stream.told_of(about):
                        writers.append(
                            partial(self.write, connection) if connection.blocked else connection.transport.write
                        )
                        ready.append(data)
                if len(ready) >= WRITES_A_TURN:
                    break
            else:
                self._work.popleft()
        for write, data in zip(writers, ready, strict=True):
            write(data)
        DELIVERED.inc(len(ready))
        if self._work:
            self.loop.call_soon(self._pump)
        else:
            self._pumping = False

    def _write_together(self) -> None:
        work = [self._work.popleft() for _event in range(min(len(self._work), TOGETHER))]
        together, rest = next_stretch(work, WRITES_A_TURN // len(work), self.streams.get, self._is_next)
        self._work.extendleft(reversed(rest))
        for connection, lines in together.items():
            for data in lines if connection.blocked else [b"".join(lines)]:
                self.write(connection, data)
            DELIVERED.inc(len(lines))

    def _is_next(self, stream: Stream, number: int) -> bool:
        """Whether `number` is to be written now; one that is early is asked for, with those before it."""
        self._touch_joining(stream)
        if stream.last is None or number <= stream.last:
            return False
        if (number == stream.last + 1 or stream.sparse) and not stream.filling:
            return True
        self._fill(stream)
        return False

    def blocked(self, connection: Connection, *, is_blocked: bool) -> None:
        """The transport could not take everything, or has caught up."""
        connection.blocked = is_blocked
        for stream in connection.streams:
            stream.settle()

    def write(self, connection: Connection, data: bytes) -> None:
        """Write whole frames to one connection, or cut it when it owes too much."""
        if connection.closed:
            return
        if connection.blocked:
            self._write_to_slow(connection, data)
        else:
            connection.transport.write(data)

    def _write_to_slow(self, connection: Connection, data: bytes) -> None:
        if connection.transport.get_write_buffer_size() > OWED_AT_MOST:
            self._abort(connection, "too slow")
        elif not connection.closed:
            connection.transport.write(data)

    # --- heartbeat

    def heard(self, connection: Connection) -> None:
        """The client answered a ping."""
        connection.pinged = False

    def _tick(self) -> None:
        """Each second a twenty-fifth of the connections: ping, cut the silent, ask who they are."""
        self._tick_timer = self.loop.call_later(1.0, self._tick)
        self._tick_count += 1
        self._close_the_speechless()
        recheck = []
        ask = (self._tick_count // frames.BEAT_SECONDS) % 2 == 1
        for connection in list(self._wheel[self._tick_count % frames.BEAT_SECONDS]):
            if not connection.greeted:  # it hears nothing before its hello, not even a ping
                continue
            if connection.pinged:
                self._abort(connection, "silent")
                continue
            connection.pinged = True
            self.write(connection, frames.PING)
            if ask:
                recheck.append(connection.identity.session_key)
        if recheck:
            self.reader.recheck(recheck)

    def rechecked(self, asked: Collection[str], valid: Mapping[str, Identity]) -> None:
        """The answer to `recheck`: whoever is no longer who they were is cut, and may come back as who they are now."""
        wanted = set(asked)
        for connection in list(self.connections):
            key = connection.identity.session_key
            if key not in wanted:
                continue
            if key not in valid:
                self._close(connection, frames.SIGNED_OUT, "signed out")
            elif valid[key] != connection.identity:
                self._close(connection, frames.RIGHTS_CHANGED, "rights changed")


_PONG = frames.control("pong")
