"""One question of the mother's about 张小雨, and the way to ask more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from homeroom.kit.ids import new_id
from homeroom.questions.models import Question
from homeroom.questions.services import Asking, ask_question
from homeroom.school.models import Topic

MONDAY_NINE = "2026-11-23T09:00:00+08:00"


@pytest.fixture
def nine() -> datetime:
    """A Monday of school, nine in the morning."""
    return datetime.fromisoformat(MONDAY_NINE)


@pytest.fixture
def topic(school) -> Callable[[str], Topic]:
    return lambda name: Topic.objects.get(school=school.school, name=name)


@pytest.fixture
def ask(school, topic, nine) -> Callable[..., Question]:
    """`ask("text", by=…, about=…, under="作业")`."""

    def put(
        text: str = "今天的数学作业是哪几页？孩子没记全。", *, by=None, about=None, under: str = "作业", at=None, **more
    ) -> Question:
        actor, child = by or school.mother, about or school.child_a
        asking = Asking(student=child.uuid, topic=topic(under).uuid, text=text, key=more.pop("key", new_id()), **more)
        question = ask_question(actor=actor, asking=asking, now=at or nine)
        return Question.objects.select_related("owner", "asker", "student", "school", "topic").get(pk=question.pk)

    return put


@pytest.fixture
def question(ask) -> Question:
    return ask()
