"""Short answers come from their own thread; whatever it has no answer for goes to the web threads."""

from __future__ import annotations

import asyncio
import threading

import pytest

from homeroom.site.quick import WAITING_AT_MOST, QuickAnswers


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"usual"]


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""]).encode()


@pytest.fixture
def served(bridged):
    """A bridge whose quick answers take `/quick…` and say what `said` holds for the path."""
    server = bridged(app)
    said: dict[str, object] = {"/quick": b"at once", "/quick/unusual": None}
    threads: list[str] = []

    def answer(environ):
        threads.append(threading.current_thread().name)
        found = said[environ["PATH_INFO"]]
        if isinstance(found, Exception):
            raise found
        return found

    server.bridge.quick = QuickAnswers(lambda environ: environ["PATH_INFO"].startswith("/quick"), answer)
    server.said, server.threads = said, threads
    return server


def test_the_quick_thread_answers_what_it_takes(served):
    head, body = served.ask(get("/quick"))
    assert head.startswith(b"HTTP/1.1 200")
    assert b"cache-control: no-store" in head.lower()
    assert body == b"at once"
    assert served.threads == ["quick"]


def test_other_addresses_never_come_to_it(served):
    assert served.ask(get("/page"))[1] == b"usual"
    assert served.threads == []


def test_without_an_answer_the_request_goes_its_usual_way(served):
    assert served.ask(get("/quick/unusual"))[1] == b"usual"
    assert served.threads == ["quick"]


def test_a_failure_goes_its_usual_way_and_the_next_is_answered(served):
    served.said["/quick/broken"] = RuntimeError("no")
    assert served.ask(get("/quick/broken"))[1] == b"usual"
    assert served.ask(get("/quick"))[1] == b"at once"


def test_a_request_with_a_body_goes_its_usual_way(served):
    assert served.ask(get("/quick", "Content-Length: 0"))[1] == b"usual"
    assert served.threads == []


def test_many_at_once_each_get_their_own():
    quick = QuickAnswers(lambda environ: True, lambda environ: environ["PATH_INFO"].encode())

    async def ask_all():
        return await asyncio.gather(*(quick.ask({"PATH_INFO": f"/{number}"}) for number in range(100)))

    assert asyncio.run(ask_all()) == [f"/{number}".encode() for number in range(100)]
    quick.close(5)


def test_one_who_left_stops_nobody():
    begun, go_on = threading.Event(), threading.Event()

    def answer(environ):
        begun.set()
        go_on.wait(5)
        return b"late"

    quick = QuickAnswers(lambda environ: True, answer)

    async def leave_and_stay():
        left, stayed = quick.ask({"PATH_INFO": "/"}), quick.ask({"PATH_INFO": "/"})
        await asyncio.to_thread(begun.wait, 5)
        left.cancel()
        go_on.set()
        return await stayed

    assert asyncio.run(leave_and_stay()) == b"late"
    quick.close(5)


def test_too_many_waiting_take_the_usual_way():
    go_on = threading.Event()
    quick = QuickAnswers(lambda environ: True, lambda environ: b"" if go_on.wait(5) else None)

    async def fill():
        for _number in range(WAITING_AT_MOST + 1):
            quick.ask({"PATH_INFO": "/"})
        full = not quick.takes({"PATH_INFO": "/"})
        go_on.set()
        return full

    assert asyncio.run(fill())
    quick.close(5)
