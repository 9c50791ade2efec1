"""Taking whole schools out of the database, with everything that hangs on them.

Ordinary changes protect people and classes from deletion, so this goes table by table: a row belongs to a school by
its own `school` column, or by the first row it points to that does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.apps import apps
from django.db import models, transaction
from django.db.models import Q

from homeroom.kit.statistics import count_again
from homeroom.people.models import Account
from homeroom.school.models import School
from homeroom.search.public import forget_schools

from .models import Demonstration

Path = tuple[str, ...]


@transaction.atomic
def delete_demonstration() -> int:
    """Delete the invented schools, visitors' trial schools and accounts nobody else needs. Returns schools deleted."""
    demonstration = Demonstration.objects.first()
    if demonstration is None:
        return 0
    schools = set(demonstration.schools.values_list("pk", flat=True))
    schools |= set(School.objects.filter(is_trial=True).values_list("pk", flat=True))
    delete_schools(schools)
    Demonstration.objects.all().delete()
    return len(schools)


@transaction.atomic
def delete_schools(school_ids: Collection[int]) -> None:
    """Delete these schools with every row of theirs, and the accounts that had no person anywhere else."""
    accounts = set(Account.objects.filter(persons__school__in=school_ids).values_list("pk", flat=True))
    forget_schools(school_ids)  # SQLite's full-text index has rows no foreign key leads to
    with_path = [(model, path) for model in apps.get_models() if (path := path_to_school(model)) is not None]
    count_again(*(model for model, _path in with_path))  # what was just filled passes for empty
    # The farthest first: a row is found through the rows it points to. Constraints are checked at the end.
    for model, path in sorted(with_path, key=lambda pair: -len(pair[1])):
        if path:
            rows = model._default_manager.filter(Q(**{"__".join(path) + "__in": list(school_ids)}))
            keys = model._base_manager.filter(pk__in=rows.values("pk"))
            keys._raw_delete(keys.db)
    School.objects.filter(pk__in=school_ids)._raw_delete("default")
    Account.objects.filter(pk__in=accounts, persons=None).delete()


def path_to_school(model: type[models.Model], seen: frozenset[type[models.Model]] = frozenset()) -> Path | None:
    """The shortest way of lookups from a row to its school's id; () for School itself, None when it has none."""
    if model is School:
        return ()
    if model in seen:
        return None
    names = {field.name for field in model._meta.concrete_fields}
    if "school" in names or "school_id" in names:
        return ("school",) if "school" in names else ("school_id",)
    ways = []
    for field in _links(model):
        target = field.remote_field.model
        if target is Account or field.null:
            continue
        further = path_to_school(target, seen | {model})
        if further is not None:
            ways.append((field.name, *further))
    return min(ways, key=len, default=None)


def _links(model: type[models.Model]) -> Iterator[models.ForeignKey[models.Model, models.Model]]:
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            yield field
