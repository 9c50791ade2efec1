"""The `homeroom` command: our own commands first, every Django command behind the same name.

A command is a file in any module's `management/commands/`; it appears in `homeroom help` by being there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

GROUPS = {
    "Serve": ["serve", "web", "gateway", "jobs"],
    "Set up": ["run", "init", "demo", "build", "migrate"],
    "School": ["roster"],
    "Look after": ["doctor", "backup", "restore"],
    "Develop": ["messages", "bench", "test"],
}
PACKAGE = Path(__file__).resolve().parent.parent
DJANGO_COMMANDS_SHOWN = {"migrate": "Bring the database to this version's shape."}


def own_commands() -> dict[str, str]:
    """Our commands: name to the module it lives in."""
    found = {}
    for file in PACKAGE.glob("*/management/commands/*.py"):
        if not file.stem.startswith("_"):
            found[file.stem] = file.parents[2].name
    return dict(sorted(found.items()))


def _help_lines() -> dict[str, str]:
    import django
    from django.core.management import load_command_class

    django.setup()
    lines = dict(DJANGO_COMMANDS_SHOWN)
    for name, module in own_commands().items():
        text = load_command_class(f"homeroom.{module}", name).help
        lines[name] = str(text).strip().partition("\n")[0]
    return lines


def print_help() -> None:
    """Print our commands by group, one line each."""
    from rich.console import Console
    from rich.table import Table

    lines = _help_lines()
    console = Console(highlight=False)
    console.print(
        "\n[bold]homeroom[/bold] COMMAND [dim]…[/dim]      [dim]homeroom COMMAND --help for one command[/dim]\n"
    )
    placed = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, "More": [name for name in lines if name not in placed]}
    for title, names in groups.items():
        rows = [(name, lines[name]) for name in names if name in lines]
        if not rows:
            continue
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
        table.add_column(min_width=12, style="cyan", no_wrap=True)
        table.add_column()
        for name, text in rows:
            table.add_row(f"  {name}", text)
        console.print(f"[bold]{title}[/bold]")
        console.print(table)
        console.print()
    console.print("[dim]Django's own commands work too: homeroom help --commands[/dim]\n")


def main(argv: list[str] | None = None) -> None:
    """Entry point of the `homeroom` script."""
    arguments = list(sys.argv if argv is None else argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "homeroom.site.settings")
    from django.core.exceptions import ImproperlyConfigured

    try:
        if len(arguments) == 1 or arguments[1:] in (["help"], ["--help"], ["-h"]):
            print_help()
            return
        from django.core.management import execute_from_command_line

        execute_from_command_line(["homeroom", *arguments[1:]])
    except ImproperlyConfigured as wrong:
        sys.stderr.write(f"homeroom: the settings cannot be used: {wrong}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
