"""Modules meet only at their front doors, and the layers hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import grimp

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "homeroom"
FRONT_DOORS = {"public", "events"}
SHARED = {"people.models", "school.models", "people.requests"}  # the vocabulary every module speaks


def test_modules_meet_only_at_their_front_doors():
    graph = grimp.build_graph("homeroom")
    trespasses = []
    for importer in sorted(graph.modules):
        if {"tests", "conftest", "migrations"} & set(importer.split(".")):
            continue
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            home = importer.split(".")[1:2]
            other, door = [*imported.split("."), "", ""][1:3]
            if home in ([other], ["site"], ["demo"]) or other in {"kit", "ui"}:
                continue
            if door not in FRONT_DOORS and f"{other}.{door}" not in SHARED:
                trespasses.append(f"{importer} -> {imported}")
    assert trespasses == []


def test_a_module_imports_only_what_is_listed_below_it():
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache"], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_graph_sees_every_import():
    """The two checks above cannot see `apps.get_model` or an import by name, so no module reaches another that way.

    A channel of delivery is named by a setting and imported by that name: it is a folder of delivery itself.
    """
    hidden = []
    for file in PACKAGE.rglob("*.py"):
        parts = file.relative_to(PACKAGE).parts
        if {"migrations", "tests"} & set(parts) or parts[0] == "site" or parts[:2] == ("delivery", "channels"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in {"get_model", "__import__"} or (name == "import_module" and parts[0] not in {"kit", "ui"}):
                hidden.append(f"{file.relative_to(PROJECT)}:{node.lineno} {name}")
    assert hidden == []
