"""The gateway of this process: started and stopped by the server, reached by services through `public`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Protocol

from django.db import transaction

from homeroom.eventlog.public import Event, announce, register_wake
from homeroom.realtime import acts, bus, frames
from homeroom.realtime.connection import Connection
from homeroom.realtime.hub import Hub
from homeroom.realtime.identity import Identity
from homeroom.realtime.source import CUT_EVENT, Source, cut_on, secret_digest

log = logging.getLogger(__name__)

CUT_WITHIN = 2.0


@dataclass(frozen=True, kw_only=True)
class RightsCut(Event):
    """Rights were taken away: every gateway closes the sockets of the sessions (by digest), persons or account."""

    name: ClassVar[str] = CUT_EVENT
    school_id: int = 0
    sessions: tuple[str, ...] = ()
    person_id: int = 0
    person_ids: tuple[int, ...] = ()
    account_id: int = 0

    def streams(self) -> Iterable[tuple[str, int]]:
        return ()


class Gateway:
    """Hub, source and bus of a serving process."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.thread = threading.get_ident()
        self.source = Source(loop)
        self.hub = Hub(loop, self.source)
        self.bus = bus.Bus(self.source.wake, self.source.stir, self.hinted, self.source.resync)

    def start(self) -> None:
        gc.collect()
        gc.freeze()  # what is there at the start stays: no collection during a fan-out has to walk through Django
        self.source.start(self.hub)
        self.bus.start()
        self.hub.start()

    async def stop(self) -> None:
        self.hub.stop()
        await asyncio.sleep(0)
        await self.loop.run_in_executor(None, self.bus.stop)
        await self.loop.run_in_executor(None, self.source.stop)

    def hinted(self, keys: Collection[str], payload: bytes | None) -> None:
        """A hint from any thread."""
        if payload is None:
            self.source.touch(keys)
        else:
            self.loop.call_soon_threadsafe(self.hub.hint, tuple(keys), payload)

    def cut_now(self, whose: Mapping[str, Any]) -> None:
        """Cut on the loop, and wait until it is done: the caller's service returns after that."""
        if threading.get_ident() == self.thread:
            cut_on(self.hub, whose)
            return
        done = threading.Event()

        def cut() -> None:
            cut_on(self.hub, whose)
            done.set()

        try:
            self.loop.call_soon_threadsafe(cut)
        except RuntimeError:  # the loop has ended, and every socket with it
            return
        if not done.wait(CUT_WITHIN):
            log.error("the event loop was too busy to cut sockets within %s s; it does so next", CUT_WITHIN)


_running: Gateway | None = None


def running() -> Gateway | None:
    """The gateway of this process, while there is one."""
    return _running


def start(loop: asyncio.AbstractEventLoop) -> None:
    """Open the gateway on this loop, before the server accepts connections."""
    global _running  # noqa: PLW0603
    _running = Gateway(loop)
    _running.start()


async def stop() -> None:
    """Close every socket with 1001 and end the threads."""
    global _running
    if _running is not None:
        gateway, _running = _running, None
        await gateway.stop()


def _wake(event_id: int) -> None:
    bus.publish_event(event_id)
    if _running is not None:
        _running.source.wake(event_id)


register_wake(_wake)


def wake_log(streams: Collection[str]) -> None:
    """Rows are being committed to these streams of logs: whoever hears them gets them once they are.

    Called inside the transaction: with PostgreSQL's own notification other processes hear it with the commit.
    """
    bus.notify_log(streams)
    transaction.on_commit(partial(_stir, tuple(streams)), robust=True)


def _stir(streams: tuple[str, ...]) -> None:
    bus.publish_log(streams)
    if _running is not None:
        _running.source.stir(streams)


def answer(answers: Iterable[tuple[Connection, bytes]]) -> None:
    """Write answers to acts, from any thread: one write for each connection."""
    if _running is not None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and every socket with it
            _running.loop.call_soon_threadsafe(_running.hub.answered, acts.joined(answers).items())


def on_source(work: Callable[[], None]) -> None:
    """Do `work` on the thread that reads for the gateway; without a gateway it is not done."""
    if _running is not None:
        _running.source.call(work)


def hint_whom(keys: Collection[str], payload: Mapping[str, Any], whom: Callable[[Identity], bool]) -> None:
    """A hint for those of this process only who may see it; `whom` is asked on the loop."""
    if _running is not None:
        hub, encoded = _running.hub, frames.encode(payload)
        with contextlib.suppress(RuntimeError):
            _running.loop.call_soon_threadsafe(partial(hub.hint, tuple(keys), encoded, whom=whom))


def cut(
    *,
    session_key: str = "",
    session_keys: Collection[str] = (),
    person_id: int = 0,
    person_ids: Collection[int] = (),
    account_id: int = 0,
) -> None:
    """Close the sockets of sessions, of persons whose rights change, or of an account, when this is committed.

    Give one of them. In this process the sockets are closed before the surrounding transaction's block is left; in
    other processes when the commit reaches them: before anything committed later does, unless Redis carries the
    wake-ups.
    """
    keys = {session_key, *session_keys} - {""}
    if sum(map(bool, (keys, person_id, person_ids, account_id))) != 1:
        raise ValueError("name sessions, persons or an account")
    digests = tuple(sorted(secret_digest(key) for key in keys))
    whose = RightsCut(
        sessions=digests, person_id=person_id, person_ids=tuple(sorted(person_ids)), account_id=account_id
    )
    with transaction.atomic():
        announce(whose)
        transaction.on_commit(partial(_cut_here, whose.body()), robust=True)


def sessions_revoked(account_id: int, session_keys: Collection[str]) -> None:
    """Close the sockets of sessions that are ended in this transaction."""
    cut(session_keys=session_keys)


def signed_out(sender: object, request: Any, **signal: object) -> None:
    """Close the sockets of the session that signs out."""
    if request is not None and request.session.session_key:
        cut(session_key=request.session.session_key)


class _AboutPerson(Protocol):
    @property
    def person_id(self) -> int: ...


def rights_moved(event: _AboutPerson, event_id: int) -> None:
    """Close the person's sockets; they come back at once, as who they are now."""
    cut(person_id=event.person_id)


def _cut_here(whose: Mapping[str, Any]) -> None:
    if _running is not None:
        _running.cut_now(whose)


def hint(keys: Collection[str], payload: Mapping[str, Any]) -> None:
    """Show `payload` to whoever hears these streams (`p12`) or watches these topics; it may be lost."""
    encoded = frames.encode(payload)
    transaction.on_commit(partial(_spread, tuple(keys), encoded), robust=True)


def touch(keys: Collection[str]) -> None:
    """What these topics (`kind:…`) show has changed: whoever watches gets it made anew, at most twice a second."""
    transaction.on_commit(partial(_spread, tuple(keys), None), robust=True)


def _spread(keys: tuple[str, ...], payload: bytes | None) -> None:
    bus.publish_hint(keys, payload)
    if _running is not None:
        _running.hinted(keys, payload)
