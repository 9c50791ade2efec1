"""What a person lets others see of them while they are there."""

from __future__ import annotations

from django.db import models

from homeroom.people.models import Person


class PresenceWish(models.Model):
    """Whether somebody shows, and is shown, who is here and who is typing.

    No row: yes. Staff show it, and are shown it, only in the school's working time, whatever they wish.
    """

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="+")
    is_on = models.BooleanField()

    def __str__(self) -> str:
        return f"presence of person:{self.person_id}"
