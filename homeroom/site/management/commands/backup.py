"""`homeroom backup FILE`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from homeroom.site.backups import BackupTrouble, backup


class Command(BaseCommand):
    help = "Save the database and the files to FILE while the site goes on; the keys apart."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the archive to make (.zip); never overwritten")
        parser.add_argument("--keys", type=Path, help="also save the keys to this file; keep it in another place")
        parser.add_argument("--json", action="store_true", help="report for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        with Console(stderr=True).status("saving …") as status:
            try:
                report = backup(
                    options["file"], keys=options["keys"], progress=lambda part: status.update(f"saving: {part} …")
                )
            except (BackupTrouble, OSError) as trouble:
                raise CommandError(str(trouble)) from None
        if options["json"]:
            self.stdout.write(json.dumps(asdict(report)))
            return
        size = f"{report.bytes / 2**20:.1f} MiB"
        self.stdout.write(f"Saved {report.rows} rows and {report.files} files to {report.file} ({size}).")
        if options["keys"]:
            self.stdout.write(f"Saved the keys to {options['keys']}. Keep it apart from the backup.")
        else:
            self.stdout.write("The keys are not in it: save them once with --keys FILE and keep that apart.")
