"""The packs: words as data files beside this module, one for each source of rules."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from .categories import CATEGORIES
from .matching import Checker, Rule, Wordlist


@dataclass(frozen=True, slots=True)
class Pack:
    name: str
    version: str
    lists: tuple[Wordlist, ...]
    patterns: tuple[tuple[Rule, re.Pattern[str]], ...]


def read(text: str) -> Pack:
    """A pack from the text of its file. Raises ValueError for a category nobody knows or a broken expression."""
    given = tomllib.loads(text)
    lists = [
        Wordlist(_rule(entry["category"]), entry["words"], entry.get("allowed", "")) for entry in given.get("lists", [])
    ]
    patterns = [(_rule(entry["category"]), re.compile(entry["regex"])) for entry in given.get("patterns", [])]
    return Pack(given["name"], given["version"], tuple(lists), tuple(patterns))


def _rule(key: str) -> Rule:
    if key not in CATEGORIES:
        raise ValueError(f"{key!r} is no category")
    category = CATEGORIES[key]
    return Rule(key, category.label, category.why, category.usual, by_staff=category.by_staff)


@lru_cache(maxsize=1)
def packs() -> tuple[Pack, ...]:
    """Every pack there is."""
    folder = files(__package__) / "packs"
    return tuple(
        read(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml")
    )


@lru_cache(maxsize=1)
def checker() -> Checker:
    """One for the words of all packs, made once in a process."""
    every: Iterable[Pack] = packs()
    return Checker([part for pack in every for part in pack.lists], [one for pack in every for one in pack.patterns])


@lru_cache(maxsize=1)
def counts() -> dict[str, int]:
    """How many words each category has."""
    found: dict[str, int] = {}
    for pack in packs():
        for part in pack.lists:
            words = sum(1 for line in part.words.splitlines() if line.strip())
            found[part.rule.key] = found.get(part.rule.key, 0) + words
    return found
