"""Slow work takes turns: pages keep a thread, one address never has them all, and a whole school still gets in."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.urls import resolve

from homeroom.kit.turns import must_wait
from homeroom.site import middleware, turns
from homeroom.site.turns import Seats, Turns, place_of

from .conftest import Bridged

SLOW = "/sign-in/"


def posted(address: str, path: str = SLOW) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: example\r\nConnection: close\r\nX-Forwarded-For: {address}\r\n"
    return f"{head}Content-Length: 1\r\n\r\nx".encode()


class Hashing:
    """An application that works until it is let go, and notes who is at it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.at_it: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.go = threading.Event()

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        if environ["PATH_INFO"] != SLOW:
            start("200 OK", [])
            return [b"page"]
        who = environ["HTTP_X_FORWARDED_FOR"]
        if environ["homeroom.turn"] is False:
            start("429 Too Many Requests", [])
            return [b"later"]
        with self.lock:
            self.at_it[who] += 1
            self.most[who] = max(self.most[who], self.at_it[who])
            self.most["in all"] = max(self.most["in all"], self.at_it.total())
        self.go.wait(20)
        with self.lock:
            self.at_it[who] -= 1
        start("200 OK", [])
        return [b"in"]


def statuses(site: Bridged, requests: list[bytes], hashing: Hashing, meanwhile: Any) -> Counter[bytes]:
    with ThreadPoolExecutor(len(requests)) as pool:
        asked = [pool.submit(site.ask, request) for request in requests]
        try:
            meanwhile()
        finally:
            hashing.go.set()
        return Counter(each.result()[0].split()[1] for each in asked)


def test_a_flood_from_one_address_leaves_threads_for_pages_and_for_others(bridged):
    hashing = Hashing()
    site = bridged(hashing, threads=4, waits_at=SLOW)

    def meanwhile() -> None:
        site.until(lambda: hashing.at_it["203.0.113.9"] == 2)
        assert site.ask(posted("203.0.113.9", "/"))[1].endswith(b"page\r\n0\r\n\r\n")
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(site.ask, posted("198.51.100.7"))
            site.until(lambda: hashing.at_it["198.51.100.7"] == 1)
            assert site.ask(posted("203.0.113.9", "/"))[0].startswith(b"HTTP/1.1 200")
            hashing.go.set()
            other.result()

    answers = statuses(site, [posted("203.0.113.9")] * 30, hashing, meanwhile)
    assert answers == {b"200": 30}
    assert hashing.most["203.0.113.9"] == 2
    assert hashing.most["in all"] == 3


def test_a_whole_school_behind_one_address_gets_in(bridged):
    hashing = Hashing()
    hashing.go.set()
    site = bridged(hashing, threads=4, waits_at=SLOW)
    assert statuses(site, [posted("203.0.113.9")] * 120, hashing, lambda: None) == {b"200": 120}


def test_beyond_a_bound_one_is_told_to_come_again(bridged, monkeypatch):
    monkeypatch.setattr(turns, "WAITING_AT_MOST", 3)
    hashing = Hashing()
    site = bridged(hashing, threads=4, waits_at=SLOW)
    answers = statuses(
        site, [posted("203.0.113.9")] * 9, hashing, lambda: site.until(lambda: site.bridge.turns.refused == 4)
    )
    assert answers == {b"200": 5, b"429": 4}


def test_whoever_waited_too_long_is_told_and_takes_no_seat(monkeypatch):
    monkeypatch.setattr(turns, "WAIT_AT_MOST", 0.01)

    async def scene() -> None:
        queue = Turns(2)
        assert await queue.take("a")
        assert not await queue.take("a")
        queue.leave("a")
        assert await queue.take("b")

    asyncio.run(scene())


def test_addresses_are_called_one_after_the_other():
    async def scene() -> list[str]:
        queue, called = Turns(2), []

        async def one(place: str) -> None:
            assert await queue.take(place)
            called.append(place)
            await asyncio.sleep(0)
            queue.leave(place)

        async with asyncio.TaskGroup() as group:
            for place in ("a", "a", "a", "a", "b", "c"):
                group.create_task(one(place))
        return called

    assert asyncio.run(scene()) == ["a", "a", "b", "c", "a", "a"]


def test_one_thread_is_still_enough_to_sign_in():
    assert Seats(1).take("a")


def test_a_network_of_the_new_kind_counts_as_one():
    assert place_of("2001:db8:1:2::1") == place_of("2001:db8:1:2:ffff::9") != place_of("2001:db8:1:3::1")
    assert place_of("192.0.2.1") == "192.0.2.1"


@pytest.mark.parametrize("path", ["/sign-in/", "/sign-in/again/", "/join/welcome/", "/me/password/"])
def test_wherever_a_password_is_hashed_turns_are_taken(path):
    assert must_wait(resolve(path).func)


def test_without_the_bridge_whoever_finds_no_seat_comes_again(client, db, monkeypatch):
    monkeypatch.setattr(middleware, "SEATS", Seats(4))
    for _seat in range(2):
        assert middleware.SEATS.take("127.0.0.1")
    answer = client.post("/sign-in/", {"login": "limei", "password": "x"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert client.post("/sign-in/", {"login": "limei", "password": "x"}, REMOTE_ADDR="192.0.2.1").status_code == 200
    middleware.SEATS.leave("127.0.0.1")
    assert client.post("/sign-in/", {"login": "limei", "password": "x"}).status_code == 200
