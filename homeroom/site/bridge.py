"""A WSGI application on a fixed number of threads, inside an asyncio server.

The event loop does all waiting for clients: it takes in a request's body (spooled to disk past 64 KiB) before a
thread is asked, and it sends the response, so that a slow phone never holds one of the few threads. A thread runs the
application until its response ends or a megabyte is ready; a longer response goes on in steps, each on the same
thread (database connections belong to threads), each only when the client has taken the last one.

Django's own ASGI handler was measured 2 to 9 times slower; see docs/decisions.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import IO, Any
from urllib.parse import unquote_to_bytes

import structlog
from prometheus_client import Gauge, Histogram

from homeroom.kit.hot import HEADERS as HOT_HEADERS
from homeroom.kit.proxies import real_client
from homeroom.site.quick import QuickAnswers
from homeroom.site.turns import Turns, place_of

log = structlog.get_logger("homeroom.bridge")

IN_MEMORY = 64 * 1024
AT_ONCE = 2**20  # bytes of a response made before the client has taken any
STEP = 256 * 1024
FLUSH_AFTER = 0.05  # seconds after which a slow generator's first bytes are sent
SPOOLED_AT_MOST = 2 * 2**30  # bytes of all unfinished uploads together
WAITING_AT_MOST = 1000  # requests queued for a thread
SILENCE = 60.0  # seconds without a byte after which a client is given up
DISCARD_AT_MOST = 32 * 2**20  # bytes read and thrown away so that a refused client reads the refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

QUICK_HEADERS: Headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in HOT_HEADERS]
QUEUED = Histogram(
    "homeroom_bridge_queue_seconds",
    "Time a request waited for a thread",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 20),
)
BUSY = Gauge("homeroom_bridge_busy_threads", "Threads running a request now")
SPOOLED = Gauge("homeroom_bridge_spooled_bytes", "Bytes of request bodies held now")


class FileWrapper:
    """`wsgi.file_wrapper`: reads a file in steps."""

    def __init__(self, file: IO[bytes], block_size: int = STEP) -> None:
        self.file = file
        self.block_size = max(block_size, STEP)
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        while block := self.file.read(self.block_size):
            yield block


class Gone(Exception):
    """The client left, or sent nothing for too long, before its request was complete."""


class Workers:
    """Fixed threads with one shared queue, and one queue each for what must go on where it began."""

    def __init__(self, count: int) -> None:
        self._ready = threading.Condition()
        self._shared: deque[Callable[[Worker], None]] = deque()
        self._closing = False
        self.threads = [Worker(self, number) for number in range(count)]

    @property
    def waiting(self) -> int:
        return len(self._shared)

    def start(self) -> None:
        for worker in self.threads:
            worker.start()

    def submit(self, task: Callable[[Worker], None]) -> None:
        """Run `task` on whichever thread is free first."""
        with self._ready:
            self._shared.append(task)
            self._ready.notify()

    def submit_to(self, worker: Worker, task: Callable[[Worker], None]) -> None:
        """Run `task` on `worker`, before anything from the shared queue."""
        with self._ready:
            worker.own.append(task)
            self._ready.notify_all()

    def take(self, worker: Worker) -> Callable[[Worker], None] | None:
        """The next task for `worker`; None when it should end."""
        with self._ready:
            while True:
                if worker.own:
                    return worker.own.popleft()
                if self._shared:
                    return self._shared.popleft()
                if self._closing:
                    return None
                self._ready.wait()

    def close(self, timeout: float) -> None:
        """End the threads when their queues are empty."""
        with self._ready:
            self._closing = True
            self._ready.notify_all()
        deadline = time.monotonic() + timeout
        for worker in self.threads:
            worker.join(max(deadline - time.monotonic(), 0))


class Worker(threading.Thread):
    """One thread, with its own database connections."""

    def __init__(self, pool: Workers, number: int) -> None:
        super().__init__(name=f"web-{number}", daemon=True)  # daemon: a second signal must be able to end the process
        self.pool = pool
        self.own: deque[Callable[[Worker], None]] = deque()

    def run(self) -> None:
        while task := self.pool.take(self):
            with BUSY.track_inprogress():
                task(self)


class Exchange:
    """One request on its way through the application. Made in the loop, run on a thread."""

    def __init__(self, application: Application, environ: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        self.application = application
        self.environ = environ
        self.loop = loop
        self.asked_at = time.monotonic()
        self.worker: Worker | None = None
        self.status = 0
        self.headers: Headers = []
        self.chunks: Iterator[bytes] = iter(())
        self.result: Iterable[bytes] | None = None
        self.written: list[bytes] = []
        self.abandoned = threading.Event()

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """The callable of PEP 3333."""
        if exc_info and self.worker is not None:  # the head has been sent
            raise exc_info[1]
        self.status = int(status[:3])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return self.written.append

    def begin(self, worker: Worker) -> tuple[bytes, bool]:
        """On a thread: run the application; the first bytes of the body, and whether that is all."""
        QUEUED.observe(time.monotonic() - self.asked_at)
        if self.abandoned.is_set():
            raise Gone
        self.result = self.application(self.environ, self.start_response)
        if self.environ["REQUEST_METHOD"] == "HEAD":  # the headers tell; making the body would be for nothing
            self.close()
            return b"", True
        self.chunks = iter(self.result)
        body, done = self.step(AT_ONCE, FLUSH_AFTER)
        self.worker = worker
        if self.abandoned.is_set():  # nobody is left to ask for the rest
            self.close()
        return body, done

    def step(self, size: int, seconds: float) -> tuple[bytes, bool]:
        """On the request's thread: at least `size` more bytes, fewer when the body ends or `seconds` have passed."""
        parts, self.written[:] = list(self.written), []
        ready = sum(map(len, parts))
        until = time.monotonic() + seconds
        for chunk in self.chunks:
            if self.written:
                parts.extend(self.written)
                self.written.clear()
            parts.append(chunk)
            ready += len(chunk)
            if ready >= size or (ready and time.monotonic() >= until):
                return b"".join(parts), False
        self.close()
        return b"".join([*parts, *self.written]), True

    def close(self) -> None:
        """On the request's thread: end the response, which gives Django its request_finished."""
        result, self.result = self.result, None
        close = getattr(result, "close", None)
        if close is not None:
            close()


