"""Ways from a child's page into other modules, each entered by one line in `site/reactions.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from .models import Person


@dataclass(frozen=True, slots=True)
class Way:
    """A link on the page of a child."""

    label: str | Promise
    icon: str
    url: str


MakeWay = Callable[[Person, Person], Way | None]  # (viewer, student)
_ways: list[MakeWay] = []


def register_way(make: MakeWay) -> None:
    """Ask `make(viewer, student)` for a link on each child's page; None where it leads nowhere for this viewer."""
    if make not in _ways:
        _ways.append(make)


def ways_for(viewer: Person, student: Person) -> list[Way]:
    """The links of this child's page, in the order of registration."""
    return [way for make in _ways if (way := make(viewer, student)) is not None]
