"""The request for a socket, byte by byte: what is no proper request is refused before anything is asked or kept."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from django.conf import settings
from websockets.utils import accept_key

from homeroom.demo.cast import Cast
from homeroom.realtime import opening
from homeroom.realtime.source import Source
from homeroom.realtime.tests.live import Live, live_gateway, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, section 1.3


@pytest.fixture
def live(transactional_db: None) -> Iterator[Live]:
    with live_gateway() as gateway:
        yield gateway


@pytest.fixture
def cookie(school: Cast) -> str:
    account = school.mother.account
    assert account is not None
    return f"{settings.SESSION_COOKIE_NAME}={sign_in(account)}"


def request(cookie: str, *, line: str = "GET /socket HTTP/1.1", **changed: str | None) -> bytes:
    """A proper request with some headers changed or, by None, left out."""
    headers: dict[str, str | None] = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
        "Cookie": cookie,
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [line, *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode()


def answer(live: Live, data: bytes, *, up_to_the_end: bool = True) -> bytes:
    """What the server says to this: all of it until it closes, or only the head."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
        connection.sendall(data)
        got = b""
        while up_to_the_end or b"\r\n\r\n" not in got:
            try:
                more = connection.recv(4096)
            except ConnectionResetError:
                break
            if not more:
                break
            got += more
        return got


def test_a_proper_request_is_answered_as_the_rfc_says(live: Live, cookie: str) -> None:
    head = answer(live, request(cookie), up_to_the_end=False)
    assert head == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"line": "GET /elsewhere HTTP/1.1"}, 404),
        ({"line": "GET /socket/x?/socket HTTP/1.1"}, 404),
        ({"line": "POST /socket HTTP/1.1"}, 405),
        ({"line": "GET /socket HTTP/1.0"}, 400),
        ({"Sec_WebSocket_Version": None}, 426),
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Key": None}, 400),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": "中" * 24}, 400),
        ({"Sec_WebSocket_Key": "A" * 4000}, 400),
        ({"Content_Length": "5"}, 400),
        ({"Transfer_Encoding": "chunked"}, 400),
        ({"Cookie": None}, 401),
        ({"Cookie": "sessionid"}, 401),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
def test_an_improper_request_gets_an_http_answer(
    live: Live, cookie: str, changed: dict[str, str | None], status: int
) -> None:
    got = answer(live, request(cookie, **changed))  # type: ignore[arg-type]
    assert got.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in got.lower()
    assert b"Sec-WebSocket-Accept" not in got


def test_who_speaks_before_the_answer_is_cut(live: Live, cookie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its frames could otherwise be taken for a request, or a request for frames."""
    asked = threading.Event()
    monkeypatch.setattr(Source, "sign_in", lambda source, session_key, answer: asked.set())
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
        connection.sendall(request(cookie))
        assert asked.wait(10)
        connection.sendall(request(cookie))
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(4096) == b""


@pytest.mark.parametrize("key", [KEY, "AAAAAAAAAAAAAAAAAAAAAA==", "/+8BAgMEBQYHCAkKCwwNDg=="])
def test_a_key_is_answered_as_websockets_would(key: str) -> None:
    assert opening.accept_for(key.encode()).decode() == accept_key(key)


@pytest.mark.parametrize("key", [b"", b"x", b"AAAA", b"A" * 24, b"A" * 22, b"\xff" * 24, b" AAAAAAAAAAAAAAAAAAAAAA=="])
def test_what_is_no_key_has_no_answer(key: bytes) -> None:
    assert opening.accept_for(key) == b""
