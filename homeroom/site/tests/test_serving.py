"""`homeroom serve` as a process: slow clients, trouble with the disk, stopping, logs."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import Process, homeroom, receive_all, running

pytestmark = pytest.mark.process
SETTINGS = {"DJANGO_SETTINGS_MODULE": "homeroom.site.tests.serving_settings"}


def get(process: Process, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"http://127.0.0.1:{process.port}{path}", headers=named)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read().decode(), {k.lower(): v for k, v in response.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), {k.lower(): v for k, v in error.headers.items()}


def half_an_upload(process: Process) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", process.port), timeout=30)
    connection.sendall(
        b"POST /test/upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: text/plain\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000
    )
    return connection


def refuses(process: Process) -> bool:
    """Whether nobody listens any more."""
    try:
        socket.create_connection(("127.0.0.1", process.port), timeout=2).close()
    except OSError:
        return True
    return False


def written(data: Path, name: str) -> int:
    with sqlite3.connect(data / "homeroom.db") as database:
        return int(
            database.execute("SELECT count(*) FROM kit_cache WHERE cache_key LIKE ?", [f"{name}-%"]).fetchone()[0]
        )


@pytest.mark.alone
def test_fifty_slow_uploads_keep_no_page_waiting(data):
    with running(data, "serve", "--port", "0", **SETTINGS) as process:
        uploads = [half_an_upload(process) for _ in range(50)]
        waits = []
        for _ in range(20):
            started = time.perf_counter()
            assert get(process, "/test/where")[0] == 200
            waits.append(time.perf_counter() - started)
        assert max(waits) < 1
        for connection in uploads:  # and each of them still arrives whole
            connection.sendall(b"x" * 100_000)
            assert receive_all(connection).endswith(b"200000")
            connection.close()


def test_the_client_address_comes_from_trusted_proxies_only(data):
    headers = {"X_Forwarded_For": "203.0.113.9, 192.0.2.7", "X_Forwarded_Proto": "https", "X_Request_ID": "a" * 20}
    with running(data, "serve", "--port", "0", TRUSTED_PROXIES="192.0.2.0/24,127.0.0.1", **SETTINGS) as process:
        status, body, answered = get(process, "/test/where", **headers)
        assert (status, body) == (200, "203.0.113.9 https")
        assert answered["x-request-id"] == "a" * 20
        assert get(process, "/metrics", X_Forwarded_For="203.0.113.9")[0] == 404
        assert get(process, "/metrics")[0] == 200
    with running(data, "serve", "--port", "0", TRUSTED_PROXIES="192.0.2.0/24", **SETTINGS) as process:
        status, body, answered = get(process, "/test/where", **headers)
        assert (status, body) == (200, "127.0.0.1 http")
        assert answered["x-request-id"] != "a" * 20
        assert get(process, "/metrics")[0] == 404


def test_logs_carry_the_request_id_and_nothing_personal(data):
    with running(data, "serve", "--port", "0", **SETTINGS) as process:
        status, body, answered = get(process, "/test/broken/invitation-abc?phone=13800138000")
        assert status == 500
        assert answered["x-request-id"] in body
        process.logs("request")
        lines = [line for line in process.output.log if line.get("request_id") == answered["x-request-id"]]
        assert {line["event"] for line in lines} == {"unexpected error", "request"}
        text = "\n".join(process.output.lines)
        assert "invitation-abc" not in text
        assert "13800138000" not in text
        assert [line["route"] for line in process.logs("request")] == ["test/broken/<str:secret>"]


def test_a_full_disk_is_a_clear_page_and_nothing_half_done(data):
    with running(data, "serve", "--port", "0", **SETTINGS) as process:
        assert get(process, "/test/write?name=before")[0] == 200
        largest = (data / "homeroom.db-wal").stat().st_size
        before = resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (largest, before[1]))
        status, body, answered = get(process, "/test/write?name=during")
        assert status == 503
        assert answered["retry-after"]
        assert "<h1" in body
        assert get(process, "/test/where")[0] == 200  # what only reads goes on
        assert written(data, "during") == 0
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, before)
        assert get(process, "/test/write?name=during")[0] == 200
        assert written(data, "during") == 10


def test_a_locked_database_is_a_clear_page_and_nothing_half_done(data):
    with running(data, "serve", "--port", "0", **SETTINGS) as process:
        other = sqlite3.connect(data / "homeroom.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        status, _body, answered = get(process, "/test/write?name=during")
        assert status == 503
        assert answered["retry-after"]
        other.execute("COMMIT")
        assert written(data, "during") == 0
        assert get(process, "/test/write?name=during")[0] == 200


@pytest.mark.alone
def test_commits_of_another_process_and_of_pages_all_hold(data):
    with running(data, "serve", "--port", "0", **SETTINGS) as process:
        other = sqlite3.connect(data / "homeroom.db", isolation_level=None, timeout=20)

        def write_beside() -> None:
            for number in range(100):
                other.execute("INSERT INTO kit_cache VALUES (?, 'x', '2026-01-01')", [f"other-{number}"])

        beside = threading.Thread(target=write_beside)
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(get, process, f"/test/write?name=page{number}") for number in range(40)]
            other.close()
            other = sqlite3.connect(data / "homeroom.db", isolation_level=None, timeout=20, check_same_thread=False)
            beside.start()
            assert {answer.result()[0] for answer in answers} == {200}
            beside.join()
        assert sum(written(data, f"page{number}") for number in range(40)) == 400
        assert written(data, "other") == 100


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_what_is_under_way_and_exits_with_zero(data, which):
    pipe = data / "pipe"
    os.mkfifo(pipe)
    with running(data, "serve", "--port", "0", **SETTINGS) as process:
        upload = half_an_upload(process)
        with ThreadPoolExecutor(1) as pool:
            page = pool.submit(get, process, f"/test/held?by={pipe}")
            holding = pipe.open("wb")  # opens when the page has the other end
            process.process.send_signal(which)
            process.logs("stopping")
            assert any(refuses(process) for _attempt in range(2000))
            upload.sendall(b"x" * 100_000)
            assert receive_all(upload).endswith(b"200000")
            assert not page.done()
            holding.close()
            assert page.result()[:2] == (200, "done")
        assert process.process.wait(timeout=15) == 0
        assert process.logs("stopped")


@pytest.mark.alone
def test_a_second_signal_ends_it_at_once(data):
    with running(data, "serve", "--port", "0", **SETTINGS) as process:
        upload = half_an_upload(process)
        process.process.send_signal(signal.SIGTERM)
        process.logs("stopping")
        started = time.monotonic()
        assert process.stop(signal.SIGTERM) == 128 + signal.SIGTERM
        assert time.monotonic() - started < 2
        upload.close()


def test_ready_says_what_is_missing(data):
    with running(data, "serve", "--port", "0") as process:
        # The jobs' first sign of life may still be on its way; each question is a turn of the server.
        assert any(get(process, "/readyz")[0] == 200 for _attempt in range(2000))
        assert get(process, "/healthz")[:2] == (200, "ok\n")


def test_a_database_that_is_behind_is_not_served(tmp_path):
    refused = homeroom(tmp_path / "empty", "serve", "--port", "0", check=False)
    assert refused.returncode != 0
    assert "homeroom migrate" in refused.stderr


def test_web_and_jobs_stop_with_zero_as_well(data):
    with running(data, "web", "--server", "own", "--port", "0") as process:
        assert get(process, "/healthz")[0] == 200
        assert process.stop() == 0
    with running(data, "jobs") as process:
        assert process.stop() == 0


def test_the_invented_school_is_not_shown_to_others_unless_that_is_said(data):
    mark = "Demonstration.objects.create(built_at=timezone.now())"
    imports = "from django.utils import timezone; from homeroom.demo.models import Demonstration; "
    homeroom(data, "shell", "--no-imports", "-c", imports + mark)
    refused = homeroom(data, "serve", "--host", "0.0.0.0", "--port", "0", check=False)
    assert (refused.returncode, "--demo-public" in refused.stderr) == (1, True)
    proxied = homeroom(data, "serve", "--port", "0", check=False, PUBLIC_URL="https://192.0.2.1")
    assert (proxied.returncode, "--demo-public" in proxied.stderr) == (1, True)
    mailing = homeroom(
        data, "serve", "--host", "0.0.0.0", "--port", "0", "--demo-public", check=False, EMAIL_URL="smtp://127.0.0.1:1"
    )
    assert (mailing.returncode, "EMAIL_URL" in mailing.stderr) == (1, True)
    with running(data, "serve", "--host", "0.0.0.0", "--port", "0", "--demo-public") as process:
        assert get(process, "/healthz")[0] == 200
