"""`homeroom doctor`: is this installation well, and if not, what to do."""

from __future__ import annotations

import json
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.markup import escape

from homeroom.site.doctor import examine

SIGNS = {"ok": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "error": "[red]✗[/red]"}


class Command(BaseCommand):
    help = "Check settings, database, clock, disk and more, and say how to mend what is wrong."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = examine()
        errors = sum(finding.level == "error" for finding in findings)
        warnings = sum(finding.level == "warning" for finding in findings)
        if options["json"]:
            report = {"errors": errors, "warnings": warnings, "findings": [finding.as_dict() for finding in findings]}
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            console = Console(file=cast("IO[str]", self.stdout), highlight=False, soft_wrap=True)
            for finding in findings:
                console.print(f"{SIGNS[finding.level]} [bold]{finding.about}[/bold]: {escape(finding.found)}")
                if finding.mend:
                    console.print(f"    → {finding.mend}", markup=False)
            console.print(f"\n{errors} error(s), {warnings} warning(s)")
        if errors:
            raise SystemExit(1)
