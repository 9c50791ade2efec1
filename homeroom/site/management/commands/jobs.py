"""`homeroom jobs`: only the jobs, for an installation with several processes."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from homeroom.site.management.starting import check_database
from homeroom.site.server import FINISH_WITHIN

log = structlog.get_logger("homeroom.server")


class Command(BaseCommand):
    help = "Run only the jobs: sending, reminding, tidying up."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workers", type=int, default=1, help="jobs run at the same time (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        from homeroom.site.runner import Runner

        check_database()
        connections.close_all()
        runner = Runner(workers=options["workers"])
        asked = threading.Event()

        def stop(signum: int, _frame: FrameType | None) -> None:
            if asked.is_set():
                os._exit(128 + signum)
            asked.set()
            runner.ask_to_stop()

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        runner.start()
        log.info("running jobs", workers=options["workers"])
        asked.wait()
        log.info("stopping")
        runner.stop(FINISH_WITHIN)
        log.info("stopped")
