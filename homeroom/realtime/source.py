"""The source: one thread with one database connection that does all of the gateway's reading.

Whatever waits is taken together: two thousand sockets that come back at once are signed in and caught up by a handful
of queries. Committed events are found in the log itself: on SQLite by the event id, which is in commit order there; on
PostgreSQL by the ids that arrive with the commits (numbers of a stream are dense, so the hub sees whatever is missing).
Rows of other logs (`logs`) are read by the streams that are said to have moved, after the number the hub has.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from django.db import DatabaseError, InterfaceError, connection

from homeroom.eventlog.public import (
    EventRecord,
    events_after,
    events_by_id,
    last_event_id,
)
from homeroom.realtime import frames, logs, registries, tokens
from homeroom.realtime.connection import Connection
from homeroom.realtime.hub import Hub
from homeroom.realtime.identity import Identity, identities
from homeroom.realtime.missed import AT_MOST, Places, read_missed
from homeroom.realtime.watching import HINT_EVERY

log = logging.getLogger(__name__)

ANSWERS_A_TURN = 100  # of the loop
GATHER = 0.005  # seconds: when many come at once their questions are gathered for so long, and asked together
POLL_EVERY = 0.02  # seconds between looks at SQLite's data_version while somebody is connected
IDLE_EVERY = 0.5
ARRIVALS_EVERY = 1.0
EVENTS_AT_ONCE = 200
SEEN_AT_MOST = 10_000
ROWS_AT_ONCE = 1000

CUT_EVENT = "realtime.rights_cut"


class SignedIn(Protocol):
    """Is told who a session is, None for nobody; `failed`: the database did not answer."""

    def __call__(self, identity: Identity | None, *, failed: bool = False) -> None: ...


def secret_digest(session_key: str) -> str:
    """A session as the log may know it: the key itself would sign somebody in."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:32]


