"""How far search has followed."""

from __future__ import annotations

from django.db import models

from .talk import Conversation


class Findable(models.Model):
    """The messages of a conversation up to `number` can be found; those after it are entered within two seconds."""

    conversation = models.OneToOneField(Conversation, primary_key=True, on_delete=models.CASCADE, related_name="+")
    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"conversation:{self.conversation_id} up to {self.number}"
