"""What questions announce, so that open pages move: ids only, a page asks for what it may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from homeroom.eventlog.public import Event


@dataclass(frozen=True, kw_only=True)
class QuestionMoved(Event):
    """Something happened to a question: in the streams of those concerned by it, of the family only what it may know.

    `event_id` is the `QuestionEvent`, which has the rest.
    """

    name: ClassVar[str] = "questions.moved"
    question_id: int
    event_id: int
    act: str
    _pairs: tuple[tuple[int, int], ...] = ()  # (person, the student or 0)

    def streams(self) -> Iterable[tuple[str, int]]:
        return ((f"p{person_id}", about) for person_id, about in self._pairs)
