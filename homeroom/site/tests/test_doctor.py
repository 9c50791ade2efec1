"""`homeroom doctor` names what is wrong, says how to mend it, and tells by its exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import homeroom

pytestmark = pytest.mark.process


def examined(data: Path, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = homeroom(data, "doctor", "--json", check=False, **environment)
    return done.returncode, {finding["about"]: finding for finding in json.loads(done.stdout)["findings"]}


def test_a_sound_installation_has_no_errors(data):
    status, findings = examined(data, PUBLIC_URL="https://school.example.cn")
    assert status == 0
    assert {about: finding for about, finding in findings.items() if finding["level"] == "error"} == {}
    assert {"database", "database settings", "migrations", "clock", "time zone", "disk"} <= set(findings)


def test_what_is_wrong_comes_with_how_to_mend_it(tmp_path):
    status, findings = examined(
        tmp_path / "empty", PUBLIC_URL="http://school.example.cn", TRUSTED_PROXIES="0.0.0.0/0", DEBUG="1"
    )
    assert status == 1
    wrong = {about: finding["mend"] for about, finding in findings.items() if finding["level"] == "error"}
    assert set(wrong) >= {"migrations", "static files", "address", "proxies", "debug"}
    assert "homeroom migrate" in wrong["migrations"]
    assert "homeroom build" in wrong["static files"]
    assert all(wrong.values())


def test_keys_others_can_read_are_found(data):
    (data / "keys" / "fields.key").chmod(0o644)
    status, findings = examined(data)
    assert status == 1
    assert "chmod 600" in findings["keys"]["mend"]


def test_a_setting_that_cannot_be_used_stops_with_its_name(data):
    refused = homeroom(data, "doctor", check=False, DATABASE_URL="mysql://localhost/x")
    assert refused.returncode == 2
    assert "DATABASE_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    "url", ["s3://bucket/files", "/srv/files", "file://host/srv/files", "file:relative", "keys", "."]
)
def test_a_place_for_files_that_is_no_folder_of_their_own_stops_the_start(data, url):
    url = url if ":" in url or url.startswith("/") else (data / url).as_uri()
    refused = homeroom(data, "doctor", check=False, FILES_URL=url)
    assert refused.returncode == 2
    assert "FILES_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_place_for_files_that_cannot_be_written_is_found(data, tmp_path):
    (tmp_path / "not a folder").write_bytes(b"x")
    _status, findings = examined(data, FILES_URL=(tmp_path / "not a folder" / "files").as_uri())
    assert findings["files"]["level"] == "error"
    assert "FILES_URL" in findings["files"]["mend"]
    _status, findings = examined(data, FILES_URL=(tmp_path / "files").as_uri())
    assert findings["files"]["level"] == "ok"
