"""The serving process: an event loop with the gateway, pages on fixed threads, jobs on one more.

`homeroom serve` has all three; `web` and `gateway` have one each, `jobs` none of this.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import FrameType
from typing import Any

import structlog
import uvicorn
from django.conf import settings

from homeroom.kit import hot
from homeroom.realtime.public import UpgradingHttp
from homeroom.site import roles
from homeroom.site.bridge import Bridge, Receive, Scope, Send, send_plain
from homeroom.site.quick import QuickAnswers

log = structlog.get_logger("homeroom.server")

FINISH_WITHIN = 10  # seconds a stop waits for requests and jobs
HEADERS_WITHIN = 20.0  # seconds a client has to send its request's head
SWITCH_INTERVAL = 0.0005  # measured: a socket's round trip beside 4 busy threads p99 185 ms → 16 ms


class PatientHttp(UpgradingHttp):
    """uvicorn's HTTP, giving up a connection that does not finish a request's head in time."""

    _head_timer: asyncio.TimerHandle | None = None

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(HEADERS_WITHIN, self._too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        if self._head_timer is None:  # the first head's time runs since the connection was made
            self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._stop_timer()
        self.scope["homeroom.transport"] = self.transport
        super().on_headers_complete()

    def timeout_keep_alive_handler(self) -> None:
        if self.transport.get_write_buffer_size():  # it never took its response: a close would wait for it for ever
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()


class Site:
    """The ASGI application of the process: everything but sockets, which `PatientHttp` hands to the gateway."""

    def __init__(self, bridge: Bridge | None) -> None:
        self.bridge = bridge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.bridge is not None:
            await self.bridge(scope, receive, send)
        elif scope["path"] == "/healthz":
            await send_plain(send, 200, "ok")
        else:
            await send_plain(send, 404, "This process only holds sockets.")


class Server(uvicorn.Server):
    """uvicorn, stopped in our order: no new connections, sockets told (1001), requests finished, jobs finished."""

    should_exit: bool

    def __init__(self, config: uvicorn.Config, *, gateway: Any, jobs: Any, about: dict[str, Any]) -> None:
        super().__init__(config)
        self.about = about
        self.gateway = gateway
        self.jobs = jobs

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Without uvicorn's raising the signal again afterwards: a graceful stop exits with 0."""
        before = {which: signal.signal(which, self.handle_exit) for which in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for which, handler in before.items():
                signal.signal(which, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            os._exit(128 + sig)  # a second signal: what was committed is safe, what was not rolls back
        self.should_exit = True
        if self.jobs is not None:
            self.jobs.ask_to_stop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self.gateway is not None:
            started = self.gateway.start(asyncio.get_running_loop())
            if asyncio.iscoroutine(started):
                await started
        await super().startup(sockets)
        log.info("serving", **self.about)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        log.info("stopping")
        for server in self.servers:
            server.close()
        if self.gateway is not None:
            await self.gateway.stop()
        await super().shutdown(sockets)


def load_gateway() -> Any:
    """`homeroom.realtime.public`, which starts with the serving process and never in a page's thread."""
    if find_spec("homeroom.realtime.public") is None:
        return None
    return import_module("homeroom.realtime.public")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises OSError when the address is taken."""
    family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.listen(2048)
    listener.setblocking(False)
    return listener


def run(host: str, port: int, *, threads: int, pages: bool = True, gateway: bool = True, jobs: int = 0) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way, at most ten seconds long."""
    from homeroom.site.middleware import limit_for, waits_at

    sys.setswitchinterval(SWITCH_INTERVAL)
    listener = listen(host, port)
    bridge = None
    if pages:
        from homeroom.site.wsgi import application

        limit_for("/")  # loads every page's code now, not in the loop while the first visitors wait
        bridge = Bridge(
            application,
            threads=threads,
            limit_for=limit_for,
            waits_at=waits_at,
            spool=str(settings.DATA / "tmp"),
            quick=QuickAnswers(hot.takes, hot.answer),
        )
    hub = load_gateway() if gateway else None
    runner = None
    if jobs:
        from homeroom.site.runner import Runner

        roles.runs_jobs = True
        runner = Runner(workers=jobs)
        runner.start()
    config = uvicorn.Config(
        Site(bridge),
        http=PatientHttp,
        ws="none",  # PatientHttp hands sockets to the gateway
        loop="uvloop",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # kit.proxies does that, for pages and sockets alike
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=FINISH_WITHIN,
    )
    port = listener.getsockname()[1]
    about = {"host": host, "port": port, "pages": pages, "gateway": hub is not None, "jobs": jobs}
    server = Server(config, gateway=hub, jobs=runner, about=about)
    gc.collect()
    gc.freeze()  # what is loaded stays: a collection, which stops every answer, need not walk it again
    try:
        server.run(sockets=[listener])
    finally:
        if runner is not None:
            runner.stop(FINISH_WITHIN)
        if bridge is not None:
            bridge.close()
        log.info("stopped")
