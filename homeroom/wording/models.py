"""What is stored: templates."""

from __future__ import annotations

from django.db import models

from homeroom.kit.ids import new_id
from homeroom.people.models import Person
from homeroom.school.models import School


class Template(models.Model):
    """A text to start from: its owner's, or the school's when it has none."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    owner = models.ForeignKey(Person, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)  # what it is for: notice, reply
    name = models.CharField(max_length=60)
    shortcut = models.CharField(max_length=20, blank=True, default="", db_default="")  # typed instead of the name
    pinyin = models.CharField(max_length=160, blank=True, default="", db_default="")  # of the name: "shou dao sd"
    title = models.CharField(max_length=120, blank=True)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["school", "kind", "name"], condition=models.Q(owner__isnull=True), name="school_template_once"
            ),
            models.UniqueConstraint(
                fields=["school", "owner", "kind", "name"],
                condition=models.Q(owner__isnull=False),
                name="own_template_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name
