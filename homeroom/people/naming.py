"""How a name sounds, so that it is found by typing letters."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=20_000)
def pinyin_of(name: str) -> str:
    """`zhang san zs` for 张三: the syllables, then their initials."""
    from pypinyin import lazy_pinyin  # its dictionaries take a third of a second, and most processes ask for none

    syllables = lazy_pinyin(name)
    initials = "".join(syllable[:1] for syllable in syllables)
    return " ".join([*syllables, initials]).lower()[:160]
