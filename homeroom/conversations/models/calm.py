"""What keeps talking bounded: when somebody answers, who is there otherwise, and messages that wait for their time."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from homeroom.kit.ids import new_id
from homeroom.people.models import Person
from homeroom.school.models import School

from .talk import Conversation, Message


class Rhythm(models.Model):
    """When one teacher answers, and how soon a first reply usually comes.

    `hours` are the teacher's own: weekday ("0" is Monday) → [["08:00", "11:30"], …]; empty: the school's hours.
    `usual_minutes` is the middle of their last first replies, in their working time; None before there are enough.
    """

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="+")
    hours = models.JSONField(default=dict, blank=True)
    usual_minutes = models.FloatField(null=True, blank=True)
    replies = models.PositiveIntegerField(default=0)  # from how many
    counted_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"rhythm of person:{self.person_id}"


class DutyShift(models.Model):
    """Somebody who can be reached outside working time, from the first to the last day."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    phone = models.CharField(max_length=30)
    takes_messages = models.BooleanField(default=False)  # families may also write to them while the shift lasts
    starts_on = models.DateField()
    ends_on = models.DateField()

    class Meta:
        ordering = ["starts_on", "id"]
        indexes = [models.Index(fields=["school", "ends_on"], name="shift_by_end")]
        constraints = [
            models.UniqueConstraint(fields=["school", "person", "starts_on"], name="shift_once"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="shift_ends_after_start"),
        ]

    def __str__(self) -> str:
        return f"person:{self.person_id} on duty from {self.starts_on} to {self.ends_on}"


class Away(models.Model):
    """Somebody does not answer from the first to the last day, and what families are told meanwhile."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    text = models.TextField()
    substitute = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_on", "id"]
        indexes = [models.Index(fields=["person", "ends_on"], name="away_by_person")]
        constraints = [models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="away_ends_after_start")]

    def __str__(self) -> str:
        return f"person:{self.person_id} away from {self.starts_on} to {self.ends_on}"


class AwayAnswer(models.Model):
    """A family has been told by an automatic line that the teacher is away: once in each time away."""

    away = models.ForeignKey(Away, on_delete=models.CASCADE, related_name="answers")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    told_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["away", "conversation"], name="told_once_while_away")]

    def __str__(self) -> str:
        return f"answer of away:{self.away_id} in conversation:{self.conversation_id}"


class ScheduledMessage(models.Model):
    """A message that goes out at `send_at`. Its client key is fixed when it is written, so it goes out once."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    author = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    text = models.TextField(blank=True)
    quoted = models.ForeignKey(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    files = models.JSONField(default=list, blank=True)  # uuids, as they were attached
    client_key = models.UUIDField(default=new_id)
    send_at = models.DateTimeField()
    written_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    refusal = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["send_at", "id"]
        indexes = [
            models.Index(
                fields=["send_at"],
                condition=Q(sent_at__isnull=True, cancelled_at__isnull=True, refused_at__isnull=True),
                name="scheduled_by_time",
            ),
            models.Index(fields=["author", "conversation"], name="scheduled_by_author"),
        ]

    def __str__(self) -> str:
        return f"scheduled:{self.pk}"
