"""Owner modules say who may see what hangs on their things."""

from __future__ import annotations

from collections.abc import Callable

from homeroom.people.models import Person

MaySee = Callable[[Person, int], bool]
owners: dict[str, MaySee] = {}


uploaders: list[Callable[[Person], bool]] = []


def register_uploader(may_upload: Callable[[Person], bool]) -> None:
    """Let whoever `may_upload(person)` holds for attach files, besides staff."""
    if may_upload not in uploaders:
        uploaders.append(may_upload)


def register_owner(kind: str, may_see: MaySee) -> None:
    """Ask `may_see(person, owner_id)` for files attached to a thing of `kind`."""
    owners[kind] = may_see
