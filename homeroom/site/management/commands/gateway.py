"""`homeroom gateway`: only the live sockets, for an installation with several processes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from homeroom.site import server
from homeroom.site.management.starting import add_address, add_demo_public, check_database, check_demo


class Command(BaseCommand):
    help = "Serve only the live sockets under /socket; run `web` and `jobs` beside it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_address(parser, port=8001)
        add_demo_public(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        check_database()
        check_demo(options["host"], options)
        connections.close_all()
        try:
            server.run(options["host"], options["port"], threads=0, pages=False)
        except OSError as error:
            raise CommandError(f"Cannot listen on {options['host']}:{options['port']}: {error.strerror}") from None
