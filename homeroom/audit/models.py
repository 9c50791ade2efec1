"""The record of acts."""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """One act. Plain ids without foreign keys: the record outlives what it is about."""

    school_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=60)  # person:12, account:3, system:reminders
    action = models.CharField(max_length=60)  # item.reminded
    target_kind = models.CharField(max_length=40, blank=True)
    target_id = models.BigIntegerField(null=True)
    details = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["target_kind", "target_id", "at"], name="audit_by_target"),
            models.Index(fields=["school_id", "at"], name="audit_by_school"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.target_kind}:{self.target_id}"
