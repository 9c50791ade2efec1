"""The second factor: who must have one, and whether they do.

Whoever has a duty over the whole school can see or change everybody, so a password alone is not enough.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from allauth.mfa.models import Authenticator
from django.utils import timezone

from .models import Account, Person, Role
from .queries import SCHOOL_WIDE

_waivers: list[Callable[[Person], bool]] = []


def waive_second_factor_when(condition: Callable[[Person], bool]) -> None:
    """Ask nobody for a second factor of whom `condition` holds: the people of the demonstration are invented."""
    if condition not in _waivers:
        _waivers.append(condition)


def has_second_factor(account_id: int) -> bool:
    """Whether an authenticator app is set up."""
    return bool(Authenticator.objects.filter(user_id=account_id, type=Authenticator.Type.TOTP).exists())


def is_required(person: Person) -> bool:
    """Whether this person's duties ask for a second factor."""
    return person.has_role(*SCHOOL_WIDE) and not any(waived(person) for waived in _waivers)


def is_missing(account: Account, person: Person) -> bool:
    """Whether one is asked for and not there."""
    return is_required(person) and not has_second_factor(account.pk)


def without_second_factor(person_ids: Collection[int]) -> frozenset[int]:
    """Those of these persons who must have a second factor and have none: they see and hear nothing yet.

    One query, and one more for those it finds.
    """
    protected = Authenticator.objects.filter(type=Authenticator.Type.TOTP).values("user_id")
    wide = (
        Role.objects.in_force(timezone.localdate())
        .filter(person_id__in=person_ids, kind__in=SCHOOL_WIDE)
        .exclude(person__account_id__in=protected)
    )
    found = set(wide.values_list("person_id", flat=True))
    if not found:
        return frozenset()
    persons = Person.objects.select_related("school").filter(pk__in=found)
    return frozenset(person.pk for person in persons if is_required(person))
