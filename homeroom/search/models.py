"""What is stored: texts as they are compared. Migrations 0002 and 0004 make the full-text structures."""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """One thing that can be found: ("item", 12) of a school. Plain ids: the index knows no other module."""

    school_id = models.BigIntegerField()
    kind = models.CharField(max_length=30)
    object_id = models.BigIntegerField()
    text = models.TextField()  # normalised: one width, one case, single spaces
    tokens = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="search_entry_once")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.object_id}"


class Passage(models.Model):
    """One thing said in a place, found newest first by whoever reads that place from that position on.

    The id is its owner's, higher for what was said later. Plain numbers: the index knows no other module. On PostgreSQL
    a column `terms` that Django does not know stands beside.
    """

    id = models.BigIntegerField(primary_key=True)
    school_id = models.BigIntegerField()
    place_id = models.BigIntegerField()
    position = models.BigIntegerField()
    author_id = models.BigIntegerField()
    said_at = models.DateTimeField()
    text = models.TextField()  # normalised

    def __str__(self) -> str:
        return f"passage:{self.pk}"
