"""Backup and restore: the database and the files in one archive, the keys in another.

The keys stay apart because the archive without them tells nothing of phone numbers, addresses or custody notes: keep
the two in different places. SQLite is copied by its online backup, so nobody has to stop working; from PostgreSQL a
consistent snapshot is read table by table. An archive goes back into the kind of database it came from.

Archive: a zip with `about.json` (version, engine, time, migrations, row counts), `database.sqlite3` or
`tables/NAME.jsonl`, and `files/…`.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from homeroom.kit.encryption import can_read, encrypt
from homeroom.kit.models import Heartbeat

FORMAT = 1
BATCH = 1000
KEY_FILES = ("secret.key", "fields.key")
COMING, GOING = ".restoring", ".replaced"  # beside the files: their folder may be a disk of its own
LEFT_OUT = {"kit_cache"}  # worth nothing tomorrow
HOLDINGS = {"school_school": "school(s)", "people_person": "person(s)", "people_account": "account(s)"}


class BackupTrouble(Exception):
    """What went wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was saved or brought back."""

    file: str
    engine: str
    rows: int
    files: int
    bytes: int


def _tables() -> list[str]:
    """Every table that is saved."""
    with connection.cursor() as cursor:
        found = {table.name for table in connection.introspection.get_table_list(cursor) if table.type in {"t", "p"}}
    return sorted(found - LEFT_OUT - {"django_migrations"})


def _stored_files() -> Iterator[tuple[Path, str]]:
    root = settings.FILES
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.is_file() and not path.is_symlink() and name.parts[0] not in {COMING, GOING}:
            yield path, name.as_posix()


@contextmanager
def _new_file(target: Path) -> Iterator[Path]:
    """A file that appears under its name only when it is complete, readable by its owner only."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def backup(target: Path, *, keys: Path | None = None, progress: Callable[[str], None] = print) -> Report:
    """Save database and files to `target`, and the keys to `keys` if given, while the site goes on."""
    for path in (target, keys):
        if path is not None and path.exists():
            raise BackupTrouble(f"{path} exists already; a backup is never overwritten. Name another file.")
    if keys is not None:
        _save_keys(keys)
    count = 0
    with _new_file(target) as part:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            progress("database")
            rows = _save_sqlite(archive) if settings.SQLITE else _save_tables(archive)
            progress("files")
            for path, name in _stored_files():
                archive.write(path, f"files/{name}", compress_type=zipfile.ZIP_STORED)
                count += 1
            about = {
                "format": FORMAT,
                "version": version("homeroom"),
                "engine": connection.vendor,
                "made_at": datetime.now(UTC).isoformat(),
                "migrations": sorted(map(list, MigrationRecorder(connection).applied_migrations())),
                "rows": rows,
                "files": count,
                "key_check": encrypt("readable"),
            }
            archive.writestr("about.json", json.dumps(about, indent=1))
        size = part.stat().st_size
    return Report(str(target), connection.vendor, sum(rows.values()), count, size)


def _save_keys(target: Path) -> None:
    with _new_file(target) as part, zipfile.ZipFile(part, "w") as archive:
        archive.writestr("secret.key", "\n".join([settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]) + "\n")
        archive.writestr("fields.key", "\n".join(settings.FIELD_KEYS) + "\n")


def _save_sqlite(archive: zipfile.ZipFile) -> dict[str, int]:
    with tempfile.TemporaryDirectory(dir=settings.DATA / "tmp") as folder:
        copy = Path(folder) / "database.sqlite3"
        connection.ensure_connection()
        tables = _tables()
        with closing(sqlite3.connect(copy)) as target:
            # All pages in one step: between steps a busy site would make the copy start afresh again and again.
            connection.connection.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
            present = {row[0] for row in target.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            made = "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'"
            indexes = {row[0] for row in target.execute(made)}  # of texts: they have no rows that could be counted
            for table in LEFT_OUT & present:
                target.execute(f'DELETE FROM "{table}"')  # noqa: S608 (a name of ours)
            target.commit()
            target.execute("VACUUM")
            rows = {
                table: target.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608 (names of our tables)
                for table in tables
                if table not in indexes
            }
        archive.write(copy, "database.sqlite3")
    return rows


def _save_tables(archive: zipfile.ZipFile) -> dict[str, int]:
    rows = {}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for table in _tables():
            with connection.cursor() as cursor:
                names = [column.name for column in connection.introspection.get_table_description(cursor, table)]
            rows[table] = 0
            with archive.open(f"tables/{table}.jsonl", "w", force_zip64=True) as out:
                out.write(json.dumps(names).encode() + b"\n")
                for row in _raw_rows(table, names):
                    out.write(json.dumps([_portable(value) for value in row], ensure_ascii=False).encode() + b"\n")
                    rows[table] += 1
    return rows


def _raw_rows(table: str, names: list[str]) -> Iterator[tuple[Any, ...]]:
    """Rows as the database has them: what is encrypted stays encrypted."""
    quote = connection.ops.quote_name
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(map(quote, names))} FROM {quote(table)}")  # noqa: S608 (names of our tables)
        while batch := cursor.fetchmany(BATCH):
            yield from batch


