"""A decision allows, or denies with words for the person refused."""

from __future__ import annotations

import pytest

from homeroom.kit.access import ALLOWED, SystemActor, denied, require
from homeroom.kit.errors import NotAllowed


def test_what_is_allowed_goes_on():
    require(ALLOWED)


def test_a_refusal_carries_its_reason():
    with pytest.raises(NotAllowed, match="Only the sender"):
        require(denied("Only the sender can do this."))


def test_a_refusal_without_a_reason_still_says_something():
    with pytest.raises(NotAllowed) as trouble:
        require(denied(""))
    assert str(trouble.value)
    assert trouble.value.status == 403


def test_a_system_actor_is_named_and_has_no_person():
    actor = SystemActor("reminders")
    assert (actor.id, actor.actor_name) == (None, "system:reminders")
