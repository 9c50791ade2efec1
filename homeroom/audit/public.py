"""Record an act; read the acts about one thing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import QuerySet

from homeroom.kit.access import Actor

from .models import Entry

__all__ = ["Entry", "about", "of_school", "record", "record_many"]


def record(
    *, actor: Actor, action: str, target: models.Model | None = None, school_id: int | None = None, **details: Any
) -> None:
    """Write one entry inside the caller's transaction.

    `details` are JSON values: ids, counts, field names and codes; never names, text or contact data.
    `school_id` defaults to the target's own.
    """
    record_many(actor=actor, action=action, targets=[(target, details)], school_id=school_id)


def record_many(
    *,
    actor: Actor,
    action: str,
    targets: list[tuple[models.Model | None, Mapping[str, Any]]],
    school_id: int | None = None,
) -> None:
    """Write one entry for each (target, details) in one statement."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an audit entry belongs to the transaction of the change it records")
    Entry.objects.bulk_create(
        [
            Entry(
                school_id=school_id if school_id is not None else getattr(target, "school_id", None),
                actor=actor.actor_name,
                action=action,
                target_kind=target._meta.label_lower if target is not None else "",
                target_id=target.pk if target is not None else None,
                details=dict(details),
            )
            for target, details in targets
        ]
    )


def about(target: models.Model) -> QuerySet[Entry]:
    """Everything recorded about one thing, newest first."""
    return Entry.objects.filter(target_kind=target._meta.label_lower, target_id=target.pk).order_by("-at", "-id")


def of_school(school_id: int, *, since: datetime, kinds: Collection[str]) -> QuerySet[Entry]:
    """What was done of these kinds at one school since an instant, newest first."""
    return Entry.objects.filter(school_id=school_id, at__gte=since, action__in=kinds).order_by("-at", "-id")
