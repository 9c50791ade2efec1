"""`homeroom bench import`: a workbook of 5,000 pupils and 9,000 guardians through the pages of a running server.

Uploaded by the school office, compared, applied. Meanwhile guardians confirm items every tenth of a second, and on
SQLite another process asks for the write lock every few milliseconds: its longest wait is how long anybody waits for
the import. The memory is that of the child process which reads and compares, at its highest.

The limit is measured in the same run, when the import is over: `import_floor`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import re
import sqlite3
import tempfile
import threading
import time
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter

from bench import harness
from bench.report import Report

SECONDS_AT_MOST = 20.0
MEMORY_AT_MOST = 300.0  # MiB
LOCK_AT_MOST = 2.0
CONFIRM_AT_MOST = 2.5
TOKEN = "b" * 32
FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋"
GIVEN = (
    "子轩浩然宇航欣怡雨桐梓涵思远若曦嘉豪诗琪俊杰佳明哲心妍博文雅静晨阳可天佑语嫣志强美玲建国秀英小丽华海燕春梅桂淑芬"
)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
HEADER = [
    "学籍号", "姓名", "性别", "出生日期", "身份证号", "年级", "班级", "家长1姓名",
    "与学生关系", "手机", "家长2姓名", "与学生关系", "手机", "家庭住址",
]  # fmt: skip


def workbook(path: Path, pupils: int) -> int:
    """A list as schools keep it, of invented people; returns the guardians in it, 1.8 for each pupil."""
    source = random.Random(7)
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("学生花名册")
    sheet.write_string(0, 0, "学生花名册")
    for column, text in enumerate(HEADER):
        sheet.write_string(1, column, text)
    families: list[tuple[str, ...]] = []
    guardians = 0

    def name(family: str = "") -> str:
        return (family or source.choice(FAMILY)) + "".join(source.sample(GIVEN, 2))

    used: set[str] = set()
    taken: set[tuple[str, int, int]] = set()  # two of a name in one class would be asked about

    for number in range(pupils):
        grade, place = divmod(number * 5, pupils)
        family = source.choice(FAMILY)
        if families and source.random() < 0.1:
            adults = source.choice(families[-300:])
        else:
            phones = [f"1{3 + guardians % 7}{guardians + each:09d}" for each in (0, 1)]
            adults = (name(), "母亲", phones[0], name(family), "父亲", phones[1])
            families.append(adults)
            guardians += 2
        called = name(family)
        while (called, grade, place * 24 // pupils) in taken:
            called = name(family)
        taken.add((called, grade, place * 24 // pupils))
        sex = source.choice("男女")
        born = date(2018 - grade, 9, 1) + timedelta(days=source.randrange(360))
        order = number % 500  # three digits tell those of one day apart; their parity is the sex
        while (digits := f"330106{born:%Y%m%d}{order // 5:02d}{order % 5 * 2 + (sex == '男')}") in used:
            born += timedelta(days=1)
        used.add(digits)
        check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True)) % 11]
        row = [
            f"{2025 - grade}{number:06d}", called, sex, born.isoformat(), digits + check,
            "二三四五六"[grade] + "年级", f"{place * 24 // pupils + 1}班", *adults, f"文三路{number}号",
        ]  # fmt: skip
        for column, text in enumerate(row):
            sheet.write_string(number + 2, column, text)
    book.close()
    return guardians


def ask(  # noqa: PLR0917
    port: int, method: str, path: str, cookie: str, body: bytes = b"", kind: str = ""
) -> tuple[int, Any, str]:
    """One request as a signed-in browser sends it: status, headers, text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {
        "Cookie": f"{cookie}; csrftoken={TOKEN}", "X-CSRFToken": TOKEN, "Origin": f"http://127.0.0.1:{port}",
        "Content-Type": kind or "application/x-www-form-urlencoded",
    }  # fmt: skip
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", errors="replace")
    connection.close()
    return answer.status, answer.headers, text


class Confirming(threading.Thread):
    """Guardians who confirm one after the other while something else goes on."""

    def __init__(self, port: int, guests: list[dict[str, Any]], items: list[str]) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.pairs = [(guest["cookie"], item) for item in items for guest in guests]
        self.seconds: list[float] = []
        self.refused: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        for cookie, item in self.pairs:
            if self.over.wait(0.1):
                return
            started = time.monotonic()
            status, _headers, text = ask(
                self.port, "POST", f"/api/v1/items/{item}/confirm", cookie, b"{}", "application/json"
            )
            self.seconds.append(time.monotonic() - started)
            if status != 200:
                self.refused.append(f"{status} {text[:200]}")


