"""What is held, reported, decided and appealed against, and who does not want to read whom."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from homeroom.kit.ids import new_id
from homeroom.people.models import Person
from homeroom.school.models import School

from .talk import Conversation, Message


class Held(models.Model):
    """A message that is not yet said: it gets a number and readers only when a moderator lets it through."""

    class Cause(models.TextChoices):
        REPLY = "reply", _("An open answer in the class channel")
        WORDS = "words", _("Words that a moderator reads first")
        APPEAL = "appeal", _("The sender objects to a refused word")

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+", db_index=False)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    cause = models.CharField(max_length=6, choices=Cause.choices)
    text = models.TextField()
    plea = models.CharField(max_length=300, blank=True, default="")  # what the sender says to the moderator
    found = models.JSONField(default=list)  # which words hit and why, as the sender was told
    quoted = models.ForeignKey(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    files = models.JSONField(default=list)  # uuids of what goes with it
    client_key = models.UUIDField()
    written_at = models.DateTimeField()
    message = models.OneToOneField(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "author", "client_key"], name="held_once"),
        ]

    def __str__(self) -> str:
        return f"held:{self.pk}"


class Case(models.Model):
    """One matter for a moderator: a reported message, or one that waits to be said. Its rulings are never changed."""

    class State(models.TextChoices):
        OPEN = "open", _("Waiting")
        DECIDED = "decided", _("Decided")
        APPEALED = "appealed", _("Appealed against")
        FINAL = "final", _("Decided for good")
        TAKEN_BACK = "taken_back", _("Taken back by its author")

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+", db_index=False)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    held = models.OneToOneField(Held, null=True, blank=True, on_delete=models.PROTECT, related_name="case")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField()
    appealed_at = models.DateTimeField(null=True, blank=True)
    appeal_text = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message"], condition=Q(state__in=["open", "appealed"]), name="one_open_case_a_message"
            ),
            models.CheckConstraint(
                name="case_has_one_subject",
                condition=Q(message__isnull=False, held__isnull=True) | Q(message__isnull=True, held__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["school", "conversation"], condition=Q(state__in=["open", "appealed"]), name="case_waiting"
            ),
            models.Index(fields=["conversation", "author", "state"], name="case_by_author"),
        ]

    def __str__(self) -> str:
        return f"case:{self.pk}"


class Report(models.Model):
    """One person's word that a message should be looked at. Its author never learns who it was."""

    class Reason(models.TextChoices):
        HURTFUL = "hurtful", _("Hurtful or insulting")
        FALSE = "false", _("False or misleading")
        PRIVATE = "private", _("Tells private things of a child or a family")
        SELLING = "selling", _("Advertising or soliciting")
        OTHER = "other", _("Something else")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=8, choices=Reason.choices)
    text = models.CharField(max_length=500, blank=True, default="")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["case", "reporter"], name="reported_once")]

    def __str__(self) -> str:
        return f"report:{self.pk}"


class Ruling(models.Model):
    """What a moderator decided, and why. The second one is about the appeal and by somebody else."""

    class Outcome(models.TextChoices):
        STAND = "stand", _("The message stays")
        HIDDEN = "hidden", _("The message was withdrawn")
        APPROVED = "approved", _("The message was sent")
        REFUSED = "refused", _("The message was not sent")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="rulings")
    decider = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    reason = models.CharField(max_length=300)
    muted_days = models.PositiveSmallIntegerField(default=0)
    on_appeal = models.BooleanField(default=False)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["case", "on_appeal"], name="ruled_once_each")]

    def __str__(self) -> str:
        return f"ruling:{self.pk}"


class Block(models.Model):
    """Somebody does not want to read what another family writes. Only they know."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    blocked = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "blocked"], name="blocked_once")]

    def __str__(self) -> str:
        return f"block:{self.pk}"
