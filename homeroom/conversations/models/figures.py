"""What figures need and no other row says: how long a family waited for an answer."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from homeroom.school.models import School

from .talk import Conversation


class Exchange(models.Model):
    """A family wrote and somebody of the school answered, in a family thread. Ids only; written once, after the answer.

    `asked_number` is the first message of the family that nobody had answered, `answered_number` what answered it.
    """

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="exchanges", db_index=False)
    asked_number = models.BigIntegerField()
    answered_number = models.BigIntegerField()
    guardian_id = models.BigIntegerField()
    teacher_id = models.BigIntegerField()
    student_id = models.BigIntegerField(null=True)
    class_id = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField()
    working_minutes = models.FloatField()  # by the school's calendar, when it was written down

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "asked_number"], name="exchange_once")]
        indexes = [models.Index(fields=["school", "answered_at"], name="exchange_by_time")]

    def __str__(self) -> str:
        return f"{self.asked_number}–{self.answered_number} of conversation:{self.conversation_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("what happened in a conversation is never rewritten")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("what happened in a conversation is never deleted")
