"""What every test keeps to: it waits for what happens, never for time to pass, and it is never skipped."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# Nought seconds of asyncio's sleep are a turn of the loop.
SLEEPS = re.compile(
    r"\btime\.sleep\(|\basyncio\.sleep\((?!0\))|\bwait_for_timeout\(|from (?:time|asyncio) import .*\bsleep\b"
)
SKIPS = re.compile(r"\bpytest\.skip\(|\bmark\.skip(?:if)?\b|\bmark\.xfail\b|\bimportorskip\(")


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    files = {*PROJECT.glob("tests/**/*.py"), *PROJECT.glob("homeroom/*/tests/**/*.py"), PROJECT / "conftest.py"}
    return [
        f"{file.relative_to(PROJECT)}:{number}"
        for file in sorted(files - {Path(__file__).resolve()})
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_test_sleeps():
    assert lines_with(SLEEPS) == []


def test_no_test_is_skipped():
    """What a machine lacks `make test` installs; what belongs to one database has a mark for it."""
    assert lines_with(SKIPS) == []
