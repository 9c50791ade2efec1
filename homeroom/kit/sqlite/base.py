"""Django's SQLite backend with the fair write queue taken before each write transaction.

A transaction is always IMMEDIATE (the setting `transaction_mode`), so reads stay outside `atomic`. A single write in
autocommit queues too, for as long as its statement runs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

from .lock import FairLock, lock_for

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLAC", "insert", "update", "delete", "replac")


@lru_cache(maxsize=1000)
def _converted(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class QueueingCursor(base.SQLiteCursorWrapper):
    """A cursor whose lone writes (outside a transaction) wait their turn."""

    wrapper: DatabaseWrapper

    def convert_query(self, query: str, *, param_names: Any = None) -> str:
        """Django's, remembered: finding the parameters in a long statement takes longer than many a query."""
        return _converted(query) if param_names is None else super().convert_query(query, param_names=param_names)

    def execute(self, query: str, params: Any = None) -> Any:
        if query.startswith(WRITES) and not self.connection.in_transaction and not self.wrapper.holds_lock:
            self.wrapper.take_lock()
            try:
                return super().execute(query, params)
            finally:
                self.wrapper.give_lock()
        return super().execute(query, params)


class DatabaseWrapper(base.DatabaseWrapper):
    """Takes the file's FairLock before BEGIN and gives it back at commit, rollback or close."""

    holds_lock = False
    _lock: FairLock

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self._lock = lock_for(conn_params["database"])
        return super().get_new_connection(conn_params)

    def take_lock(self) -> None:
        """Wait for the turn to write. Raises OperationalError after the setting `timeout`."""
        timeout = float(self.settings_dict["OPTIONS"].get("timeout", 20))
        if not self._lock.acquire(timeout):
            raise OperationalError(f"database is locked: other writers of this process held it for {timeout:g} s")
        self.holds_lock = True

    def give_lock(self) -> None:
        """Let the next writer go on; nothing when the lock is not held."""
        if self.holds_lock:
            self.holds_lock = False
            self._lock.release()

    def create_cursor(self, name: str | None = None) -> Any:
        cursor = self.connection.cursor(factory=QueueingCursor)
        cursor.wrapper = self
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        self.take_lock()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self.give_lock()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]  # if it fails, Django rolls back, and that gives the lock
        self.give_lock()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self.give_lock()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self.give_lock()
