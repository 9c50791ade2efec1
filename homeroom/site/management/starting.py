"""What the serving commands share: where to listen, and what must be right before anything listens."""

from __future__ import annotations

import ipaddress
import socket
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000


def add_address(parser: CommandParser, port: int = DEFAULT_PORT) -> None:
    """`--host` and `--port`."""
    parser.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (%(default)s; 0.0.0.0 for all)")
    parser.add_argument("--port", type=int, default=port, help="port to listen on (%(default)s; 0 for any free one)")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`; a name that cannot be looked up here may be known elsewhere."""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except socket.gaierror:
        return False
    return all(ipaddress.ip_address(address).is_loopback for address in found)


def is_demo() -> bool:
    """Whether the database holds the invented school: a mark in the database, not a setting."""
    if find_spec("homeroom.demo.public") is None:
        return False
    return bool(import_module("homeroom.demo.public").is_demo())


def check_database() -> None:
    """Refuse to start on a database that is not there or not of this version."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise CommandError(f"The database cannot be used: {error}. `homeroom doctor` says more.") from None
    if pending:
        raise CommandError(
            f"The database is {len(pending)} migration(s) behind. Make a backup, then run: homeroom migrate"
        )


def check_demo(host: str, options: dict[str, Any]) -> None:
    """Refuse to show the invented school to others: in it anyone may become anyone, and write to any address.

    It is shown to others when it listens on an outer address, or stands behind a proxy under a public one.
    """
    outer = next((name for name in (host, urlsplit(settings.PUBLIC_URL).hostname or "") if not is_loopback(name)), "")
    if not outer or not is_demo():
        return
    if not options["demo_public"]:
        raise CommandError(
            f"This database holds the invented school, where anyone may become any person, and {outer} can be reached "
            "from outside. Serve it on 127.0.0.1, or say --demo-public if that is meant."
        )
    if settings.EMAIL_URL:
        raise CommandError(
            "Visitors of the invented school could send mail to anybody through EMAIL_URL. Leave it empty to show the "
            "school to others."
        )


def add_demo_public(parser: CommandParser) -> None:
    """`--demo-public`."""
    parser.add_argument(
        "--demo-public", action="store_true", help="show the invented school to others; anyone may become any person"
    )
