"""Whoever has left the school follows nothing any more, what they sent themselves included."""

from __future__ import annotations

from datetime import timedelta

import pytest

from homeroom.delivery import access
from homeroom.delivery.public import reply, waiting_talks
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Person


def test_a_teacher_whose_duties_ended_reads_no_replies_and_changes_nothing(school, send, now):
    item = send()
    reply(actor=school.mother, item=item, text="他今天发烧了", now=now)
    assert len(waiting_talks(school.class_teacher)) == 1
    school.class_teacher.roles.update(ends_on=school.today - timedelta(days=1))
    left = Person.objects.select_related("school").get(pk=school.class_teacher.pk)
    assert waiting_talks(left) == []
    with pytest.raises(NotVisible):
        access.get_overseen_item(left, item.uuid)
    assert not access.can_change(left, item)
    assert not access.can_remind(left, item)
    assert not access.can_answer(left, item)