class Waiting(threading.Thread):
    """Asks for SQLite's write lock again and again: its longest wait is the longest anybody waits."""

    def __init__(self, database: str) -> None:
        super().__init__(daemon=True)
        self.database = database
        self.longest = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        connection = sqlite3.connect(self.database, timeout=0, isolation_level=None)
        waiting_since = 0.0
        while not self.over.wait(0.004):
            now = time.monotonic()
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                waiting_since = waiting_since or now
                continue
            connection.execute("ROLLBACK")
            if waiting_since:
                self.longest = max(self.longest, time.monotonic() - waiting_since)
                waiting_since = 0.0
        connection.close()


class Children(threading.Thread):
    """The highest resident memory of any process the server started, in MiB."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.highest = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.02):
            for task in Path(f"/proc/{self.pid}/task").iterdir():
                with suppress(OSError, ValueError):
                    for child in (task / "children").read_text(encoding="ascii").split():
                        status = Path(f"/proc/{child}/status").read_text(encoding="ascii")
                        if found := re.search(r"VmHWM:\s+(\d+)", status):
                            self.highest = max(self.highest, int(found[1]) / 1024)


def wait_for_step(port: int, run: str, cookie: str) -> None:
    """Ask for the progress as the page does, until the step is done."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        status, headers, _text = ask(port, "GET", f"{run}progress/", cookie)
        if status != 200:
            raise RuntimeError(f"the progress answered {status}")
        if headers.get("HX-Refresh"):
            return
        time.sleep(0.2)
    raise RuntimeError("the import did not end")


def upload(port: int, cookie: str, path: Path) -> str:
    """Send the workbook; returns the address of the import."""
    boundary = "bench-boundary"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n'
        "Content-Type: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet\r\n\r\n"
    ).encode()
    body += path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    status, headers, text = ask(port, "POST", "/school/roster/", cookie, body, kind)
    if status != 302:
        raise RuntimeError(f"the upload answered {status}: {text[:300]}")
    return str(headers["Location"])


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="homeroom bench import", description=__doc__)
    parser.add_argument("--pupils", type=int, default=5000, help="rows of the workbook (%(default)s)")
    options = parser.parse_args(argv)
    report = Report("import")
    with tempfile.TemporaryDirectory() as folder, harness.installation(built=True) as made:
        path = Path(folder) / "学生花名册.xlsx"
        guardians = workbook(path, options.pupils)
        size = {"pupils": options.pupils, "guardians": guardians}
        report.note("making guardians who confirm")
        guests = made.guests(40, 1)
        told = json.loads(made.run_python("bench.import_office", "--guardians", "40", "--items", "40"))
        with harness.serving(made) as served:
            watchers: list[Any] = [Confirming(served.port, guests, told["items"]), Children(served.pid)]
            if told["database"]:
                watchers.append(Waiting(told["database"]))
            for watcher in watchers:
                watcher.start()
            report.note("uploading")
            started = time.monotonic()
            run = upload(served.port, told["cookie"], path)
            wait_for_step(served.port, run, told["cookie"])
            compared = time.monotonic() - started
            report.note("applying")
            started = time.monotonic()
            status, _headers, text = ask(served.port, "POST", f"{run}apply/", told["cookie"])
            if status != 302:
                raise RuntimeError(f"applying answered {status}: {text[:300]}")
            wait_for_step(served.port, run, told["cookie"])
            applied = time.monotonic() - started
            _status, _headers, page = ask(served.port, "GET", run, told["cookie"])
            for watcher in watchers:
                watcher.over.set()
                watcher.join(10)
        report.note("measuring the limit")
        floor = json.loads(made.run_python("bench.import_floor", str(path)))
        taken = [int(number) for number in re.findall(r"<dd>(\d+)</dd>", page)]
        size["rows"] = floor["rows"]
        whole = floor["read"] + floor["write"]
        report.figure("compared", compared, "s", beside=floor["read"], **size)
        report.figure("applied", applied, "s", beside=floor["write"], **size)
        report.figure("import", compared + applied, "s", at_most=SECONDS_AT_MOST, beside=whole, **size)
        report.figure("pupils_imported", taken[0] if taken else 0, "pupils", at_least=options.pupils, **size)
        report.figure("guardians_imported", taken[4] if len(taken) > 4 else 0, "guardians", at_least=guardians, **size)
        report.figure("child_memory", watchers[1].highest, "MiB", at_most=MEMORY_AT_MOST, **size)
        seconds = watchers[0].seconds
        report.figure("confirm_slowest", max(seconds), "s", at_most=CONFIRM_AT_MOST, confirmations=len(seconds))
        report.figure("confirm_refused", len(watchers[0].refused), "confirmations", at_most=0)
        for refused in watchers[0].refused[:3]:
            report.note(refused)
        if len(watchers) > 2:
            held = watchers[2].longest
            report.figure("lock_longest", held, "s", at_most=LOCK_AT_MOST, beside=floor["write"], **size)
    return report.status
