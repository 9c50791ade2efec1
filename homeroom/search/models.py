"""What is stored: the text as it is compared, and its tokens. The full-text structures are made by migration 0002."""

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
