"""What is stored when a teacher leaves and somebody else takes the families' threads on."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from homeroom.people.models import Person

from .talk import Conversation, Message


class Handover(models.Model):
    """One thread passed on to a successor from a day on; open until it was carried out or taken back."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="handovers")
    leaving = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    successor = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    note = models.TextField(blank=True, default="")  # read by the family and the successor alike
    decided_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    taken_back_at = models.DateTimeField(null=True, blank=True)
    # The line in the thread that says so; where the successor has a thread with the child already, that one goes on.
    message = models.OneToOneField(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="handover")
    continued_in = models.ForeignKey(Conversation, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(done_at__isnull=True, taken_back_at__isnull=True),
                name="one_open_handover",
            )
        ]

    def __str__(self) -> str:
        return f"handover of conversation:{self.conversation_id}"
