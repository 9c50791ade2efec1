"""`homeroom restore FILE`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from homeroom.site.backups import BackupTrouble, restore


class Command(BaseCommand):
    help = "Bring a backup back into an empty installation, and migrate it to this version."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="an archive made by homeroom backup")
        parser.add_argument("--keys", type=Path, help="the keys saved with it")
        parser.add_argument("--force", action="store_true", help="replace everything that is here")
        parser.add_argument("--json", action="store_true", help="report for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        with Console(stderr=True).status("restoring …") as status:
            try:
                report = restore(
                    options["file"],
                    keys=options["keys"],
                    force=options["force"],
                    progress=lambda part: status.update(f"restoring: {part} …"),
                )
            except (BackupTrouble, OSError) as trouble:
                raise CommandError(str(trouble)) from None
        if options["json"]:
            self.stdout.write(json.dumps(asdict(report)))
        else:
            self.stdout.write(f"Restored {report.rows} rows and {report.files} files.")
