"""Different ways of writing the same word, brought to one: width, case, traditional characters, filling.

Every character becomes one character or none, so that a place in the folded text can be traced back to what was typed.
What ends a sentence stays: 我很傻，逼他做作业 holds no swear word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

ENDS = frozenset("\n\r，。！？；：、,!?;:")
_FILLING = {"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sk", "Sm", "So", "Sc"}
# Letters by their category, or outside the usual ranges, and yet nothing is seen of them: Hangul fillers, tags,
# variation selectors, signs of musical and shorthand layout.
INVISIBLE = (
    0x115F, 0x1160, 0x2065, 0x3164, 0xFFA0, *range(0xFFF0, 0xFFF9), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B),
    *range(0xE0000, 0xE1000),
)  # fmt: skip
_RUN = re.compile(r"(.)\1\1")  # two are usual in Chinese: 妈妈, 谢谢


@lru_cache(maxsize=1)
def table() -> Mapping[int, str | None]:
    """For `str.translate`: what becomes of each character that is not kept as it is."""
    made: dict[int, str | None] = {}
    for code in (*range(0x20, 0x3400), *range(0xA000, 0xABFF), *range(0xF900, 0x10000), *range(0x1D400, 0x1FB00)):
        sign = chr(code)
        one = _one(sign)
        if one != sign:
            made[code] = one
    for line in (files(__package__) / "data" / "traditional.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            traditional, simplified = line.split("\t")
            made[ord(traditional)] = simplified.split(" ")[0]
    made |= dict.fromkeys(INVISIBLE)
    made |= {ord("\r"): "\n"} | {code: None for code in range(0x20) if chr(code) not in "\n\r"}
    return made


def _one(sign: str) -> str | None:
    """What a character is compared as; None for what is only filling."""
    plain = unicodedata.normalize("NFKC", sign)
    if len(plain) == 1:
        plain = plain.lower() if len(plain.lower()) == 1 else plain
    elif unicodedata.category(sign) == "So":  # ⑴ 🄐: what stands in brackets counts
        inner = plain.strip("()〔〕.,").lower()
        plain = inner if len(inner) == 1 else sign
    else:
        plain = sign
    if plain in ENDS:
        return plain
    return None if unicodedata.category(plain) in _FILLING else plain


def folded(text: str) -> str:
    """The text as it is compared."""
    return text.translate(table())


def places(text: str) -> list[int]:
    """For each character of the folded text, where it stands in `text`."""
    known = table()
    return [place for place, sign in enumerate(text) if known.get(ord(sign), sign) is not None]


def has_runs(text: str) -> bool:
    """Whether any character stands three times in a row."""
    return _RUN.search(text) is not None


def without_runs(text: str, at: list[int]) -> tuple[str, list[int]]:
    """The text with each run of three or more brought to its first character, and the places of what is left."""
    kept = list(range(len(text)))
    for run in reversed(list(re.finditer(r"(.)\1\1+", text))):
        del kept[run.start() + 1 : run.end()]
    return "".join(text[n] for n in kept), [at[n] for n in kept]
