"""How processes tell each other: of commits (PostgreSQL's own notifications, or Redis) and of hints.

A notification is part of PostgreSQL's transaction, so it arrives with the commit and in the order of commits. With
REDIS_URL the committing process publishes afterwards. SQLite needs neither: the source sees that the file has changed.
Whenever the line was down, the source is asked to compare every stream with the table.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections

from homeroom.eventlog.public import NOTIFY_CHANNEL

if TYPE_CHECKING:
    import redis  # at run time only where it is used: it takes a third of a second, and most installations have none

log = logging.getLogger(__name__)

HINT_CHANNEL = "homeroom_hints"
LONGEST_HINT = 7_000  # bytes; PostgreSQL carries 8,000
STREAMS_A_NOTE = 300  # of at most 21 characters
_HERE = uuid.uuid4().hex  # so that a process ignores its own hints

OnEvent = Callable[[int], None]
OnLog = Callable[[Sequence[str]], None]
OnHint = Callable[[Sequence[str], bytes | None], None]


def publish_event(event_id: int) -> None:
    """Tell other processes of a commit. PostgreSQL has done it in the transaction."""
    if settings.REDIS_URL:
        import redis

        try:
            _redis().publish(NOTIFY_CHANNEL, str(event_id))
        except redis.RedisError:
            log.warning("redis does not answer: other gateways will see event %s when they come back", event_id)


def notify_log(streams: Collection[str]) -> None:
    """In the transaction that writes to these streams of logs: listeners get it at the commit, or never."""
    if settings.REDIS_URL or connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for text in _pieces(streams):
            cursor.execute("SELECT pg_notify(%s, %s)", [NOTIFY_CHANNEL, text])


def publish_log(streams: Collection[str]) -> None:
    """Tell other processes after the commit, where Redis does it."""
    if settings.REDIS_URL:
        import redis

        try:
            for text in _pieces(streams):
                _redis().publish(NOTIFY_CHANNEL, text)
        except redis.RedisError:
            log.warning("redis does not answer: other gateways will see new rows when they come back")


def _pieces(streams: Collection[str]) -> list[str]:
    """Stream keys in texts a notification can carry."""
    keys = list(streams)
    return [",".join(keys[start : start + STREAMS_A_NOTE]) for start in range(0, len(keys), STREAMS_A_NOTE)]


def publish_hint(keys: Sequence[str], payload: bytes | None) -> None:
    """Tell other processes of a hint; None: these topics have changed. May be lost, as hints may."""
    if not settings.REDIS_URL and connection.vendor != "postgresql":
        return
    message = json.dumps([_HERE, list(keys), payload.decode() if payload is not None else None])
    if len(message) > LONGEST_HINT:
        return
    if settings.REDIS_URL:
        import redis

        try:
            _redis().publish(HINT_CHANNEL, message)
        except redis.RedisError:
            log.warning("redis does not answer: a hint is lost")
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [HINT_CHANNEL, message])


_client: redis.Redis | None = None


def _redis() -> redis.Redis:
    import redis

    global _client  # noqa: PLW0603
    if _client is None:
        _client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    return _client


class Bus:
    """Listens on a thread of its own until stopped."""

    def __init__(self, on_event: OnEvent, on_log: OnLog, on_hint: OnHint, on_reconnect: Callable[[], None]) -> None:
        self._on_event = on_event
        self._on_log = on_log
        self._on_hint = on_hint
        self._on_reconnect = on_reconnect
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        listen = self._listen_redis if settings.REDIS_URL else self._listen_postgresql
        if settings.REDIS_URL or connection.vendor == "postgresql":
            self._thread = threading.Thread(target=self._keep, args=(listen,), name="gateway-bus", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(5)

    def _keep(self, listen: Callable[[], None]) -> None:
        pause = 0.2
        while not self._stopping.is_set():
            try:
                listen()
                pause = 0.2
            except Exception:
                log.exception("the line to other processes broke; connecting again")
                self._stopping.wait(pause)
                pause = min(pause * 2, 10.0)

    def _listen_postgresql(self) -> None:
        own = connections[DEFAULT_DB_ALIAS].copy()
        try:
            own.ensure_connection()
            line = cast("Any", own.connection)
            line.autocommit = True
            line.execute(f"LISTEN {NOTIFY_CHANNEL}")
            line.execute(f"LISTEN {HINT_CHANNEL}")
            self._on_reconnect()
            while not self._stopping.is_set():
                for note in line.notifies(timeout=1.0):
                    self._heard(note.channel, note.payload)
                    if self._stopping.is_set():
                        break
        finally:
            own.close()

    def _listen_redis(self) -> None:
        import redis

        with redis.Redis.from_url(settings.REDIS_URL, health_check_interval=20) as client, client.pubsub() as line:
            line.subscribe(NOTIFY_CHANNEL, HINT_CHANNEL)
            self._on_reconnect()
            while not self._stopping.is_set():
                message = line.get_message(ignore_subscribe_messages=True, timeout=1.0)
                if message is not None:
                    self._heard(message["channel"].decode(), message["data"].decode())

    def _heard(self, channel: str, text: str) -> None:
        if channel == NOTIFY_CHANNEL:
            if text.isdigit():
                self._on_event(int(text))
            else:
                self._on_log(text.split(","))
            return
        sender, keys, payload = json.loads(text)
        if sender != _HERE:
            self._on_hint(keys, None if payload is None else payload.encode())
