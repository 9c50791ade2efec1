"""`homeroom run`: what `make run` calls."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from homeroom.school.models import School
from homeroom.site.management.starting import add_address, add_demo_public, is_demo


class Command(BaseCommand):
    help = "Do what is still missing (assets, database, an invented school), then serve."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_address(parser)
        add_demo_public(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("build", stdout=io.StringIO())  # skips by itself what has not changed
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self._step("Preparing the database", "migrate", "--verbosity", "0")
        if not School.objects.exists():
            self._step("Inventing a school", "demo")
        elif is_demo():
            call_command("demo")  # makes nothing, and says again whom to sign in as
        call_command("serve", host=options["host"], port=options["port"], demo_public=options["demo_public"])

    def _step(self, title: str, *command: str) -> None:
        """In a process of its own, so that the serving one starts small."""
        self.stdout.write(f"{title} …")
        self.stdout.flush()
        if subprocess.run([sys.executable, "-m", "homeroom.site.cli", *command], check=False).returncode:
            raise CommandError(f"`homeroom {command[0]}` failed; `homeroom doctor` may say why.")
