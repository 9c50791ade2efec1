"""`homeroom bench NAME …`: runs the measurements under bench/."""

from __future__ import annotations

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


def benches() -> dict[str, str]:
    """Every bench and its first line, read without importing it: a file that calls itself `homeroom bench NAME`."""
    spec = find_spec("bench")
    if spec is None or not spec.submodule_search_locations:
        return {}
    found = {}
    for file in sorted(Path(next(iter(spec.submodule_search_locations))).glob("*.py")):
        head = f"`homeroom bench {file.stem.replace('_', '-')}`"
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        if text.startswith(head):
            found[file.stem.replace("_", "-")] = text.partition("\n")[0].removeprefix(head).lstrip(": ")
    return found


class Command(BaseCommand):
    help = "Measure: one bench by name, or `all`; JSON lines, exit status 1 when a budget is missed."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Leave the arguments after the name to the bench."""
        known = benches()
        name, rest = (argv[2] if len(argv) > 2 else ""), argv[3:]
        if name == "all":
            missed = [each for each in known if each != "prepare" and self._run(each, [])]
            raise SystemExit(1 if missed else 0)
        if name in known:
            raise SystemExit(self._run(name, rest))
        self.stdout.write("homeroom bench NAME …\n")
        for each, text in known.items():
            self.stdout.write(f"  {each:<14}{text}")
        raise SystemExit(0 if name in {"", "-h", "--help"} else 2)

    def _run(self, name: str, rest: list[str]) -> int:
        return int(import_module(f"bench.{name.replace('-', '_')}").main(rest) or 0)

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("Run benches from the command line: homeroom bench NAME")
