"""The WSGI bridge: what an application is told, and what clients get, over real connections."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .conftest import Bridged

Start = Callable[..., Any]
Environ = dict[str, Any]
BODY = b"x" * 200_000


def tell(environ: Environ, start: Start) -> list[bytes]:
    """Answers with the environ and the length of the body."""
    told = {key: value for key, value in environ.items() if isinstance(value, str | int)}
    told["body"] = environ["wsgi.input"].read().decode("latin-1")[:50]
    start(
        "200 OK", [("Content-Type", "application/json"), ("X-One", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    )
    return [json.dumps(told).encode()]


def get(path: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET " + path + b" HTTP/1.1", b"Host: example", b"Connection: close", *headers, b"", b""])


def post(path: bytes, body: bytes, *headers: bytes) -> bytes:
    head = [b"POST " + path + b" HTTP/1.1", b"Host: example", b"Connection: close", *headers]
    return b"\r\n".join([*head, b"Content-Length: %d" % len(body), b"", b""]) + body


def unchunk(body: bytes) -> bytes:
    found = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        found, body = found + body[:length], body[length + 2 :]
    return found


def told(bridged: Bridged, request: bytes) -> Environ:
    head, body = bridged.ask(request)
    assert head.startswith(b"HTTP/1.1 200"), head
    return dict(json.loads(unchunk(body) if b"chunked" in head else body))


def test_paths_arrive_unquoted_as_bytes_and_queries_as_they_are(bridged):
    environ = told(bridged(tell), get(b"/%E4%BD%A0/a%2Fb%FF?q=%E4%BD%A0&r=1+2"))
    assert environ["PATH_INFO"].encode("latin-1") == "/你/a/b".encode() + b"\xff"
    assert environ["QUERY_STRING"] == "q=%E4%BD%A0&r=1+2"
    assert environ["SCRIPT_NAME"] == ""


def test_repeated_headers_are_joined_and_cookies_with_a_semicolon(bridged):
    environ = told(bridged(tell), get(b"/", b"Accept: a", b"Accept: b", b"Cookie: a=1", b"Cookie: b=2"))
    assert environ["HTTP_ACCEPT"] == "a,b"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


def test_headers_that_could_pass_for_others_are_dropped(bridged):
    environ = told(bridged(tell), get(b"/", b"X_Forwarded_For: 6.6.6.6", b"Proxy: http://evil"))
    assert "HTTP_X_FORWARDED_FOR" not in environ
    assert "HTTP_PROXY" not in environ


def test_the_client_is_the_peer(bridged):
    environ = told(bridged(tell), get(b"/", b"X-Forwarded-For: 6.6.6.6"))
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["wsgi.url_scheme"] == "http"


def test_each_set_cookie_stays_a_header_of_its_own(bridged):
    head, _body = bridged(tell).ask(get(b"/"))
    assert b"set-cookie: a=1\r\n" in head + b"\r\n"
    assert b"set-cookie: b=2" in head


def test_a_chunked_body_has_a_length_when_it_arrives(bridged):
    request = get(b"/", b"Transfer-Encoding: chunked").replace(b"GET", b"POST") + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    environ = told(bridged(tell), request)
    assert environ["CONTENT_LENGTH"] == "5"
    assert environ["body"] == "abcde"


def test_a_large_body_is_spooled_and_given_whole(bridged):
    seen = {}

    def measure(environ: Environ, start: Start) -> list[bytes]:
        seen["kind"] = type(environ["wsgi.input"])
        seen["body"] = environ["wsgi.input"].read()
        start("204 No Content", [])
        return []

    site = bridged(measure)
    head, _body = site.ask(post(b"/", BODY))
    assert head.startswith(b"HTTP/1.1 204")
    assert seen["body"] == BODY
    assert seen["kind"] is not io.BytesIO
    site.until(lambda: site.bridge.spooled == 0)


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_never_arrives_but_the_application_can_say_so(bridged, announced):
    def refuse(environ: Environ, start: Start) -> list[bytes]:
        assert environ["homeroom.too_large"] == 1000
        assert environ["wsgi.input"].read() == b""
        start("413 Too Large", [("Content-Length", "9")])
        return [b"too large"]

    if announced:
        request = post(b"/", BODY)
    else:
        chunk = b"%x\r\n%s\r\n" % (len(BODY), BODY)
        request = get(b"/", b"Transfer-Encoding: chunked").replace(b"GET", b"POST") + chunk + b"0\r\n\r\n"
    head, body = bridged(refuse, limit=1000).ask(request)
    assert head.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in head
    assert body == b"too large"


def test_who_asks_before_sending_too_much_is_refused_before_sending(bridged):
    def refuse(environ: Environ, start: Start) -> list[bytes]:
        start("413 Too Large", [("Content-Length", "0")])
        return []

    site = bridged(refuse, limit=1000)
    with site.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


def test_head_has_the_headers_and_no_body(bridged):
    closed = threading.Event()

    class Body(list[bytes]):
        def close(self) -> None:
            closed.set()

    def large(environ: Environ, start: Start) -> list[bytes]:
        start("200 OK", [("Content-Length", "200000")])
        return Body([BODY])

    head, body = bridged(large).ask(get(b"/").replace(b"GET", b"HEAD"))
    assert b"content-length: 200000" in head
    assert body == b""
    assert closed.is_set()


class Streamed:
    """A response in many chunks that remembers where it was made and ended."""

    def __init__(self, chunks: int, size: int) -> None:
        self.chunks = chunks
        self.size = size
        self.made = 0
        self.threads: set[str] = set()
        self.closed_on: str | None = None

    def __call__(self, environ: Environ, start: Start) -> Streamed:
        start("200 OK", [("Content-Type", "application/octet-stream")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self.chunks):
            self.made += 1
            self.threads.add(threading.current_thread().name)
            yield bytes([number % 256]) * self.size

    def close(self) -> None:
        self.closed_on = threading.current_thread().name


def test_a_long_response_is_made_and_closed_on_one_thread(bridged):
    response = Streamed(chunks=100, size=100_000)
    site = bridged(response, threads=3)
    _head, body = site.ask(get(b"/"))
    assert unchunk(body) == b"".join(bytes([number]) * 100_000 for number in range(100))
    site.until(lambda: response.closed_on)
    assert response.threads == {response.closed_on}


def test_a_slow_reader_holds_back_the_response_but_no_thread(bridged):
    response = Streamed(chunks=2000, size=100_000)  # 200 MB

    def application(environ: Environ, start: Start) -> Any:
        return response(environ, start) if environ["PATH_INFO"] == "/long" else tell(environ, start)

    site = bridged(application, threads=1)
    with site.connect() as slow:
        slow.sendall(get(b"/long"))
        assert slow.recv(10).startswith(b"HTTP/1.1")
        for _ in range(3):
            assert told(site, get(b"/"))["PATH_INFO"] == "/"
        assert response.made < 300  # what the system's buffers hold, not 200 MB
    site.until(lambda: response.closed_on)
    assert response.made < 2000


def test_a_file_is_sent_whole_and_closed(bridged):
    file = io.BytesIO(BODY * 20)

    def application(environ: Environ, start: Start) -> Any:
        start("200 OK", [("Content-Length", str(len(BODY) * 20))])
        return environ["wsgi.file_wrapper"](file, 8192)

    site = bridged(application)
    _head, body = site.ask(get(b"/"))
    assert body == BODY * 20
    site.until(lambda: file.closed)


def test_an_application_that_fails_answers_500_and_the_next_request_is_served(bridged):
    def application(environ: Environ, start: Start) -> Any:
        if environ["PATH_INFO"] == "/":
            return tell(environ, start)
        raise RuntimeError("defect")

    site = bridged(application, threads=1)
    assert site.ask(get(b"/broken"))[0].startswith(b"HTTP/1.1 500")
    assert told(site, get(b"/"))["PATH_INFO"] == "/"


def test_a_response_that_fails_half_way_is_cut_and_never_looks_complete(bridged):
    def application(environ: Environ, start: Start) -> Iterator[bytes]:
        start("200 OK", [])
        yield b"x" * 2**21
        raise RuntimeError("defect")

    head, body = bridged(application).ask(get(b"/"))
    assert head.startswith(b"HTTP/1.1 200")
    assert not body.endswith(b"0\r\n\r\n")


def test_half_a_request_whose_sender_left_reaches_no_thread(bridged):
    called = threading.Event()

    def application(environ: Environ, start: Start) -> list[bytes]:
        called.set()
        return tell(environ, start)

    site = bridged(application)
    with site.connect() as connection:
        connection.sendall(post(b"/", BODY)[:1000])
        site.until(lambda: site.bridge.spooled)
    site.until(lambda: site.bridge.spooled == 0)
    assert not called.is_set()


def test_requests_on_one_connection_are_answered_in_order(bridged):
    site = bridged(tell)
    request = get(b"/1").replace(b"Connection: close\r\n", b"") + get(b"/2")
    _head, rest = site.ask(request)
    assert rest.index(b'"/1"') < rest.index(b'"/2"')
