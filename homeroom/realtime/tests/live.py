"""A gateway for tests: a real server on a thread of this process, over the test's own database, and real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import uvicorn
import websocket
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction

from homeroom.eventlog.public import Event, announce
from homeroom.people.models import Account
from homeroom.people.sessions import SessionStore
from homeroom.realtime import public


@dataclass(frozen=True, kw_only=True)
class Happened(Event):
    """Something that happened to some persons; `about` is a student or 0."""

    name: ClassVar[str] = "test.happened"
    school_id: int = 1
    person_ids: tuple[int, ...] = ()
    about: int = 0

    def streams(self) -> Iterable[tuple[str, int]]:
        return [(f"p{person_id}", self.about) for person_id in self.person_ids]


def happen(*person_ids: int, about: int = 0) -> int:
    with transaction.atomic():
        return announce(Happened(person_ids=person_ids, about=about))


def sign_in(account: Account) -> str:
    """A session as Django's own sign-in makes it; returns its key."""
    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.create()
    return str(session.session_key)


class Page:
    """A client's socket: what a browser's page would send and get."""

    def __init__(self, port: int, session_key: str, **options: Any) -> None:
        cookie = f"{settings.SESSION_COOKIE_NAME}={session_key}" if session_key else None
        self.socket = websocket.create_connection(
            f"ws://127.0.0.1:{port}/socket",
            cookie=cookie,
            suppress_origin="origin" not in options,
            timeout=10,
            **options,
        )

    def hello(self, **after: int) -> Page:
        self.send(t="hello", v=1, after=after)
        return self

    def send(self, **frame: Any) -> None:
        self.socket.send(json.dumps(frame))

    def next(self) -> dict[str, Any]:
        """The next text frame; a closed socket is `{"closed": code}`."""
        while True:
            opcode, data = self.socket.recv_data(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return {"closed": int.from_bytes(data[:2], "big") if data else 1005}
            if opcode == websocket.ABNF.OPCODE_TEXT:
                return dict(json.loads(data))

    def until(self, kind: str) -> list[dict[str, Any]]:
        """Frames up to and with the next one of this kind."""
        frames = [self.next()]
        while frames[-1].get("t") != kind and "closed" not in frames[-1]:
            frames.append(self.next())
        return frames

    def numbers(self, count: int) -> list[tuple[str, int]]:
        """(stream, number) of the next `count` deliveries."""
        got: list[tuple[str, int]] = []
        while len(got) < count:
            frame = self.next()
            assert "closed" not in frame, frame
            if frame["t"] in {"event", "reload"}:
                got.append((frame["s"], frame["n"]))
        return got

    def close(self) -> None:
        self.socket.close()


class Live:
    """The running gateway."""

    def __init__(self, port: int, server: uvicorn.Server) -> None:
        self.port = port
        self.server = server
        self.pages: list[Page] = []

    def page(self, session_key: str, **options: Any) -> Page:
        page = Page(self.port, session_key, **options)
        self.pages.append(page)
        return page


@contextmanager
def live_gateway() -> Iterator[Live]:
    listener = socket.create_server(("127.0.0.1", 0))

    async def site(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("no page is asked for here")

    config = uvicorn.Config(site, http=public.UpgradingHttp, loop="uvloop", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    ready = threading.Event()

    async def serve() -> None:
        public.start(asyncio.get_running_loop())
        ready.set()
        await server.serve(sockets=[listener])
        await public.stop()

    def run() -> None:
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(5)
    live = Live(listener.getsockname()[1], server)
    try:
        yield live
    finally:
        for page in live.pages:
            page.socket.shutdown()
        server.should_exit = True
        thread.join(10)
