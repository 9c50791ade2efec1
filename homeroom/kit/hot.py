"""Hot endpoints: reads asked so often that they are answered before Django's middleware, from raw SQL.

A handler answers the ordinary case only, and gives None whenever anything is out of the ordinary: then the request goes
its usual way, to the plain endpoint of the same address that does the same. So nothing is decided here alone. A handler
writes nothing: all of them run on one thread, which must not wait for the database's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http.request import split_domain_port, validate_host
from prometheus_client import Counter

ANSWERED = Counter("homeroom_hot_answers_total", "Requests answered before the middleware", ["path"])
HEADERS = [
    ("Content-Type", "application/json; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Vary", "Cookie"),
]
Handler = Callable[[str, str], "bytes | None"]  # (session key, query string) → the body

_handlers: dict[str, Handler] = {}


def register_hot(path: str, handler: Handler) -> None:
    """Answer GET `path` with `handler(session key, query string)` whenever it can."""
    _handlers[path] = handler


def takes(environ: dict[str, Any]) -> bool:
    """Whether `answer` can have anything to say."""
    return environ["PATH_INFO"] in _handlers and environ["REQUEST_METHOD"] == "GET"


def answer(environ: dict[str, Any]) -> bytes | None:
    """The body for this request, or None: then it goes its usual way."""
    handler = _handlers.get(environ["PATH_INFO"])
    if handler is None or environ["REQUEST_METHOD"] != "GET" or connection.in_atomic_block:
        return None
    key = _session_key(environ.get("HTTP_COOKIE", ""))
    if not key or not _is_ours(environ.get("HTTP_HOST", ""), tuple(settings.ALLOWED_HOSTS)):
        return None
    try:
        body = handler(key, environ.get("QUERY_STRING", ""))
    except DatabaseError:  # a connection that broke: the usual way opens a new one, or tells the trouble
        connection.close_if_unusable_or_obsolete()
        return None
    if body is not None:
        ANSWERED.labels(environ["PATH_INFO"]).inc()
    return body


@lru_cache(maxsize=64)
def _is_ours(host: str, allowed: tuple[str, ...]) -> bool:
    domain, _port = split_domain_port(host.lower())
    return bool(domain) and validate_host(domain, allowed)


def _session_key(cookies: str) -> str:
    name = settings.SESSION_COOKIE_NAME
    if f"{name}=" not in cookies:
        return ""
    for part in cookies.split(";"):
        key, _equals, value = part.strip().partition("=")
        if key == name:
            if not value.startswith('"'):
                return value
            try:
                return SimpleCookie(part)[name].value
            except (CookieError, KeyError):
                return ""
    return ""
