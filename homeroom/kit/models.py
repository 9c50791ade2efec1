"""Kit's tables: the shared cache, and what the job runner must remember between starts."""

from __future__ import annotations

from django.db import models


class CacheEntry(models.Model):
    """A row of Django's database cache: counters that every process must see, such as failed sign-ins."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "kit_cache"  # the name the setting CACHES gives


class PeriodicJob(models.Model):
    """When a periodic job is due next, and who runs it now.

    Whoever moves `leased_until` from the value it read runs the job; a process that dies loses the lease by time,
    and the job is still due.
    """

    name = models.CharField(max_length=100, primary_key=True)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    leased_by = models.CharField(max_length=64, blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)  # the latest failure; cleared by a success


class Heartbeat(models.Model):
    """The last sign of life of a kind of process; `jobs` beats every ten seconds."""

    name = models.CharField(max_length=100, primary_key=True)
    beat_at = models.DateTimeField()
