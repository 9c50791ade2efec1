"""Who was told, over the ways outside, that something waits for them unread."""

from __future__ import annotations

from django.db import models

from homeroom.people.models import Person

from .talk import Conversation


class Nudge(models.Model):
    """The latest time somebody was told of unopened messages of a conversation, by an item of delivery."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    told_number = models.BigIntegerField()  # the newest message there was then
    told_at = models.DateTimeField()
    item_id = models.BigIntegerField(null=True)  # of delivery; null: they have read it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "person"], name="one_nudge_each")]

    def __str__(self) -> str:
        return f"nudge of person:{self.person_id} about conversation:{self.conversation_id}"
