"""An item sent to class A, the way most tests begin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from homeroom.delivery.models import Item
from homeroom.delivery.public import Asked, send_item
from homeroom.demo.cast import Cast
from homeroom.people.public import guardian_pairs


def everyone_about(school: Cast, *students: Any) -> list[Asked]:
    """Guardians and delegates of these students, as an audience would resolve them."""
    pairs = guardian_pairs([student.pk for student in students], on=school.today)
    return [Asked(pair.person_id, pair.student_id) for pair in pairs]


@pytest.fixture
def send(school: Cast, now: datetime) -> Callable[..., Item]:
    """`send(level="confirm", to=[…])` sends an item from the class teacher; by default to all families of class A."""

    def send_one(**options: Any) -> Item:
        recipients = options.pop("to", None)
        if recipients is None:
            recipients = everyone_about(school, *school.pupils_a)
        values: dict[str, Any] = {
            "actor": school.class_teacher,
            "school": school.school,
            "kind": "plain",
            "source_id": None,
            "sender": school.class_teacher,
            "title": "秋游通知",
            "lead": "本周五秋游，请带好水和午餐。",
            "level": "confirm",
            "recipients": recipients,
            "now": now,
        }
        return send_item(**{**values, **options})

    return send_one
