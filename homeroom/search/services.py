"""Entering texts. Called by the services of other modules, inside their transaction and after their own checks."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from .models import Entry
from .tokens import TEXT_AT_MOST, normal, tokens_of


def _entry(kind: str, object_id: int, school_id: int, text: str) -> Entry:
    compared = normal(text)[:TEXT_AT_MOST]
    return Entry(
        school_id=school_id, kind=kind, object_id=object_id, text=compared, tokens=" ".join(tokens_of(compared))
    )


def index(*, kind: str, object_id: int, school_id: int, text: str) -> None:
    """Make a thing findable by `text`, in place of what it was found by before. One statement."""
    index_many(kind=kind, school_id=school_id, texts=[(object_id, text)])


@transaction.atomic
def index_many(*, kind: str, school_id: int, texts: Iterable[tuple[int, str]]) -> None:
    """The same for many things of one school."""
    Entry.objects.bulk_create(
        [_entry(kind, object_id, school_id, text) for object_id, text in texts],
        update_conflicts=True,
        unique_fields=["kind", "object_id"],
        update_fields=["school_id", "text", "tokens"],
        batch_size=500,
    )


def forget(*, kind: str, object_ids: Iterable[int]) -> None:
    """Make things unfindable."""
    Entry.objects.filter(kind=kind, object_id__in=list(object_ids)).delete()
