"""`homeroom bench publish`: a notice from the button to the last open phone, for 200, 2,000 and 20,000 recipients.

Published through the page of a running server by a grade leader, as a school does it. Each socket must get exactly the
next number of its stream. The statements are counted in a process of their own, on the same data. A guardian's page
open in Chromium tells which requests the arrival provokes; without Chromium only the server's own count is given.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import select
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Any
from urllib.parse import urlencode

from bench import harness
from bench.report import Report

SIZES = (200, 2_000, 20_000)
SOCKETS_AT_MOST = 2_000
STATEMENTS_AT_MOST = 40
SECONDS_AT_MOST = 0.5
MEANT_FOR = 2_000  # recipients the time budget is for
WARM_UP = 1
RUNS = 3
TEXT, PING, PONG = 1, 9, 10  # opcodes, RFC 6455 section 5.2
QUIET = 3.0  # seconds after the last arrival in which a page would ask for more


class Browser:
    """The one who publishes: a session cookie, a CSRF token, and nothing else of a browser."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port, self.cookie = port, cookie

    def get(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = connection.getresponse()
        body = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(f"GET {path} answered {answer.status}")
        for header in answer.headers.get_all("Set-Cookie") or []:
            if header.startswith("csrftoken="):
                self.token = header.split(";")[0].removeprefix("csrftoken=")
                self.cookie = re.sub(r"; csrftoken=[^;]*|$", f"; csrftoken={self.token}", self.cookie, count=1)
        connection.close()
        return body

    def look(self, notice: str) -> None:
        """The last look before sending, which has the button."""
        self.get(f"/notices/{notice}/check/")

    def publish(self, notice: str) -> float:
        """Press the button; returns seconds until the server's answer."""
        page = f"/notices/{notice}/check/"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        started = time.monotonic()
        connection.request(
            "POST",
            page,
            urlencode({"do": "publish"}),
            {
                "Cookie": self.cookie,
                "X-CSRFToken": self.token,
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"http://127.0.0.1:{self.port}",
            },
        )
        answer = connection.getresponse()
        answer.read()
        if answer.status != 302:
            raise RuntimeError(f"publishing answered {answer.status}")
        connection.close()
        return time.monotonic() - started


class Phones:
    """Open sockets, each of which must get the next number of its stream. Read on a thread that also answers pings."""

    def __init__(self, sockets: Sequence[socket.socket], numbers: Sequence[int]) -> None:
        self.sockets = {one.fileno(): one for one in sockets}
        self.next = {one.fileno(): number + 1 for one, number in zip(sockets, numbers, strict=True)}
        self.kept: dict[int, bytes] = dict.fromkeys(self.sockets, b"")
        self.missing: set[int] = set()
        self.last = 0.0
        self.wrong = ""
        self.all_there = threading.Event()
        self.poll = select.epoll()
        for descriptor in self.sockets:
            self.poll.register(descriptor, select.EPOLLIN)
        threading.Thread(target=self._read, daemon=True).start()

    def expect(self) -> None:
        """Wait for one more event on each of them from now on."""
        self.missing = set(self.sockets)
        self.all_there.clear()

    def wait(self, timeout: float) -> float:
        """When the last of them had its event. Raises RuntimeError for a wrong number, a closed socket, or silence."""
        there = self.all_there.wait(timeout)
        if self.wrong or not there:
            raise RuntimeError(self.wrong or f"{len(self.missing)} sockets got nothing")
        return self.last

    def _read(self) -> None:
        while not self.wrong:
            for descriptor, _event in self.poll.poll(1):
                try:
                    data = self.sockets[descriptor].recv(65536)
                except OSError:
                    return  # the bench closes them when it is done
                if not data:
                    self.wrong = "a socket was closed"
                    break
                self.kept[descriptor] += data
                self._take(descriptor)
        self.all_there.set()

    def _take(self, descriptor: int) -> None:
        data = self.kept[descriptor]
        while len(data) >= 2:
            size, start = data[1] & 127, 2
            if size == 126:
                if len(data) < 4:
                    break
                size, start = int.from_bytes(data[2:4], "big"), 4
            if len(data) < start + size:
                break
            kind, frame, data = data[0] & 15, data[start : start + size], data[start + size :]
            if kind == PING:
                self.sockets[descriptor].sendall(bytes((0x80 | PONG, 0x80 | size)) + b"\0\0\0\0" + frame)
            elif kind == TEXT and (told := json.loads(frame)).get("t") == "event":
                self._got(descriptor, int(told["n"]))
        self.kept[descriptor] = data

    def _got(self, descriptor: int, number: int) -> None:
        if number != self.next[descriptor]:
            self.wrong = f"number {number} instead of {self.next[descriptor]}"
        self.next[descriptor] += 1
        self.missing.discard(descriptor)
        if not self.missing:
            self.last = time.monotonic()
            self.all_there.set()


def requests_served(port: int) -> int:
    """Requests the server has answered, by its own count, this one not among them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    counts = re.findall(r"^homeroom_request_seconds_count\{([^}]*)\} (\S+)", text, re.M)
    return round(sum(float(value) for labels, value in counts if "metrics" not in labels))


class Page:
    """A guardian's home, open in Chromium; counts what it asks for."""

    def __init__(self, stack: ExitStack, port: int, cookie: str) -> None:
        from playwright.sync_api import sync_playwright

        playwright = stack.enter_context(sync_playwright())
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        stack.callback(chromium.close)
        context = chromium.new_context()
        name, _equals, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": f"http://127.0.0.1:{port}"}])
        self.page = context.new_page()
        self.asked: list[str] = []
        self.page.goto(f"http://127.0.0.1:{port}/", wait_until="load")
        self.page.wait_for_timeout(2500)  # its own start: service worker, socket
        self.page.on("request", lambda request: self.asked.append(request.url))

    def settle(self) -> int:
        self.page.wait_for_timeout(int(QUIET * 1000))
        return len(self.asked)

    def shows(self, text: str) -> bool:
        return text in self.page.content()


def measure(report: Report, recipients: int) -> int:
    """The figures for one size; returns the statements counted."""
    with ExitStack() as stack:
        made = stack.enter_context(harness.installation(built=True))
        report.note(f"{recipients} recipients: making them")
        guests = made.guests(recipients)
        plan = json.loads(made.run_python("bench.publish_draft", "--drafts", str(WARM_UP + RUNS + 2)))
        served = stack.enter_context(harness.serving(made))
        connected = guests[: min(recipients, SOCKETS_AT_MOST) - 1]  # one is left for the page
        sockets = harness.open_sockets(served.port, connected)
        for one in sockets:
            stack.callback(one.close)
        phones = Phones(sockets, [guest["number"] for guest in connected])
        browser = Browser(served.port, plan["cookie"])
        notices = iter(plan["notices"])
        answered, arrived, cpu = [], [], []
        for run in range(WARM_UP + RUNS):
            notice = next(notices)
            browser.look(notice)
            phones.expect()
            used, started = served.cpu, time.monotonic()
            seconds = browser.publish(notice)
            last = phones.wait(60)
            if run >= WARM_UP:
                answered.append(seconds)
                arrived.append(last - started)
                cpu.append(served.cpu - used)
            time.sleep(1)
        judged = {"at_most": SECONDS_AT_MOST} if recipients == MEANT_FOR else {}
        size = {"recipients": recipients, "sockets": len(sockets)}
        report.figure("last_socket", sorted(arrived)[RUNS // 2], "s", **judged, **size)
        report.figure("server_cpu", sorted(cpu)[RUNS // 2], "s", **size)
        report.figure("answer", sorted(answered)[RUNS // 2], "s", **size)
        guest = guests[len(connected)]
        provoked(
            report,
            stack,
            port=served.port,
            browser=browser,
            phones=phones,
            notice=next(notices),
            guest=guest,
            size=size,
        )
        counts = json.loads(made.run_python("bench.publish_draft", "--publish", next(notices)))
        report.figure("statements", counts["statements"], "statements", at_most=STATEMENTS_AT_MOST, **size)
        report.figure("service", counts["seconds"], "s", **size)
    return int(counts["statements"])


def provoked(
    report: Report, stack: ExitStack, *, port: int, browser: Browser, phones: Phones, notice: str, guest: Any, size: Any
) -> None:
    """How many requests the arrival makes pages send."""
    page = None
    with suppress(Exception):  # Chromium is a wish, not a need
        page = Page(stack, port, guest["cookie"])
    browser.look(notice)
    before = requests_served(port)
    phones.expect()
    browser.publish(notice)
    phones.wait(60)
    own = 1  # the button itself
    if page is None:
        time.sleep(QUIET)
    else:
        asked = page.settle()
        report.figure("page_requests", asked, "requests", at_most=0, **size)
        if not page.shows("关于秋季研学活动的通知"):
            report.note("the open page does not show the notice")
            report.missed.append("page_shows")
    report.figure("server_requests", requests_served(port) - before - own, "requests", at_most=0, **size)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="homeroom bench publish", description=__doc__)
    parser.add_argument("--recipients", type=int, nargs="*", default=SIZES, help="sizes to measure (%(default)s)")
    options = parser.parse_args(argv)
    harness.allow_many_files()
    report = Report("publish")
    statements = {size: measure(report, size) for size in options.recipients}
    spread = max(statements.values()) - min(statements.values())
    report.figure("statements_spread", spread, "statements", at_most=0)
    return report.status
