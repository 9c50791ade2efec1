"""`homeroom build`: everything the browser loads."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from homeroom.ui import messages
from homeroom.ui.static import PACKAGE

PROJECT = PACKAGE.parent
VENDOR = PACKAGE / "ui" / "static" / "vendor"
# What pages load from npm: file in node_modules → file under static/vendor.
ASSETS = {"htmx.org/dist/htmx.min.js": "htmx/htmx.min.js"}


class Command(BaseCommand):
    help = "Build what the browser loads: npm assets, message catalogues, hashed and compressed static files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="build even when nothing has changed")
        parser.add_argument("--json", action="store_true", help="report for machines")

    def handle(self, *args: Any, force: bool, **options: Any) -> None:
        """Copy, compile, collect; the collecting is left out when no source has changed since the last time."""
        self._copy_assets()
        compiled = messages.compile_all()
        mark, stamp = Path(settings.STATIC_ROOT) / ".built", self._stamp()
        fresh = not force and mark.exists() and mark.read_text(encoding="ascii") == stamp
        if not fresh:
            mark.unlink(missing_ok=True)
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(stamp, encoding="ascii")
        report = {"catalogues": compiled, "static": "unchanged" if fresh else "built"}
        text = "Static files are up to date" if fresh else "Static files built"
        self.stdout.write(json.dumps(report) if options["json"] else text)

    def _copy_assets(self) -> None:
        source = PROJECT / "node_modules"
        if not all((source / asset).exists() for asset in ASSETS):
            if all((VENDOR / asset).exists() for asset in ASSETS.values()):
                return  # an installed package carries them already
            npm = shutil.which("npm")
            if npm is None:
                raise CommandError("npm is needed once to fetch the browser's files: install Node 20 or newer")
            done = subprocess.run([npm, "ci", "--omit=dev", "--no-audit", "--no-fund"], cwd=PROJECT, check=False)
            if done.returncode:
                raise CommandError("npm could not fetch the browser's files; see its message above")
        for asset, target in ASSETS.items():
            copy = VENDOR / target
            content = (source / asset).read_bytes()
            if not copy.exists() or copy.read_bytes() != content:
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(content)

    def _stamp(self) -> str:
        """Changes when any static source, or the way they are stored, does."""
        digest = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
        for path in sorted(PACKAGE.glob("*/static/**/*")):
            if path.is_file():
                digest.update(f"{path.relative_to(PACKAGE)}:".encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()
