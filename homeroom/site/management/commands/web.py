"""`homeroom web`: only the pages, for an installation with several processes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from homeroom.site import server
from homeroom.site.management.starting import add_address, add_demo_public, check_database, check_demo


class Command(BaseCommand):
    help = "Serve only pages and the API; run `gateway` and `jobs` beside it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_address(parser)
        add_demo_public(parser)
        parser.add_argument("--threads", type=int, default=settings.WEB_THREADS, help="threads for pages (%(default)s)")
        parser.add_argument("--server", choices=["granian", "own"], default="granian", help="(%(default)s)")
        parser.add_argument("--workers", type=int, default=1, help="granian processes; more than one needs PostgreSQL")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        check_database()
        check_demo(host, options)
        connections.close_all()
        if options["server"] == "own":
            try:
                server.run(host, port, threads=options["threads"], gateway=False)
            except OSError as error:
                raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}") from None
            return
        if options["workers"] > 1 and settings.SQLITE:
            raise CommandError("Several processes would fight for SQLite's write lock: use PostgreSQL.")
        from granian import Granian
        from granian.constants import Interfaces
        from granian.http import HTTP1Settings

        Granian(
            "homeroom.site.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=options["workers"],
            blocking_threads=options["threads"],
            blocking_threads_idle_timeout=600,
            backpressure=options["threads"] * 32,
            websockets=False,
            http1_settings=HTTP1Settings(header_read_timeout=int(server.HEADERS_WITHIN * 1000)),
            workers_kill_timeout=server.FINISH_WITHIN,
            respawn_failed_workers=True,
            log_enabled=False,
        ).serve()
