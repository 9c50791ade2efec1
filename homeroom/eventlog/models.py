"""What is stored: events, streams with their last number, entries, and how far each reader has come."""

from __future__ import annotations

from django.db import models


class LoggedEvent(models.Model):
    """One announced event; `fanout` repeats its entries, `[stream key, number, about, stream key, …]`.

    So a gateway reads one row for any number of receivers.
    """

    name = models.CharField(max_length=80)
    school_id = models.BigIntegerField()
    body = models.JSONField()
    fanout = models.TextField()
    xact = models.BigIntegerField(default=0)  # PostgreSQL's transaction id: ids alone are not in commit order there
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["xact", "id"], name="eventlog_in_commit_order")]


class Stream(models.Model):
    """Whoever hears of events, by key; `last_number` is the newest entry, numbers up to `pruned_number` are gone."""

    key = models.CharField(max_length=60, unique=True)
    last_number = models.BigIntegerField(default=0)
    pruned_number = models.BigIntegerField(default=0)


class Entry(models.Model):
    """One event in one stream; two entries of one event differ in the student they are about."""

    stream = models.ForeignKey(
        Stream, on_delete=models.PROTECT, related_name="entries", db_index=False, db_constraint=False
    )
    number = models.BigIntegerField()
    event_id = (
        models.BigIntegerField()
    )  # no foreign key: its index would cost more than the entry, and pruning goes by id
    about_id = models.BigIntegerField(default=0)  # the student's person id; 0: about nobody in particular

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "number"], name="eventlog_one_entry_a_number")]


class ReaderPlace(models.Model):
    """How far one reader has come: everything up to this place was handed to it at least once."""

    name = models.CharField(max_length=80, unique=True)
    xact = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)


class ReaderFailure(models.Model):
    """An event a reader could not handle: tried again later, so it holds up neither the others nor itself for ever."""

    reader = models.CharField(max_length=80)
    event = models.ForeignKey(LoggedEvent, on_delete=models.CASCADE, related_name="failures")
    attempts = models.PositiveIntegerField(default=1)
    retry_at = models.DateTimeField(db_index=True)
    error = models.CharField(max_length=200)  # the exception's type only: its text may hold personal data

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "event"], name="eventlog_one_failure_each")]
