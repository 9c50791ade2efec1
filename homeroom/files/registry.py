"""Owner modules say who may see what hangs on their things."""

from __future__ import annotations

from collections.abc import Callable

from homeroom.people.models import Person

MaySee = Callable[[Person, int], bool]
owners: dict[str, MaySee] = {}


def register_owner(kind: str, may_see: MaySee) -> None:
    """Ask `may_see(person, owner_id)` for files attached to a thing of `kind`."""
    owners[kind] = may_see
