"""Logs: structlog, one JSON object a line (or coloured text on a terminal), each with the request's id.

A line never carries names, phone numbers, query strings or raw paths (a path can be an invitation): a request is
logged by its route. Digits in messages and tracebacks that could be a phone or ID number are masked, because a
database's own error text repeats the value it refused.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured

LONG_NUMBER = re.compile(r"\d{7,}[\dXx]?")
QUOTED_VALUE = re.compile(r"(Key \([^)]*\)=)\([^)]*\)")  # PostgreSQL: Key (phone)=(…) already exists
NUMBERS_ARE_OURS = {"timestamp", "request_id", "level", "logger", "ms", "bytes"}


def _masked(text: str) -> str:
    return LONG_NUMBER.sub("…", QUOTED_VALUE.sub(r"\1(…)", text))


def mask_personal(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Mask what could be personal in every text of a log line."""
    for key, value in event.items():
        if isinstance(value, str) and key not in NUMBERS_ARE_OURS:
            event[key] = _masked(value)
    return event


def configuration(style: str, level: str) -> dict[str, Any]:
    """The setting LOGGING for `style` json, console or auto (console on a terminal)."""
    if style not in {"auto", "json", "console"}:
        raise ImproperlyConfigured("LOG_FORMAT must be auto, json or console")
    if style == "auto":
        style = "console" if sys.stderr.isatty() else "json"
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(allow=["status", "ms", "route", "method"]),
    ]
    structlog.configure(
        processors=[*shared[:4], structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    last: list[Any] = [structlog.processors.format_exc_info, mask_personal]
    if style == "json":
        last.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    else:
        last.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    quiet = {"level": "WARNING"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Our own middleware logs every request with its status; Django would log the raw path beside it.
            "django": {"level": "INFO", "handlers": [], "propagate": True},
            "django.request": {"level": "CRITICAL"},
            "django.server": {"level": "CRITICAL"},
            "django.security": {"level": "CRITICAL"},
            "uvicorn": quiet,
            "uvicorn.error": quiet,
            "huey": quiet,
            "axes": quiet,
            "asyncio": quiet,
        },
    }
