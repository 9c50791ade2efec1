"""What could be wrong with an installation, each finding with how to mend it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from homeroom.kit.models import Heartbeat
from homeroom.site.management.starting import is_demo

Level = Literal["ok", "warning", "error"]
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend` is empty when it is ok."""

    about: str
    level: Level
    found: str
    mend: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def examine() -> list[Finding]:
    """Everything, most basic first; an examination that fails is itself a finding."""
    findings: list[Finding] = []
    for examination in EXAMINATIONS:
        try:
            findings += examination()
        except Exception as error:
            name = examination.__name__.strip("_").replace("_", " ")
            findings.append(Finding(name, "error", f"could not be examined: {type(error).__name__}: {error}", ""))
    return findings


def _settings() -> Iterator[Finding]:
    wrong = [message for message in checks.run_checks() if message.level >= checks.WARNING]
    for message in wrong:
        level: Level = "error" if message.level >= checks.ERROR else "warning"
        yield Finding("settings", level, message.msg, message.hint or "See the documentation of this setting.")
    if not wrong:
        yield Finding("settings", "ok", "Django's checks find nothing")
    public = urlsplit(settings.PUBLIC_URL)
    local = public.hostname in {"127.0.0.1", "localhost", "::1"}
    if public.scheme != "https" and not local:
        mend = "Put a proxy with TLS in front (docs/guides/reverse-proxy.md) and set PUBLIC_URL to its https address."
        yield Finding("address", "error", f"{settings.PUBLIC_URL} is not encrypted", mend)
    elif local:
        mend = "Before families use it, set PUBLIC_URL to the address they will type, with https."
        yield Finding("address", "warning", f"{settings.PUBLIC_URL} is reached from this machine only", mend)
    else:
        yield Finding("address", "ok", settings.PUBLIC_URL)
    if settings.DEBUG:
        yield Finding("debug", "error", "DEBUG is on: errors show the inside to everyone", "Remove DEBUG from .env.")


def _data_directory() -> Iterator[Finding]:
    probe = settings.DATA / "tmp" / ".doctor"
    try:
        probe.write_bytes(b"x")
        probe.unlink()
        yield Finding("data directory", "ok", f"{settings.DATA} can be written")
    except OSError as error:
        mend = f"Give the user that runs Homeroom the right to write to {settings.DATA}, or set HOMEROOM_DATA."
        yield Finding("data directory", "error", f"{settings.DATA}: {error.strerror}", mend)
    keys = settings.DATA / "keys"
    loose = [path.name for path in keys.glob("*") if path.stat().st_mode & 0o077]
    if loose:
        yield Finding("keys", "error", f"others can read {', '.join(loose)}", f"chmod 600 {keys}/*")
    elif keys.exists():
        yield Finding("keys", "ok", "only the owner can read them")


def _files() -> Iterator[Finding]:
    probe = settings.FILES / ".doctor"
    try:
        settings.FILES.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x")
        probe.unlink()
        yield Finding("files", "ok", f"{settings.FILES} can be written")
    except OSError as error:
        mend = (
            f"Mount the disk, or give the user that runs Homeroom the right to write to {settings.FILES} (FILES_URL)."
        )
        yield Finding("files", "error", f"{settings.FILES}: {error.strerror}", mend)


def _disk() -> Iterator[Finding]:
    folders = [settings.DATA]
    if settings.FILES.exists() and settings.FILES.stat().st_dev != settings.DATA.stat().st_dev:
        folders.append(settings.FILES)
    for folder in folders:
        free = shutil.disk_usage(folder).free
        text = f"{free / GIB:.1f} GiB free in {folder}"
        if free < GIB // 2:
            yield Finding("disk", "error", text, "Free space now: when the disk is full, nothing can be saved.")
        elif free < 3 * GIB:
            yield Finding("disk", "warning", text, "Plan for more space; pictures and backups grow.")
        else:
            yield Finding("disk", "ok", text)


def _database() -> Iterator[Finding]:
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        yield Finding(
            "database", "error", f"cannot be reached: {error}", "Check DATABASE_URL, and that the server runs."
        )
        return
    if settings.SQLITE:
        yield from _sqlite()
    else:
        yield from _postgresql()
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        mend = "Make a backup (homeroom backup FILE), then run: homeroom migrate"
        yield Finding("migrations", "error", f"{len(pending)} not applied", mend)
    else:
        yield Finding("migrations", "ok", "all applied")


def _sqlite() -> Iterator[Finding]:
    version = ".".join(map(str, sqlite3.sqlite_version_info))
    if sqlite3.sqlite_version_info < (3, 40):
        mend = "Use a Python built with SQLite 3.40 or newer (uv brings one), or PostgreSQL."
        yield Finding("database", "error", f"SQLite {version}", mend)
    else:
        yield Finding("database", "ok", f"SQLite {version}, {Path(connection.settings_dict['NAME']).name}")
    with connection.cursor() as cursor:

        def pragma(name: str) -> Any:
            return cursor.execute(f"PRAGMA {name}").fetchone()[0]

        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
        wrong = {name: found for name, value in wanted.items() if (found := pragma(name)) != value}
        if wrong:
            mend = "The data directory must be on a local disk (no network share): WAL needs shared memory."
            yield Finding("database settings", "error", f"not as they must be: {wrong}", mend)
        else:
            yield Finding("database settings", "ok", "write-ahead log, full durability, foreign keys")
        damage = pragma("quick_check(1)")
        if damage != "ok":
            mend = "Stop the server and restore the last backup: homeroom restore FILE --force"
            yield Finding("database file", "error", f"damaged: {damage}", mend)