def _portable(value: Any) -> Any:
    """A value as PostgreSQL reads it back from text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, bytes | memoryview):
        return f"\\x{bytes(value).hex()}"
    if isinstance(value, list):
        return {"array": [_portable(item) for item in value]}
    return str(value)


def _from_portable(value: Any) -> Any:
    return value["array"] if isinstance(value, dict) else value


def restore(
    source: Path, *, keys: Path | None = None, force: bool = False, progress: Callable[[str], None] = print
) -> Report:
    """Bring back what `backup` saved, into an empty installation; `force` replaces what is there.

    An archive of an older version is migrated forward. Nothing is touched before the archive was found whole.
    """
    try:
        archive = zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile) as error:
        raise BackupTrouble(f"{source} cannot be read as a backup: {error}") from None
    with archive:
        progress("checking")
        about = _check_archive(archive, source)
        held = _what_is_here()
        if held and not force:
            raise BackupTrouble(
                f"This installation is not empty: it holds {held}. Restore into a new data directory "
                "(HOMEROOM_DATA=…), or say --force to replace everything here."
            )
        if held and _is_served():
            raise BackupTrouble("The site is being served. Stop it, then restore.")
        new_keys = _read_keys(keys) if keys is not None else None
        _check_keys(about, new_keys)
        progress("database")
        if about["engine"] == "sqlite":
            _restore_sqlite(archive)
        else:
            _restore_tables(archive, about)
        if new_keys is not None:
            _write_keys(new_keys)
        progress("files")
        count = _restore_files(archive)
        progress("migrations")
        call_command("migrate", verbosity=0, interactive=False)
    return Report(str(source), about["engine"], sum(about["rows"].values()), count, source.stat().st_size)


def _check_archive(archive: zipfile.ZipFile, source: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads(archive.read("about.json"))
    except (KeyError, ValueError):
        raise BackupTrouble(f"{source} is no backup of Homeroom.") from None
    if about["format"] != FORMAT:
        raise BackupTrouble(f"{source} was made by a newer version ({about['version']}). Install that version first.")
    known = MigrationLoader(None).disk_migrations
    if unknown := [f"{app}.{name}" for app, name in about["migrations"] if (app, name) not in known]:
        raise BackupTrouble(
            f"{source} was made by version {about['version']}, which is newer than this one "
            f"(unknown here: {unknown[0]}). Install that version first."
        )
    if about["engine"] != connection.vendor:
        raise BackupTrouble(
            f"{source} was made from {about['engine']}, and DATABASE_URL names {connection.vendor}. "
            "A backup goes back into the kind of database it came from."
        )
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename)
        if path.is_absolute() or ".." in path.parts:
            raise BackupTrouble(f"{source} is no backup of Homeroom: it names {entry.filename!r}.")
    if damaged := archive.testzip():
        raise BackupTrouble(f"{source} is damaged: {damaged} does not match its checksum. Use another backup.")
    needed = dict.fromkeys((settings.DATA, settings.FILES), 0)
    for entry in archive.infolist():
        needed[settings.FILES if entry.filename.startswith("files/") else settings.DATA] += entry.file_size
    _check_room(needed)
    return about


def _check_room(needed: dict[Path, int]) -> None:
    """Refuse before anything is touched when a folder cannot take what comes."""
    place = settings.FILES
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        raise BackupTrouble(f"{place} cannot be written; FILES_URL says that the files go to {settings.FILES}.")
    together = settings.DATA.stat().st_dev == place.stat().st_dev
    sizes = [(settings.DATA, sum(needed.values()) if together else needed[settings.DATA])]
    sizes += [] if together else [(place, needed[settings.FILES])]
    for folder, size in sizes:
        free = shutil.disk_usage(folder).free
        if size * 2 > free:
            raise BackupTrouble(f"{size * 2 // 2**20} MiB are needed in {folder}, {free // 2**20} MiB are free.")


def _what_is_here() -> str:
    """What a restore would replace, in words; empty when there is nothing to lose."""
    held = []
    try:
        tables = set(_tables())
        for table, name in HOLDINGS.items():
            if table in tables:
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 (names of ours)
                    if number := cursor.fetchone()[0]:
                        held.append(f"{number} {name}")
    except DatabaseError:
        held.append("a database that cannot be read")
    if number := sum(1 for _ in _stored_files()):
        held.append(f"{number} file(s)")
    return ", ".join(held)


def _is_served() -> bool:
    try:
        beat = Heartbeat.objects.filter(name="jobs").values_list("beat_at", flat=True).first()
    except DatabaseError:
        return False
    return beat is not None and abs(timezone.now() - beat) < timedelta(seconds=25)


def _read_keys(source: Path) -> dict[str, str]:
    try:
        with zipfile.ZipFile(source) as archive:
            found = {name: archive.read(name).decode("ascii") for name in KEY_FILES}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BackupTrouble(f"{source} cannot be read as a backup of the keys: {error}") from None
    if os.environ.get("FIELD_KEYS") or os.environ.get("SECRET_KEY"):
        raise BackupTrouble("Here the keys come from SECRET_KEY and FIELD_KEYS: set those, and leave out --keys.")
    return found


def _check_keys(about: dict[str, Any], new: dict[str, str] | None) -> None:
    """Refuse when the restored phone numbers could never be read."""
    keys = new["fields.key"].split() if new is not None else settings.FIELD_KEYS
    if not can_read(about["key_check"], keys):
        which = "The keys given" if new is not None else "The keys of this installation"
        raise BackupTrouble(
            f"{which} cannot read this backup: phone numbers and addresses would be lost. "
            "Give the keys that were saved with it: --keys FILE"
        )


def _write_keys(new: dict[str, str]) -> None:
    folder = settings.DATA / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in new.items():
        with _new_file(folder / name) as part:
            part.write_text(text, encoding="ascii")


def _restore_sqlite(archive: zipfile.ZipFile) -> None:
    with tempfile.TemporaryDirectory(dir=settings.DATA / "tmp") as folder:
        copy = Path(archive.extract("database.sqlite3", folder))
        with closing(sqlite3.connect(copy)) as saved:
            if saved.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise BackupTrouble("The database in this backup is damaged. Use another backup.")
            connection.ensure_connection()
            # Into the open database rather than over its file: a reader elsewhere sees the old or the new, never a mix.
            saved.backup(connection.connection)
    connections.close_all()


def _restore_tables(archive: zipfile.ZipFile, about: dict[str, Any]) -> None:
    """Build the archive's version of the tables, fill them in one transaction."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    connections.close_all()
    executor = MigrationExecutor(connection)
    saved = {(app, name) for app, name in about["migrations"]}
    graph = executor.loader.graph
    inner = {parent.key for node in saved & set(graph.nodes) for parent in graph.node_map[node].parents}
    executor.migrate(sorted(saved & set(graph.nodes) - inner))
    quote = connection.ops.quote_name
    with transaction.atomic(), connection.cursor() as cursor:
        present = set(_tables())
        cursor.execute(f"TRUNCATE {', '.join(map(quote, sorted(present)))} CASCADE")  # rows that migrations made
        for name in archive.namelist():
            if not name.startswith("tables/"):
                continue
            table = name.removeprefix("tables/").removesuffix(".jsonl")
            with archive.open(name) as lines:
                columns = json.loads(next(lines))
                names = ", ".join(map(quote, columns))
                places = ", ".join(["%s"] * len(columns))
                insert = f"INSERT INTO {quote(table)} ({names}) OVERRIDING SYSTEM VALUE VALUES ({places})"  # noqa: S608
                while batch := [json.loads(line) for line in islice(lines, BATCH)]:
                    cursor.executemany(insert, [[_from_portable(value) for value in row] for row in batch])
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND is_identity = 'YES'"
        )
        for table, column in cursor.fetchall():
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, %s), coalesce(max({quote(column)}), 0) + 1, false) "  # noqa: S608
                f"FROM {quote(table)}",
                [quote(table), column],
            )


def _restore_files(archive: zipfile.ZipFile) -> int:
    """Unpack beside the old files, then change places: until all is there, the old ones stay."""
    place = settings.FILES
    coming, going = place / COMING, place / GOING
    for left_over in (coming, going):
        shutil.rmtree(left_over, ignore_errors=True)
    coming.mkdir(parents=True)
    going.mkdir()
    count = 0
    for entry in archive.infolist():
        if entry.filename.startswith("files/") and not entry.is_dir():
            target = coming / entry.filename.removeprefix("files/")
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out)
            count += 1
    for old in [path for path in place.iterdir() if path not in {coming, going}]:
        old.rename(going / old.name)
    for fresh in list(coming.iterdir()):
        fresh.rename(place / fresh.name)
    coming.rmdir()
    shutil.rmtree(going, ignore_errors=True)
    return count
