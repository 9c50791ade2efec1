"""What higher modules add: further sources of pupils, and further ways to reach a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.functional import Promise

from homeroom.people.models import Person
from homeroom.school.models import School

SourceResolver = Callable[[School, date], "QuerySet[Any]"]


@dataclass(frozen=True, slots=True)
class Source:
    """A set of pupils that another module knows, such as those absent today."""

    name: str
    label: str | Promise
    resolve: SourceResolver  # rows with a `student_id`, as a queryset that can stand in a subquery


def _has_account() -> Q:
    return Q(account__isnull=False)


def _has_address() -> Q:
    return Q(email_length__gt=0, email_failed_at__isnull=True) if settings.EMAIL_URL else Q(pk__in=[])


sources: dict[str, Source] = {}
ways: dict[str, Callable[[], Q]] = {"inapp": _has_account, "email": _has_address}


def register_source(name: str, label: str | Promise, resolve: SourceResolver) -> None:
    """Offer `resolve(school, on)` in every audience picker under `label`."""
    if not name.isidentifier():
        raise ValueError(f"{name!r} is not a name for a source")
    sources[name] = Source(name, label, resolve)


def register_way(name: str, condition: Callable[[], Q]) -> None:
    """Count persons under `condition` as reachable.

    The condition is on Person, which then has `email_length` too: an encrypted column can only be asked for its length.
    """
    ways[name] = condition


def reachable() -> Q:
    """A condition on Person (annotated by `queries.with_contact`): at least one way leads to them."""
    condition = Q(pk__in=[])
    for way in ways.values():
        condition |= way()
    return condition


__all__ = ["Person", "Source", "reachable", "register_source", "register_way", "sources", "ways"]
