"""What is replayed is what one may know today."""

from __future__ import annotations

import pytest

from homeroom.demo.cast import Cast
from homeroom.people.models import Guardianship
from homeroom.realtime.missed import Caught, read_missed

from .live import happen


def caught(person_id: int) -> Caught:
    (found,) = read_missed([{f"p{person_id}": 0}])
    return found[f"p{person_id}"]


@pytest.mark.parametrize("who", ["mother", "father", "delegate"])
def test_whoever_answers_for_the_child_gets_what_was_missed(school: Cast, who: str) -> None:
    person = getattr(school, who)
    happen(person.pk, about=school.child_a.pk)
    assert [about for _number, about, _tail in caught(person.pk).entries] == [school.child_a.pk]


def test_a_guardian_barred_since_gets_nothing_about_the_child_again(school: Cast) -> None:
    happen(school.father.pk, about=school.child_a.pk)
    Guardianship.objects.filter(guardian=school.father, student=school.child_a).update(restriction="no_contact")
    assert caught(school.father.pk) == Caught(1, reload=True)
