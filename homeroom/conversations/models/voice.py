"""What is stored of a voice message besides its file."""

from __future__ import annotations

from django.db import models

from homeroom.people.models import Person

from .talk import Message


class Transcript(models.Model):
    """What is said in a message's recording, in writing."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="transcript")
    text = models.TextField()
    transcribed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"transcript of message:{self.message_id}"
