"""What other modules may call."""

from __future__ import annotations

from .passages import NEWEST, Said, Wanted, enter_passages, forget_passages, forget_schools, found_passages
from .queries import matches
from .services import forget, index, index_many
from .tokens import normal, words_of

__all__ = [
    "NEWEST", "Said", "Wanted", "enter_passages", "forget", "forget_passages", "forget_schools", "found_passages",
    "index", "index_many", "matches", "normal", "words_of",
]  # fmt: skip
