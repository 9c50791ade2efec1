"""The notices of a term, read from data/notices.txt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

SOURCE = Path(__file__).parent / "data" / "notices.txt"
STAGES = {"both": frozenset({"primary", "junior"}), "primary": frozenset({"primary"}), "junior": frozenset({"junior"})}


@dataclass(frozen=True, slots=True)
class Text:
    """One kind of notice: who writes it to whom, what it asks, and its paragraphs."""

    title: str
    sender: str  # head, grade, leader, office, counsellor, or a subject's name
    scope: str  # class, grade, school
    level: str
    category: str
    priority: str
    household: str
    days: int | None  # until the deadline
    stages: frozenset[str]
    paragraphs: tuple[str, ...]
    fee_item: str = ""
    fee_amount: Decimal | None = None
    replies: tuple[tuple[str, str], ...] = ()  # what a family writes, what the school answers

    @property
    def html(self) -> str:
        return "".join(f"<p>{paragraph}</p>" for paragraph in self.paragraphs)


def texts() -> Iterator[Text]:
    """Every text, in the order of the file."""
    for block in SOURCE.read_text(encoding="utf-8").split("\n= ")[1:]:
        head, _newline, rest = block.partition("\n")
        body, *exchanges = rest.split("\n> ")
        title, sender, scope, level, category, priority, household, days, stage, *fee = map(str.strip, head.split("|"))
        paragraphs = tuple(paragraph.strip() for paragraph in body.strip().split("\n\n"))
        due = None if days == "-" else int(days)
        item, amount = (fee[0], Decimal(fee[1])) if fee else ("", None)
        replies = tuple(
            (asked.strip(), said.strip()) for asked, _bar, said in (one.partition(" | ") for one in exchanges)
        )
        yield Text(
            title, sender, scope, level, category, priority, household, due, STAGES[stage], paragraphs, item, amount,
            replies,
        )  # fmt: skip
