"""Finding."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from .models import Entry
from .tokens import wanted, words_of


def matches(query: str, *, kind: str, school_id: int) -> QuerySet[Any]:
    """The ids of things of one kind whose text holds every word of `query`, to stand in `id__in=…`.

    A query without letters or digits finds nothing.
    """
    words = words_of(query)
    tokens = wanted(words)
    if not tokens:
        return Entry.objects.none().values("object_id")
    found = Entry.objects.filter(kind=kind, school_id=school_id)
    if connection.vendor == "postgresql":
        holds = RawSQL("string_to_array(tokens, ' ') @> %s", [tokens], output_field=BooleanField())
        found = found.filter(holds)
    else:
        asked = " AND ".join('"' + token.replace('"', '""') + '"' for token in tokens)
        rows = RawSQL("SELECT rowid FROM search_fts WHERE search_fts MATCH %s", [asked])
        found = found.filter(pk__in=rows)
    for word in words:  # the pairs may have stood apart
        found = found.filter(text__contains=word)
    return found.values("object_id")
