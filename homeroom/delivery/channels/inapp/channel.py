"""The inbox as a channel: whoever has an account is reached by it."""

# ruff: noqa: S610  (the text is constant; every value is a parameter)
from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from homeroom.delivery.channels import Message, Outcome, Result
from homeroom.delivery.sql import ids
from homeroom.people.models import Person


class InApp:
    name = "inapp"
    label = _("In the app")
    leaves_platform = False

    def is_on(self) -> bool:
        return True

    def reachable(self, person_ids: Sequence[int]) -> frozenset[int]:
        inside, parameters = ids(person_ids)
        rows = Person.objects.filter(account__isnull=False).extra(
            where=[f"people_person.id IN {inside}"], params=parameters
        )
        return frozenset(rows.values_list("pk", flat=True))

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return [Outcome(Result.SENT) for _message in messages]
