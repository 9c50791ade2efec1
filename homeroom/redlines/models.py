"""What is stored: what a school decided about the categories, and its own words."""

from __future__ import annotations

from django.db import models

from homeroom.kit.ids import new_id
from homeroom.school.models import School

from .categories import Action


class Ruleset(models.Model):
    """A school's decisions. `stamp` is new after every change, so that each process notices."""

    school = models.OneToOneField(School, on_delete=models.CASCADE, related_name="+")
    actions = models.JSONField(default=dict)  # category key → action, where it differs from the usual one
    stamp = models.UUIDField(default=new_id, editable=False)

    def __str__(self) -> str:
        return f"red lines of school:{self.school_id}"


class WordList(models.Model):
    """A school's own words, one entry a line; a list without an action holds words that are always allowed.

    The words are one text: a hundred thousand rows would take longer to read than the automaton takes to build.
    """

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    why = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=6, choices=Action.choices, blank=True, default="")
    words = models.TextField(blank=True)
    count = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["school", "name"], name="redlines_list_once")]

    def __str__(self) -> str:
        return self.name
