"""`homeroom bench page`: a guardian's home on a mid-range phone over a slow network.

Chromium at 390 px with the processor slowed four times and slow 4G, an empty cache, the demonstration's mother of two.
Bytes are those of the first visit as they went over the line; readable is when the browser painted its largest text.
Server time and SQL statements are asked of the same installation without a browser.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import time
from typing import Any

from bench import harness, visitors
from bench.report import Report

KEY = "guardian_of_two"
BYTES, READABLE_MS, SERVER_MS, STATEMENTS = 40 * 1024, 1500.0, 4.0, 10
# Slow 4G as Lighthouse sets it in the browser. Source: GoogleChrome/lighthouse, core/config/constants.js, mobileSlow4G.
LINE = {"offline": False, "latency": 562.5, "downloadThroughput": 1_474_560 / 8, "uploadThroughput": 675_000 / 8}
SLOWED = 4
ASKED = 200
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PAINTED = """() => new Promise(done => {
  new PerformanceObserver(list => { window.__largest = list.getEntries().at(-1).startTime })
    .observe({type: 'largest-contentful-paint', buffered: true});
  requestAnimationFrame(() => setTimeout(() => done(window.__largest || 0), 300));
})"""


def first_visit(browser: Any, port: int, cookies: dict[str, str]) -> tuple[float, float, int]:
    """Milliseconds until readable, bytes over the line, cards shown."""
    url = f"http://127.0.0.1:{port}/"
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, locale="zh-CN"
    )
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", LINE)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    received: list[float] = []
    devtools.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(url, wait_until="load")
    readable = float(page.evaluate(PAINTED))
    page.wait_for_load_state("networkidle")
    cards = page.locator("#feed article").count()
    context.close()
    return readable, sum(received), cards


def server_times(port: int, cookies: dict[str, str], times: int) -> list[float]:
    """Milliseconds from asking for the page to its last byte, on a warm connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    header = {"Cookie": visitors.header_of(cookies), "Accept-Encoding": "identity"}
    took = []
    for _number in range(times):
        started = time.perf_counter()
        connection.request("GET", "/", headers=header)
        answer = connection.getresponse()
        answer.read()
        took.append((time.perf_counter() - started) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"/ answered {answer.status}")
    return took


COUNT_STATEMENTS = """
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from homeroom.demo.public import member_named
from homeroom.people.sessions import PERSON_KEY
member = member_named("guardian_of_two")
client = Client(headers={"host": "127.0.0.1"})
client.force_login(member.person.account)
session = client.session
session[PERSON_KEY] = member.person.pk
session.save()
client.get("/")
with CaptureQueriesContext(connection) as asked:
    assert client.get("/").status_code == 200
print(sum(not q["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for q in asked.captured_queries))
"""


def main(arguments: list[str]) -> int:
    """Run the bench; see the module."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(prog="homeroom bench page")
    parser.add_argument("--visits", type=int, default=5, help="(%(default)s)")
    options = parser.parse_args(arguments)
    report = Report("page")
    with harness.installation(built=True) as made:
        report.note("building the demonstration")
        made.run("demo", "--json")
        statements = int(made.run("shell", "--no-imports", "-c", COUNT_STATEMENTS).split()[-1])
        with harness.serving(made) as served:
            cookies = visitors.cookies_of(served.port, KEY)
            server_times(served.port, cookies, 30)
            before = served.cpu
            server = sorted(server_times(served.port, cookies, ASKED))
            processor = (served.cpu - before) * 1000 / ASKED
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
                )
                visits = [first_visit(browser, served.port, cookies) for _number in range(options.visits)]
                browser.close()
    report.figure("readable", statistics.median(visit[0] for visit in visits), "ms", at_most=READABLE_MS)
    report.figure("first visit", max(visit[1] for visit in visits), "bytes", at_most=BYTES)
    # The processor's time: on a machine that does nothing else it is the time the page takes.
    report.figure("server time", processor, "ms", at_most=SERVER_MS)
    report.figure("answered after", server[len(server) // 2], "ms")
    report.figure("answered after p99", server[int(len(server) * 0.99)], "ms")
    report.figure("statements", statements, "statements", at_most=STATEMENTS)
    report.figure("cards", visits[0][2], "cards", at_least=20)
    return report.status
