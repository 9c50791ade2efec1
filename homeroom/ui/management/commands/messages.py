"""`homeroom messages`: the words on screen."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from homeroom.ui import messages


class Command(BaseCommand):
    help = "Collect, check and compile the words on screen (update, check, compile)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["update", "check", "compile"])
        parser.add_argument("modules", nargs="*", help="modules, such as notices (default: all)")
        parser.add_argument("--json", action="store_true", help="report for machines")

    def handle(self, *args: Any, what: str, modules: list[str], **options: Any) -> None:
        """Do one of the three to the named modules."""
        unknown = set(modules) - set(messages.modules())
        if unknown:
            raise CommandError(f"No such module: {', '.join(sorted(unknown))}")
        chosen = modules or messages.modules()
        if what == "compile":
            changed = messages.compile_all()
            self._say(options, {"changed": changed}, f"{changed} catalogues compiled")
        elif what == "update":
            missing = {module: sum(messages.update(module).values()) for module in chosen}
            lines = [f"{module}: {count} to translate" for module, count in missing.items() if count]
            self._say(options, {"missing": missing}, "\n".join(lines) or "Everything is translated")
        else:
            faults = [fault for module in chosen for fault in messages.check(module)]
            report = [
                {"module": f.module, "language": f.language, "msgid": f.msgid, "reason": f.reason} for f in faults
            ]
            self._say(options, {"faults": report}, "\n".join(map(str, faults)) or "Complete")
            if faults:
                raise CommandError(f"{len(faults)} messages need work", returncode=1)

    def _say(self, options: dict[str, Any], data: dict[str, Any], text: str) -> None:
        self.stdout.write(json.dumps(data, ensure_ascii=False) if options["json"] else text)