def _postgresql() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_encoding')")
        number, encoding = cursor.fetchone()
    if number < 150000:
        yield Finding("database", "error", f"PostgreSQL {number // 10000}", "Upgrade to PostgreSQL 15 or newer.")
    elif encoding != "UTF8":
        yield Finding("database", "error", f"encoding {encoding}", "Create the database with ENCODING 'UTF8'.")
    else:
        yield Finding("database", "ok", f"PostgreSQL {number // 10000}")


def _clock() -> Iterator[Finding]:
    now = datetime.now(UTC)
    youngest = max((path.stat().st_mtime for path in settings.DATA.glob("homeroom.db*")), default=0.0)
    if youngest > time.time() + 60:
        mend = "Set the clock (timedatectl set-ntp true): reminders and sessions hang on it."
        yield Finding("clock", "error", f"{now:%Y-%m-%d %H:%M} UTC, but the database was written later", mend)
    elif now.year < 2026:
        yield Finding("clock", "error", f"{now:%Y-%m-%d %H:%M} UTC", "Set the clock: timedatectl set-ntp true")
    elif not settings.SQLITE and (off := _off_from_database(now)) > 2:
        mend = "Run a time service on this machine and on the database's (timedatectl set-ntp true)."
        yield Finding("clock", "error", f"{off:.0f} s apart from the database's", mend)
    elif _synchronized() is False:
        mend = "timedatectl set-ntp true"
        yield Finding("clock", "warning", f"{now:%Y-%m-%d %H:%M} UTC, not kept by a time service", mend)
    else:
        yield Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")
    try:
        zoneinfo.ZoneInfo(settings.TIME_ZONE)
        yield Finding("time zone", "ok", settings.TIME_ZONE)
    except zoneinfo.ZoneInfoNotFoundError:
        mend = "Install the time zone data: apt-get install tzdata"
        yield Finding("time zone", "error", f"{settings.TIME_ZONE} is not known here", mend)


def _off_from_database(now: datetime) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return float(abs((cursor.fetchone()[0] - now).total_seconds()))


def _synchronized() -> bool | None:
    """Whether a time service keeps the clock; None where that cannot be asked, as in a container."""
    if shutil.which("timedatectl") is None:
        return None
    asked = subprocess.run(
        ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
        capture_output=True,
        text=True,
        check=False,
        timeout=5,
    )
    return {"yes": True, "no": False}.get(asked.stdout.strip())


def _fonts() -> Iterator[Finding]:
    if shutil.which("fc-list") is None:
        yield Finding("fonts", "ok", "pages use the reader's own fonts; none is needed here")
        return
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False, timeout=20)
    if listed.stdout.strip():
        yield Finding("fonts", "ok", listed.stdout.splitlines()[0].split(",")[0])
    else:
        mend = "apt-get install fonts-noto-cjk (for screenshots and printing on this machine; pages need none)"
        yield Finding("fonts", "warning", "none with Chinese characters", mend)


def _static_files() -> Iterator[Finding]:
    if (settings.STATIC_ROOT / "staticfiles.json").exists():
        yield Finding("static files", "ok", "built")
    else:
        yield Finding("static files", "error", "not built: pages have no style", "homeroom build")


def _jobs() -> Iterator[Finding]:
    try:
        beat = Heartbeat.objects.filter(name="jobs").values_list("beat_at", flat=True).first()
    except DatabaseError:
        return  # the missing migrations are named already
    if beat is not None and abs((timezone.now() - beat).total_seconds()) < 60:
        yield Finding("jobs", "ok", "running")
    else:
        since = f"since {beat:%Y-%m-%d %H:%M} UTC" if beat else "so far"
        yield Finding("jobs", "warning", f"nobody has run jobs {since}", "Start `homeroom serve`, or `homeroom jobs`.")


def _demo() -> Iterator[Finding]:
    try:
        invented = is_demo()
    except DatabaseError:
        return
    if invented:
        mend = "Start a real school in a data directory of its own: HOMEROOM_DATA=… homeroom init"
        yield Finding("school", "warning", "this is the invented school; anyone may become anyone in it", mend)


def _proxies() -> Iterator[Finding]:
    wide = [network for network in settings.TRUSTED_PROXIES if network.endswith("/0")]
    if wide:
        mend = "List only your own proxy's address in TRUSTED_PROXIES: whoever is trusted can claim any address."
        yield Finding("proxies", "error", f"everybody is trusted ({', '.join(wide)})", mend)


EXAMINATIONS: list[Callable[[], Iterator[Finding]]] = [
    _data_directory,
    _files,
    _disk,
    _settings,
    _database,
    _clock,
    _fonts,
    _static_files,
    _jobs,
    _proxies,
    _demo,
]
