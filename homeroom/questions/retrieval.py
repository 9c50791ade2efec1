"""Finding among the school's own words: a topic for a text, an approved answer for a question.

By shared character bigrams and single characters, weighted by how rare they are among what is searched. It only ever
picks what the school wrote; nothing is made up here, and a person confirms every suggestion.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from homeroom.school.models import Topic

from .models import ApprovedAnswer

SHOWN = 3
ALIKE = 0.24  # of an answer's best wording; below it what is found is more often wrong than right
# What every question says and none is told by.
NOISE = re.compile(
    r"请问一下|请问|老师好|老师您好|您好|你好|老师|我家孩子|我们家|我家|我们|孩子|小孩|小朋友|谢谢|想问一下|想问问|咨询一下"
    r"|怎么办|怎么|什么时候|什么|可不可以|可以|能不能|要不要|是不是|有没有|一般|一下|今天|哪里|[^\w]|的|了|吗|呢|吧|啊|呀"
)


def features(text: str) -> Counter[str]:
    """The character pairs of a text without politeness and marks, and its single characters."""
    plain = NOISE.sub("", text.lower())
    return Counter(plain[n : n + 2] for n in range(len(plain) - 1)) + Counter(plain)


def suggest_topics(text: str, topics: Sequence[Topic]) -> list[Topic]:
    """The topics a text is probably about, the best first; none when nothing speaks for any."""
    plain = NOISE.sub("", text.lower())
    scored = []
    for position, topic in enumerate(topics):
        score = sum(len(word) ** 1.5 for word in {topic.name, *topic.words} if word and word.lower() in plain)
        if score:
            scored.append((-score, position, topic))
    return [topic for _score, _position, topic in sorted(scored, key=lambda row: row[:2])[:SHOWN]]


@dataclass(frozen=True, slots=True)
class Found:
    """An approved answer and how alike its best wording is, 0 to 1."""

    answer: ApprovedAnswer
    likeness: float


def find_answers(text: str, answers: Sequence[ApprovedAnswer]) -> list[Found]:
    """The approved answers whose question is like `text`, the best first."""
    asked = features(text)
    if sum(asked.values()) < 3:
        return []
    wordings = [(answer, features(one)) for answer in answers for one in (answer.question, *answer.variants)]
    spread: Counter[str] = Counter(pair for _answer, pairs in wordings for pair in pairs)
    whole = len(wordings) + 1

    def weight(pair: str) -> float:
        rare = math.log(whole / (1 + spread[pair])) + 1.0
        return rare if len(pair) == 2 else rare / 2

    def length(pairs: Counter[str]) -> float:
        return math.sqrt(sum((count * weight(pair)) ** 2 for pair, count in pairs.items()))

    asked_length = length(asked)
    best: dict[int, Found] = {}
    for answer, pairs in wordings:
        shared = sum(asked[pair] * count * weight(pair) ** 2 for pair, count in pairs.items() if pair in asked)
        likeness = shared / (asked_length * length(pairs)) if shared else 0.0
        if likeness >= ALIKE and (answer.pk not in best or likeness > best[answer.pk].likeness):
            best[answer.pk] = Found(answer, likeness)
    return sorted(best.values(), key=lambda found: -found.likeness)[:SHOWN]
