"""Finding words in a text: longest match, with words that are always allowed."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind
from django.utils.functional import Promise

from .categories import WEIGHT, Action
from .folding import folded, has_runs, places, without_runs

SHORTEST = 2  # a single character stands in too many innocent words
_LATIN = re.compile(r"[0-9a-z]")
LATIN_WITH_GAPS = 4  # shorter ones, spelt with gaps, are found in any English sentence


@dataclass(frozen=True, slots=True)
class Rule:
    """What a word breaks. `key` is the category, or `own:<list>` for a school's list."""

    key: str
    label: str | Promise
    why: str | Promise
    action: Action
    by_staff: bool = False


@dataclass(frozen=True, slots=True)
class Wordlist:
    """Entries one a line, ways of writing one word parted by bars; `allowed` are longer innocent words."""

    rule: Rule
    words: str
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """`text[start:end]` is what was typed. `veiled`: found only by closing gaps or runs."""

    start: int
    end: int
    typed: str
    rule: Rule
    veiled: bool = False

    def under(self, action: Action) -> Hit:
        """The same hit where the school decided otherwise about its category."""
        return replace(self, rule=replace(self.rule, action=action))

    @property
    def action(self) -> Action:
        """What is found only by closing gaps is never refused by itself: a sentence may have meant no harm."""
        return Action.HOLD if self.veiled and self.rule.action == Action.REFUSE else self.rule.action


class Checker:
    """The words of some lists, ready to be looked for. It never changes, so any number of threads may use it."""

    def __init__(self, lists: Sequence[Wordlist], patterns: Sequence[tuple[Rule, re.Pattern[str]]] = ()) -> None:
        self.rules: list[Rule] = []
        known: dict[str, int] = {}
        for part in sorted(lists, key=lambda part: WEIGHT[part.rule.action]):  # of two lists the graver one counts
            known.update(dict.fromkeys(_entries(part.words), len(self.rules)))
            self.rules.append(part.rule)
        for part in lists:
            known.update(dict.fromkeys(_entries(part.allowed), -1))
        self.patterns = patterns
        self.size = len(known)
        self._rule_of = array("i", known.values())
        self._words = AhoCorasick(
            known, matchkind=MatchKind.Standard, store_patterns=False, implementation=Implementation.ContiguousNFA
        )

    def hits(self, text: str) -> list[Hit]:
        """Every word found, from left to right; of those that overlap the longest."""
        return self.look(text, folded(text))[0]

    def look(self, text: str, plain: str) -> tuple[list[Hit], list[tuple[int, int]]]:
        """The hits in a text and its folding, and where words stand that are always allowed."""
        found = self._words.find_matches_as_indexes(plain, overlapping=True)
        runs = has_runs(plain)
        if not found and not runs and not self.patterns:
            return [], []
        made: list[Hit] = []
        innocent: list[tuple[int, int]] = []
        at: list[int] = []
        if found or runs:
            at = places(text)
            innocent = [(at[begin], at[end - 1] + 1) for n, begin, end in found if self._rule_of[n] < 0]
            made += self._kept(text, plain, found, at, innocent)
        if runs:
            short, short_at = without_runs(plain, at)
            again = self._words.find_matches_as_indexes(short, overlapping=True)
            if again:
                made += [replace(hit, veiled=True) for hit in self._kept(text, short, again, short_at, innocent)]
        for rule, expression in self.patterns:
            made += [Hit(one.start(), one.end(), one.group(), rule) for one in expression.finditer(text)]
        return longest(made) if len(made) > 1 else made, innocent

    def _kept(
        self,
        text: str,
        plain: str,
        found: Sequence[tuple[int, int, int]],
        at: list[int],
        innocent: Sequence[tuple[int, int]],
    ) -> Iterator[Hit]:
        for number, begin, end in found:
            rule = self._rule_of[number]
            if rule < 0:
                continue
            start, stop = at[begin], at[end - 1] + 1
            if any(low <= start and stop <= high for low, high in innocent):
                continue
            veiled = stop - start != end - begin
            if _inside_a_word(text, start, stop) or (
                veiled and end - begin < LATIN_WITH_GAPS and plain[begin:end].isascii()
            ):
                continue
            yield Hit(start, stop, text[start:stop], self.rules[rule], veiled)


def _entries(words: str) -> list[str]:
    """Folded once for the whole list: a hundred thousand calls would take longer than building the automaton."""
    return [word for word in folded(words.replace("|", "\n")).split("\n") if len(word) >= SHORTEST]


def _inside_a_word(text: str, start: int, stop: int) -> bool:
    """Whether it is only a part of a word in Latin letters or of a number: sm in “class members”."""
    before, first = text[start - 1 : start].lower(), text[start].lower()
    last, after = text[stop - 1].lower(), text[stop : stop + 1].lower()
    return bool((_LATIN.match(before) and _LATIN.match(first)) or (_LATIN.match(last) and _LATIN.match(after)))


def longest(hits: list[Hit]) -> list[Hit]:
    """From left to right, of those that overlap the longest; between equals the plain one, then the gravest."""
    kept: list[Hit] = []
    ordered = sorted(hits, key=lambda hit: (hit.start - hit.end, hit.veiled, -WEIGHT[hit.action]))
    for hit in ordered:
        if all(hit.end <= other.start or other.end <= hit.start for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.start)