class Bridge:
    """The ASGI application: hands `http` scopes to a WSGI application."""

    def __init__(
        self,
        application: Application,
        *,
        threads: int,
        limit_for: Callable[[str], int],
        spool: str,
        waits_at: Callable[[str], bool] = lambda _path: False,
        quick: QuickAnswers | None = None,
    ) -> None:
        self.application = application
        self.limit_for = limit_for
        self.waits_at = waits_at
        self.turns = Turns(threads)
        self.quick = quick
        self.spool = spool
        self.spooled = 0
        self.workers = Workers(threads)
        self.workers.start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        environ = make_environ(scope)
        if self.quick is not None and self.quick.takes(environ):
            answer = await self.quick.ask(environ)
            if answer is not None:
                length = (b"content-length", b"%d" % len(answer))
                await send({"type": "http.response.start", "status": 200, "headers": [*QUICK_HEADERS, length]})
                await send({"type": "http.response.body", "body": answer})
                return
        body: IO[bytes] = io.BytesIO()
        held = [0]
        try:
            if self.workers.waiting >= WAITING_AT_MOST:
                await send_plain(send, 503, "Too busy just now, please try again.", [(b"retry-after", b"10")])
                return
            try:
                body = await self._take_body(scope, environ, receive, held)
            except Gone:
                return
            except TimeoutError:
                await send_plain(send, 408, "Nothing was received for a minute.", [(b"connection", b"close")])
                return
            except OSError as error:
                log.error("body could not be spooled", exc_info=error)
                environ["homeroom.no_room"] = True
                environ["CONTENT_LENGTH"] = "0"
            environ["wsgi.input"] = body
            try:
                await self._exchange(environ, receive, send)
            except TimeoutError:  # the client takes nothing: a close would wait for it for ever
                scope["homeroom.transport"].abort()
        finally:
            self.spooled -= held[0]
            SPOOLED.set(self.spooled)
            body.close()

    async def _take_body(self, scope: Scope, environ: dict[str, Any], receive: Receive, held: list[int]) -> IO[bytes]:
        """The whole body, within the address's limit; over it the environ says so and the body is empty."""
        if "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" not in environ:
            return io.BytesIO()
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        limit = self.limit_for(path)
        announced = int(environ.get("CONTENT_LENGTH") or 0)
        body: IO[bytes] = io.BytesIO()
        size = 0
        if announced > limit:
            environ["homeroom.too_large"] = limit
            if environ.get("HTTP_EXPECT", "").lower() == "100-continue":  # it waits to hear whether it may send
                return body
        try:
            while True:
                async with asyncio.timeout(SILENCE):
                    message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                chunk = message.get("body", b"")
                size += len(chunk)
                if "homeroom.too_large" in environ:
                    if size > DISCARD_AT_MOST:
                        break
                elif size > limit:
                    environ["homeroom.too_large"] = limit
                    body.close()
                    body = io.BytesIO()
                else:
                    held[0] += len(chunk)
                    self.spooled += len(chunk)
                    SPOOLED.set(self.spooled)
                    if self.spooled > SPOOLED_AT_MOST:
                        raise OSError("too many uploads at the same time")
                    if size > IN_MEMORY and isinstance(body, io.BytesIO):
                        on_disk = tempfile.TemporaryFile(dir=self.spool)  # noqa: SIM115 (closed by the caller)
                        on_disk.write(body.getvalue())
                        body = on_disk
                    body.write(chunk)
                if not message.get("more_body", False):
                    break
            body.seek(0)
        except BaseException:
            body.close()
            raise
        environ["CONTENT_LENGTH"] = "0" if "homeroom.too_large" in environ else str(size)
        return body

    async def _exchange(self, environ: dict[str, Any], receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        exchange = Exchange(self.application, environ, loop)
        place = await self._take_turn(environ)
        try:
            body, done = await self._on_thread(None, exchange.begin)
        except asyncio.CancelledError:
            exchange.abandoned.set()
            raise
        except Exception:
            log.exception("application failed")
            await send_plain(send, 500, "Something went wrong here.")
            return
        finally:
            if place is not None:
                self.turns.leave(place)
        headers = exchange.headers
        if "homeroom.too_large" in environ or "homeroom.no_room" in environ:  # part of the body may be unread
            headers = [*headers, (b"connection", b"close")]
        await send({"type": "http.response.start", "status": exchange.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": not done})
        if not done:
            await self._stream(exchange, receive, send)

    async def _take_turn(self, environ: dict[str, Any]) -> str | None:
        """Wait where the address asks for it; whose seat was taken. The environ says whether it was."""
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        if environ["REQUEST_METHOD"] != "POST" or not self.waits_at(path):
            return None
        place = place_of(real_client(environ["REMOTE_ADDR"], environ.get("HTTP_X_FORWARDED_FOR", "")))
        environ["homeroom.turn"] = await self.turns.take(place)
        return place if environ["homeroom.turn"] else None

    async def _stream(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        """Send the rest as the client takes it; end the response on its thread whatever happens."""
        worker = exchange.worker
        left = asyncio.ensure_future(_left(receive))
        done = False
        try:
            while not done:
                body, done = await self._on_thread(worker, lambda _worker: exchange.step(STEP, FLUSH_AFTER))
                async with asyncio.timeout(SILENCE):  # send waits while the client's buffer is full
                    await send({"type": "http.response.body", "body": body, "more_body": not done})
                if left.done():
                    return
        finally:
            left.cancel()
            if not done:
                self._on_thread(worker, lambda _worker: exchange.close())

    def _on_thread(self, worker: Worker | None, work: Callable[[Worker], Any]) -> asyncio.Future[Any]:
        """The result of `work` on `worker`, or on any thread, as a future of the loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            if future.cancelled():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        def task(on: Worker) -> None:
            result, error = None, None
            try:
                result = work(on)
            except BaseException as raised:
                error = raised if not isinstance(raised, StopIteration) else RuntimeError("StopIteration")
            try:
                loop.call_soon_threadsafe(settle, result, error)
            except RuntimeError:  # the loop has ended: nobody waits any more
                log.info("a response came too late")

        if worker is None:
            self.workers.submit(task)
        else:
            self.workers.submit_to(worker, task)
        return future

    def close(self, timeout: float = 5) -> None:
        """End the threads once they have finished."""
        if self.quick is not None:
            self.quick.close(timeout)
        self.workers.close(timeout)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_plain(send: Send, status: int, text: str, headers: Headers | None = None) -> None:
    """A response that needs no application."""
    body = text.encode() + b"\n"
    always = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": [*always, *(headers or [])]})
    await send({"type": "http.response.body", "body": body})


def make_environ(scope: Scope) -> dict[str, Any]:
    """The WSGI environ of an ASGI scope: bytes as latin-1, repeated headers joined, the peer as the client."""
    host, port = (scope.get("client") or ("", 0))[:2]
    server, server_port = (scope.get("server") or ("localhost", 80))[:2]
    root = scope.get("root_path", "")
    path = unquote_to_bytes(scope["raw_path"]).decode("latin-1")
    root_latin = root.encode().decode("latin-1")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root_latin,
        "PATH_INFO": path[len(root_latin) :] if root_latin and path.startswith(root_latin) else path,
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server),
        "SERVER_PORT": str(server_port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": host or "",
        "REMOTE_PORT": str(port or ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
    }
    for raw_name, raw_value in scope["headers"]:
        if b"_" in raw_name:  # X_Forwarded_For would pass for X-Forwarded-For
            continue
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        value = raw_value.decode("latin-1")
        if name not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            if name == "PROXY":  # HTTP_PROXY means something else to many libraries
                continue
            name = f"HTTP_{name}"
        known = environ.get(name)
        if known is not None and name != "CONTENT_LENGTH":
            value = f"{known}{'; ' if name == 'HTTP_COOKIE' else ','}{value}"
        environ[name] = value
    return environ
