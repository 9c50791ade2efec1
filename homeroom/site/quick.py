"""Short answers from one thread of their own, several at each waking.

An inbox takes a third of a millisecond. Over the web threads it took a millisecond: four of them and the event loop
passed the interpreter's lock around for every one. Here one thread takes what has come in together and tells the loop
once, and what is out of the ordinary, a write above all, goes on to the web threads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

import structlog
from django.db import connections

log = structlog.get_logger("homeroom.quick")

TOGETHER = 8  # answers before the loop is told: more would let the first wait
WAITING_AT_MOST = 1000

Environ = dict[str, Any]
Asked = tuple[Environ, "asyncio.Future[bytes | None]"]


class QuickAnswers:
    """`answer(environ)` on a thread for the requests that `takes` picks; None sends a request the usual way."""

    def __init__(self, takes: Callable[[Environ], bool], answer: Callable[[Environ], bytes | None]) -> None:
        self._takes = takes
        self._answer = answer
        self._waiting: SimpleQueue[Asked | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="quick", daemon=True)
        self._thread.start()

    def takes(self, environ: Environ) -> bool:
        """Whether to ask here first. Not for a request with a body, and not while too many wait already."""
        return self._takes(environ) and "CONTENT_LENGTH" not in environ and self._waiting.qsize() < WAITING_AT_MOST

    def ask(self, environ: Environ) -> asyncio.Future[bytes | None]:
        """The body of the answer, or None."""
        future: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._waiting.put((environ, future))
        return future

    def close(self, timeout: float) -> None:
        """End the thread when it has answered what waits."""
        self._waiting.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            while (first := self._waiting.get()) is not None:
                answered = [(first[1], self._answered(first[0]))]
                while len(answered) < TOGETHER:
                    try:
                        more = self._waiting.get_nowait()
                    except Empty:
                        break
                    if more is None:
                        self._waiting.put(None)
                        break
                    answered.append((more[1], self._answered(more[0])))
                try:
                    first[1].get_loop().call_soon_threadsafe(_settle, answered)
                except RuntimeError:  # the loop has ended: nobody waits any more
                    log.info("answers came too late", count=len(answered))
        finally:
            connections.close_all()

    def _answered(self, environ: Environ) -> bytes | None:
        try:
            return self._answer(environ)
        except Exception:
            log.exception("quick answer failed", path=environ["PATH_INFO"])
            return None


def _settle(answered: list[tuple[asyncio.Future[bytes | None], bytes | None]]) -> None:
    for future, body in answered:
        if not future.done():  # the client has left
            future.set_result(body)
