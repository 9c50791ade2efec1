"""What the files of the project look like."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "homeroom"
LONGEST = 500
# Longer ones and the length none of them may pass; each is asking to become a folder. (app.css is one cascade.)
MAY_BE_LONG = {
    "homeroom/notices/services.py": 600,
    "homeroom/ui/static/ui/app.css": 700,
}
# What a module offers to templates of those above it: the first page shows delivery's cards without a second request.
OFFERED = {"delivery/card.html", "delivery/chips.html", "delivery/more.html"}
REFERS = re.compile(r"""{%-?\s*(?:extends|include|import|from)\s+["']([^"']+)["']""")
FROM_A_MACHINE = re.compile(r"(?<![\w.])/(?:work|home/\w+|Users/\w+|root)/", re.IGNORECASE)
TEXT = {".py", ".html", ".js", ".css", ".md", ".toml", ".txt", ".json", ".yaml", ".yml", ".sh", ".c", ".cfg", ".po", ""}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, timeout=30, check=False
    )
    if listed.returncode:  # a source archive has no history: what is there is what is tracked
        return [p for p in PROJECT.rglob("*") if p.is_file() and not {".venv", "node_modules", "var"} & set(p.parts)]
    return [PROJECT / name for name in listed.stdout.split("\0") if name and (PROJECT / name).is_file()]


def ours(*suffixes: str) -> list[Path]:
    return [file for file in tracked() if file.suffix in suffixes and "vendor" not in file.parts]


def test_no_file_is_past_what_one_person_reads_at_once():
    long = {}
    for file in ours(".py", ".js", ".css"):
        name = file.relative_to(PROJECT).as_posix()
        if "migrations" in file.parts:
            continue
        lines = len(file.read_text(encoding="utf-8").splitlines())
        if lines > MAY_BE_LONG.get(name, LONGEST):
            long[name] = lines
    assert long == {}


def test_every_module_says_what_it_is():
    silent = []
    for file in ours(".py"):
        if "migrations" in file.parts:
            continue
        text = file.read_text(encoding="utf-8")
        if text.strip() and not ast.get_docstring(ast.parse(text)):
            silent.append(file.relative_to(PROJECT).as_posix())
    assert silent == []


def test_every_homeroom_module_says_what_its_words_mean():
    for folder in PACKAGE.iterdir():
        if (folder / "models.py").exists():
            assert len(ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or "") > 60, (
                folder.name
            )


def test_a_template_names_only_its_own_module_or_ui():
    strays = []
    for file in ours(".html"):
        parts = file.relative_to(PROJECT).parts
        if parts[0] != "homeroom" or "templates" not in parts:
            continue
        for name in REFERS.findall(file.read_text(encoding="utf-8")):
            if name.split("/")[0] not in {parts[1], "ui"} and name not in OFFERED:
                strays.append(f"{file.relative_to(PROJECT)} names {name}")
    assert strays == []


def test_nothing_of_a_developers_machine_is_in_the_project():
    found = []
    for file in tracked():
        if file.suffix not in TEXT or file.name in {"uv.lock", "package-lock.json"} or file == Path(__file__):
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if FROM_A_MACHINE.search(line):
                found.append(f"{file.relative_to(PROJECT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_nothing_is_left_for_later_in_silence():
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    left = [
        f"{file.relative_to(PROJECT)}:{number}"
        for file in ours(".py", ".js", ".css", ".html")
        if file != Path(__file__)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert left == []
