"""`homeroom serve`: everything one school needs, in one process."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from homeroom.site import server
from homeroom.site.management.starting import add_address, add_demo_public, check_database, check_demo, is_demo


class Command(BaseCommand):
    help = "Serve everything from one process: pages, live sockets and jobs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_address(parser)
        add_demo_public(parser)
        parser.add_argument("--threads", type=int, default=settings.WEB_THREADS, help="threads for pages (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        check_demo(options["host"], options)
        kind = "the invented school" if is_demo() else "the school"
        connections.close_all()
        try:
            self.stdout.write(f"Serving {kind} on http://{options['host']}:{options['port']} — Ctrl+C stops it.")
            server.run(options["host"], options["port"], threads=options["threads"], jobs=1)
        except OSError as error:
            raise CommandError(f"Cannot listen on {options['host']}:{options['port']}: {error.strerror}") from None
