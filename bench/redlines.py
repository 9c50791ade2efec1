"""How long the word filter takes: building it from 100,000 words, and for each message.

Ratio: a message beside `str.translate` of the same text, which every folding needs. `--words FOLDER` also loads the
text files of a folder, one word a line, and says how many of them the packs find and what else they hit.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

MESSAGE = (
    "老师您好，孩子昨天晚上有点发烧，今天早上量了三十七度八，想请半天假在家休息，下午如果退烧了再送到学校去，"
    "作业我们会在家里补上，麻烦您帮忙跟数学老师也说一声，谢谢老师，辛苦了！另外校车那边我已经联系过了。"
)[:100]
ROUNDS = 5_000
LIMITS = {"load": 1.0, "message": 50.0}  # seconds; microseconds


def microseconds(work: Callable[[], object]) -> float:
    """The median of five turns, for one call."""
    turns = []
    for _turn in range(5):
        begun = time.perf_counter()
        for _round in range(ROUNDS):
            work()
        turns.append((time.perf_counter() - begun) / ROUNDS * 1e6)
    return sorted(turns)[2]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=Path, help="a folder of text files to load as one list")
    parser.add_argument("--count", type=int, default=100_000)
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "homeroom.site.settings")
    import django

    django.setup()
    from homeroom.redlines import packs
    from homeroom.redlines.categories import Action
    from homeroom.redlines.folding import folded, table
    from homeroom.redlines.matching import Checker, Rule, Wordlist
    from homeroom.redlines.shelf import Rules

    dice = random.Random(1)
    letters = [chr(code) for code in range(0x4E00, 0x5E00)]
    made = {"".join(dice.choices(letters, k=dice.randint(2, 6))) for _ in range(given.count)}
    text = "\n".join(made)
    begun = time.perf_counter()
    table()
    packs.checker()
    print(f"packs: {packs.checker().size} words, {time.perf_counter() - begun:.3f} s once a process")
    begun = time.perf_counter()
    own = Checker([Wordlist(Rule("own:1", "own", "why", Action.HOLD), text)])
    took = time.perf_counter() - begun
    print(f"load: {own.size} words, {took:.2f} s (limit {LIMITS['load']} s)")
    rules = Rules(None, {}, own)
    per = microseconds(lambda: rules.hits(MESSAGE, by_staff=False))
    floor = microseconds(lambda: folded(MESSAGE))
    print(f"message of 100 characters: {per:.1f} us (limit {LIMITS['message']} us), {per / floor:.1f} x its folding")
    hit = microseconds(lambda: rules.hits(MESSAGE[:90] + "你这个傻 逼吧", by_staff=False))
    print(f"the same with a veiled word: {hit:.1f} us")
    for file in sorted(given.words.glob("*.txt")) if given.words else []:
        words = [word for word in file.read_text(encoding="utf-8").splitlines() if len(word) > 1]
        known = sum(bool(packs.checker().hits(word)) for word in words)
        loaded = Checker([Wordlist(Rule("own:1", "own", "why", Action.HOLD), "\n".join(words))])
        found = sum(bool(loaded.hits(f"今天{word}，好吗")) for word in words)
        print(f"{file.stem}: {len(words)} words, loaded and found {found}, in the packs {known}")


if __name__ == "__main__":
    main()
