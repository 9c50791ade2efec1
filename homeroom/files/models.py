"""What is stored beside the bytes."""

from __future__ import annotations

from django.db import models

from homeroom.kit.ids import new_id
from homeroom.people.models import Person
from homeroom.school.models import School

from .kinds import Kind


class StoredFile(models.Model):
    """One file. Its bytes lie under a name made of its uuid; the name people see is only ever a label."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    uploader = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=120)
    thumbnail = models.CharField(max_length=120, blank=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)  # of sound, where its bytes tell
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="file_by_age")]

    def __str__(self) -> str:
        return f"file:{self.pk}"


class Attachment(models.Model):
    """A file's place on something of an owner module: ("notice", 12)."""

    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="attachments")
    owner_kind = models.CharField(max_length=30)
    owner_id = models.BigIntegerField()
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["owner_kind", "owner_id", "file"], name="file_attached_once")]

    def __str__(self) -> str:
        return f"file:{self.file_id} on {self.owner_kind}:{self.owner_id}"
