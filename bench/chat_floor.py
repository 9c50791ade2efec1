"""The floor of `homeroom bench chat`: the same rows into the same tables by bare sqlite3, and what a commit costs."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import time
import uuid
from pathlib import Path

from bench.chat_load import TEXT

INSERT = (
    "INSERT INTO conversations_message (uuid, school_id, conversation_id, number, author_id, text, client_key,"
    " has_files, sent_at, changed_number, withdrawn_reason) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, 0, '')"
)
COUNT_UP = "UPDATE conversations_conversation SET last_number = ?, last_message_at = ? WHERE id = ?"
OWN_READ = (
    "UPDATE conversations_membership SET read_number = ?"
    " WHERE conversation_id = ? AND person_id = ? AND left_at IS NULL"
)
AT = "2026-11-23 09:00:00.000000"


class Floor:
    """A copy of an installation's database, opened as the product opens it."""

    def __init__(self, data: Path, folder: Path) -> None:
        folder.mkdir()
        for file in data.glob("homeroom.db*"):
            shutil.copy(file, folder)
        self.connection = sqlite3.connect(folder / "homeroom.db", isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute("PRAGMA foreign_keys = ON")
        self._places = itertools.cycle(
            self.connection.execute(
                "SELECT c.id, c.school_id, m.person_id FROM conversations_membership m"
                " JOIN conversations_conversation c ON c.id = m.conversation_id WHERE m.can_speak"
            ).fetchall()
        )
        self._numbers: dict[int, int] = dict(
            self.connection.execute("SELECT id, last_number FROM conversations_conversation").fetchall()
        )

    def commit(self, count: int) -> None:
        """So many messages in one durable commit: rows, indexes, counters, the authors' own reading."""
        rows, last, own = [], {}, {}
        for place, school, author in itertools.islice(self._places, count):
            number = self._numbers[place] = self._numbers[place] + 1
            rows.append((uuid.uuid4().hex, school, place, number, author, TEXT, uuid.uuid4().hex, AT))
            last[place] = number
            own[place, author] = number
        run = self.connection
        run.execute("BEGIN IMMEDIATE")
        run.executemany(INSERT, rows)
        run.executemany(COUNT_UP, [(number, AT, place) for place, number in last.items()])
        run.executemany(OWN_READ, [(number, place, author) for (place, author), number in own.items()])
        run.execute("COMMIT")

    def rate(self, batch: int, seconds: float) -> float:
        """Messages a second, so many in one commit."""
        done = 0
        started = time.perf_counter()
        while time.perf_counter() - started < seconds:
            self.commit(batch)
            done += batch
        return done / (time.perf_counter() - started)

    def lone(self, count: int) -> list[float]:
        """How long each of so many commits of one message took, in seconds."""
        took = []
        for _one in range(count):
            started = time.perf_counter()
            self.commit(1)
            took.append(time.perf_counter() - started)
        return took