class Source:
    """Reads for the hub. Its public methods only put a request into the queue; answers go to the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.hub: Hub
        self._queue: queue.SimpleQueue[tuple[str, tuple[Any, ...]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="gateway-source", daemon=True)
        self._place: int | None = None
        self._log_places: list[int] | None = None
        self._moved: set[str] = set()
        self._handed_on: dict[str, int] = {}  # stream of a log → the last number given to the hub
        self._looked_at = 0.0
        self._data_version: int | None = None
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._stale: set[str] = set()
        self._made_at: dict[str, float] = {}
        self._shown: dict[str, bytes] = {}
        self._arrived: dict[str, tuple[int, int]] = {}
        self._arrivals_due = 0.0
        self._gathered: dict[str, list[tuple[Any, ...]]] = {}  # of the loop's thread, as is the next one
        self._gathered_at = 0.0

    def start(self, hub: Hub) -> None:
        self.hub = hub
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end and wait for it."""
        self._queue.put(("stop", ()))
        self._thread.join(5)

    # --- requests: from the loop, or from any thread

    def sign_in(self, session_key: str, answer: SignedIn) -> None:
        """Ask whose session this is; on the loop."""
        self._gather("sign_in", (session_key, answer))

    def catch_up(self, connection: Connection, after: Places) -> None:
        self._gather("catch_up", (connection, after))

    def _gather(self, kind: str, arguments: tuple[Any, ...]) -> None:
        """Ask at once when little happens; in a rush put together what comes within a few milliseconds."""
        if not self._gathered:
            wait = self._gathered_at + GATHER - self.loop.time()
            if wait > 0:
                self.loop.call_later(wait, self._ask_gathered)
            else:
                self.loop.call_soon(self._ask_gathered)
        self._gathered.setdefault(kind, []).append(arguments)

    def _ask_gathered(self) -> None:
        gathered, self._gathered = self._gathered, {}
        self._gathered_at = self.loop.time()
        for kind, requests in gathered.items():
            for arguments in requests:
                self._queue.put((kind, arguments))

    def fill(self, stream: str, after: int) -> None:
        self._queue.put(("fill", (stream, after)))

    def recheck(self, session_keys: Sequence[str]) -> None:
        self._queue.put(("recheck", (session_keys,)))

    def watch(self, connection: Connection, tokens: Sequence[str]) -> None:
        self._queue.put(("watch", (connection, tokens)))

    def arrived(self, stream: str, after: int, up_to: int) -> None:
        if registries.wants_arrivals():
            self._queue.put(("arrived", (stream, after, up_to)))

    def wake(self, event_id: int) -> None:
        """An event was committed, by this process or another."""
        self._queue.put(("wake", (event_id,)))

    def stir(self, streams: Collection[str]) -> None:
        """Rows were committed to these streams of logs, by this process or another."""
        self._queue.put(("stir", (streams,)))

    def call(self, work: Callable[[], None]) -> None:
        """Read something for a module, on the source's thread: a few milliseconds at the most."""
        self._queue.put(("call", (work,)))

    def touch(self, keys: Collection[str]) -> None:
        """What these topics show has changed."""
        self._queue.put(("touch", (tuple(keys),)))

    def resync(self) -> None:
        """Wake-ups may have been missed."""
        self._queue.put(("resync", ()))

    # --- the thread

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        finally:
            connection.close()

    def _turn(self) -> bool:
        asked: dict[str, list[tuple[Any, ...]]] = {}
        with contextlib.suppress(queue.Empty):
            kind, arguments = self._queue.get(timeout=self._pause())
            asked.setdefault(kind, []).append(arguments)
            while True:
                kind, arguments = self._queue.get_nowait()
                asked.setdefault(kind, []).append(arguments)
        if "stop" in asked:
            return False
        try:
            self._answer(asked)
        except (DatabaseError, InterfaceError):
            log.exception("the gateway's database connection failed; trying again")
            connection.close()
            self._on_loop(_answer_all, [(answer, None) for _key, answer in asked.pop("sign_in", ())], failed=True)
            time.sleep(0.2)
            for kind, requests in asked.items():
                for arguments in requests:
                    self._queue.put((kind, arguments))
        except Exception:
            log.exception("the gateway could not answer %s", sorted(asked))
            self._on_loop(_answer_all, [(answer, None) for _key, answer in asked.get("sign_in", ())], failed=True)
            for joining, _after in asked.get("catch_up", ()):
                self._on_loop(self.hub.give_up, joining)
        return True

    def _pause(self) -> float:
        now = time.monotonic()
        busy = bool(self.hub.connections)
        pause = POLL_EVERY if busy and connection.vendor == "sqlite" else IDLE_EVERY
        if self._stale:
            pause = min([pause, *(self._made_at.get(key, 0.0) + HINT_EVERY - now for key in self._stale)])
        if self._arrived:
            pause = min(pause, self._arrivals_due - now)
        return max(pause, 0.0)

    def _on_loop(self, call: Callable[..., object], *arguments: object, **named: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self.loop.call_soon_threadsafe(partial(call, *arguments, **named))

    def _answer(self, asked: dict[str, list[tuple[Any, ...]]]) -> None:
        """Answer each kind and take it out: when the database fails in between, only the rest is asked again."""
        foreign = self._foreign_commit()
        if "sign_in" in asked:
            self._sign_in(asked["sign_in"])
            del asked["sign_in"]
        if "wake" in asked or foreign:
            self._tail({event_id for (event_id,) in asked.get("wake", ())})
            asked.pop("wake", None)
        # With the rows themselves: what changed in a row must not be told before the row.
        stirred = {stream for (streams,) in asked.get("stir", ()) for stream in streams} | self._moved
        if foreign:
            stirred |= self._moved_elsewhere()
        if stirred:
            self._stir(stirred)
            self._moved.clear()
        asked.pop("stir", None)
        if asked.pop("resync", None):
            self._on_loop(self.hub.resync)
        if "catch_up" in asked or "fill" in asked:
            self._read_on(asked.get("catch_up", []), asked.get("fill", []))
            asked.pop("catch_up", None)
            asked.pop("fill", None)
        if "recheck" in asked:
            keys = {key for (keys,) in asked["recheck"] for key in keys}
            self._on_loop(self.hub.rechecked, keys, identities(keys))
            del asked["recheck"]
        for (work,) in asked.pop("call", ()):
            self._do(work)
        while asked.get("watch"):
            self._watch(*asked["watch"][-1])
            asked["watch"].pop()
        if foreign:
            self._stale.update(self.hub.topics.copy())
        for (keys,) in asked.pop("touch", ()):
            self._stale.update(key for key in keys if key in self.hub.topics)
        self._refresh_topics()
        for stream, after, up_to in asked.pop("arrived", ()):
            self._note_arrival(stream, after, up_to)
        self._tell_arrivals()

    # --- who is there

    def _sign_in(self, requests: Sequence[tuple[str, SignedIn]]) -> None:
        found = identities({key for key, _answer in requests}, with_streams=True)
        answers = [(answer, found.get(key)) for key, answer in requests]
        for start in range(0, len(answers), ANSWERS_A_TURN):
            self._on_loop(_answer_all, answers[start : start + ANSWERS_A_TURN])

    # --- committed events

    def _foreign_commit(self) -> bool:
        """Whether another connection has committed since the last look. SQLite counts that for us."""
        if connection.vendor != "sqlite" or not self.hub.connections:
            return False
        now = time.monotonic()
        if now - self._looked_at < POLL_EVERY / 2:  # its own process tells it what it commits
            return False
        self._looked_at = now
        connection.ensure_connection()
        # Asked fifty times a second: past Django's cursor, which costs twenty times the question.
        version = connection.connection.execute("PRAGMA data_version").fetchone()[0]
        changed = bool(version != self._data_version)
        self._data_version = version
        return changed

    def _tail(self, event_ids: Collection[int]) -> None:
        if not self.hub.connections:
            self._place = None
            return
        if connection.vendor == "sqlite":
            if self._place is None:
                self._place = min(event_ids, default=last_event_id() + 1) - 1
            while events := events_after(self._place, EVENTS_AT_ONCE):
                self._place = events[-1].id
                self._hand_on(events)
                if len(events) < EVENTS_AT_ONCE:
                    break
            return
        new = [event_id for event_id in event_ids if event_id not in self._seen]
        self._seen.update(dict.fromkeys(new))
        while len(self._seen) > SEEN_AT_MOST:
            self._seen.popitem(last=False)
        try:
            self._hand_on(events_by_id(new, with_fanout=True))
        except DatabaseError:
            for event_id in new:
                self._seen.pop(event_id, None)
            raise

    def _hand_on(self, events: Sequence[EventRecord]) -> None:
        for event in events:
            if event.name == CUT_EVENT:
                self._on_loop(cut_on, self.hub, event.body)
            elif moved := logs.moved_by(event.name, event.body):
                self._moved.add(moved)
        heard = self.hub.streams
        wanted = [event for event in events if not heard.keys().isdisjoint(event.fanout[::3])]
        if wanted:
            made = registries.tails(wanted)
            self._on_loop(self.hub.deliver, [(made[event.id], event.fanout) for event in wanted])

    # --- rows of logs

    def _moved_elsewhere(self) -> set[str]:
        """The streams another process may have written to. Only SQLite numbers rows in the order of their commits."""
        if self._log_places is None:
            self._log_places = logs.last_places()
            return set()
        return logs.moved_after(self._log_places, ROWS_AT_ONCE)

    def _stir(self, streams: Collection[str]) -> None:
        """Read on where somebody listens. What the hub did not take in between it asks for by itself."""
        after: dict[str, int] = {}
        unheard = []
        for key in streams:
            stream = self.hub.streams.get(key)
            if stream is None:
                continue
            last = stream.last
            if last is None:
                unheard.append(key)
            else:
                after[key] = last if stream.sparse else max(last, self._handed_on.get(key, 0))
        if unheard:
            self._on_loop(self.hub.stirred, unheard)
        if not after:
            return
        if len(self._handed_on) > SEEN_AT_MOST:
            self._handed_on.clear()
        rows = logs.read_streams(after, AT_MOST, fresh=True)
        for row in rows:
            self._handed_on[row.stream] = row.number
        if full := {row.stream for row in rows if row.number >= after[row.stream] + AT_MOST}:
            self.stir(full)
        if rows:
            self._on_loop(self.hub.deliver, [(row.tail, (row.stream, row.number, row.about)) for row in rows])

    @staticmethod
    def _do(work: Callable[[], None]) -> None:
        try:
            work()
        except (DatabaseError, InterfaceError):
            raise
        except Exception:
            log.exception("what a module asked for could not be read")

    # --- what was missed

    def _read_on(self, joins: Sequence[tuple[Connection, Places]], fills: Sequence[tuple[str, int]]) -> None:
        """Answer catch-ups and fills together."""
        if self._place is None and connection.vendor == "sqlite":
            self._place = last_event_id()
            self._log_places = logs.last_places()
        answers = read_missed(
            [*(places for _connection, places in joins), *({stream: after} for stream, after in fills)]
        )
        caught_up = [(connection_, caught) for (connection_, _places), caught in zip(joins, answers, strict=False)]
        for start in range(0, len(caught_up), ANSWERS_A_TURN):
            self._on_loop(self.hub.all_caught_up, caught_up[start : start + ANSWERS_A_TURN])
        if greetings := registries.greetings([joined for joined, _places in joins]):
            self._on_loop(self.hub.greet, greetings)
        for (stream, _after), caught in zip(fills, answers[len(joins) :], strict=True):
            self._on_loop(self.hub.filled, stream, caught[stream])

    # --- topics

    def _watch(self, connection_: Connection, asked: Sequence[str]) -> None:
        identity = connection_.identity
        keys = {token: tokens.topic_in(token, account_id=identity.account_id) for token in asked[:50]}
        allowed = {key for key in keys.values() if key and registries.may_watch(key, identity.person_ids)}
        shown = {key: frames.encode(payload) for key, payload in registries.topic_payloads(allowed).items()}
        refused = [token for token, key in keys.items() if key not in shown]
        self._shown.update(shown)
        self._on_loop(self.hub.watching, connection_, shown, refused)

    def _refresh_topics(self) -> None:
        now = time.monotonic()
        due = [key for key in self._stale if now - self._made_at.get(key, 0.0) >= HINT_EVERY]
        if not due:
            return
        self._stale.difference_update(due)
        watched = [key for key in due if key in self.hub.topics]
        for key, payload in registries.topic_payloads(watched).items():
            shown = frames.encode(payload)
            if self._shown.get(key) != shown:
                self._shown[key] = shown
                self._on_loop(self.hub.hint, (key,), shown)
        self._made_at = {key: at for key, at in self._made_at.items() if key in self.hub.topics}
        self._shown = {key: shown for key, shown in self._shown.items() if key in self.hub.topics}
        self._made_at.update(dict.fromkeys(watched, now))

    # --- arrivals

    def _note_arrival(self, stream: str, after: int, up_to: int) -> None:
        if not self._arrived:
            self._arrivals_due = time.monotonic() + ARRIVALS_EVERY
        start, end = self._arrived.get(stream, (after, up_to))
        self._arrived[stream] = (min(start, after), max(end, up_to))

    def _tell_arrivals(self) -> None:
        if self._arrived and time.monotonic() >= self._arrivals_due:
            arrived, self._arrived = self._arrived, {}
            registries.tell_arrivals([(stream, after, up_to) for stream, (after, up_to) in arrived.items()])


def cut_on(hub: Hub, whose: Mapping[str, Any]) -> int:
    """Cut the sockets a `realtime.rights_cut` names; runs on the loop."""
    sessions, person_id, account_id = whose.get("sessions"), whose.get("person_id"), whose.get("account_id")
    if persons := set(whose.get("person_ids", ())):
        return hub.cut(lambda who: not persons.isdisjoint(who.person_ids), frames.RIGHTS_CHANGED, "rights changed")
    if sessions:
        return hub.cut(lambda who: secret_digest(who.session_key) in sessions, frames.SIGNED_OUT, "signed out")
    if person_id:
        return hub.cut(lambda who: person_id in who.person_ids, frames.RIGHTS_CHANGED, "rights changed")
    return hub.cut(lambda who: who.account_id == account_id, frames.SIGNED_OUT, "signed out")


def _answer_all(answers: Sequence[tuple[SignedIn, Identity | None]], *, failed: bool = False) -> None:
    for answer, identity in answers:
        try:
            answer(identity, failed=failed)
        except Exception:  # the others' answers do not depend on it
            log.exception("a socket could not be opened")
            answer(None, failed=True)
