"""From text to tokens."""

from __future__ import annotations

import re
import unicodedata

TEXT_AT_MOST = 20_000
QUERY_AT_MOST = 60
_RUN = re.compile(r"[^\W_]+")  # letters, digits and characters of any script; SQLite takes _ for a gap


def normal(text: str) -> str:
    """One width, one case, single spaces: what is compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def tokens_of(text: str) -> list[str]:
    """Every character and every two neighbouring ones of each run of letters, in order of first appearance."""
    found: dict[str, None] = {}
    for run in _RUN.findall(text):
        for position, character in enumerate(run):
            found[character] = None
            if position + 1 < len(run):
                found[run[position : position + 2]] = None
    return list(found)


def words_of(query: str) -> list[str]:
    """The words asked for, each of which must occur; without letters or digits there are none."""
    return [word for word in normal(query[:QUERY_AT_MOST]).split() if _RUN.search(word)]


def wanted(words: list[str]) -> list[str]:
    """The tokens that must all be there: pairs, and single characters only for words of one."""
    found: dict[str, None] = {}
    for word in words:
        for run in _RUN.findall(word):
            if len(run) == 1:
                found[run] = None
            for position in range(len(run) - 1):
                found[run[position : position + 2]] = None
    return list(found)
