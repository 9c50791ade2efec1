"""What is stored: named sets of persons."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from homeroom.kit.ids import new_id
from homeroom.people.models import Person
from homeroom.school.models import School


class SavedGroup(models.Model):
    """A named set of pupils and staff of one school."""

    class Kind(models.TextChoices):
        CLASS_PART = "class_part", _("Part of a class")
        BUS_LINE = "bus_line", _("Bus line")
        CLUB = "club", _("Club")
        OTHER = "other", _("Other group")

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.OTHER)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    keepers = models.ManyToManyField(Person, related_name="+", blank=True)  # may write to it, whomever they teach
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["school", "owner", "name"], condition=models.Q(archived_at__isnull=True), name="group_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    """One pupil or member of staff in a group."""

    group = models.ForeignKey(SavedGroup, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "person"], name="group_member_once")]

    def __str__(self) -> str:
        return f"person:{self.person_id} in group:{self.group_id}"
