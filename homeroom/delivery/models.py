"""Items, recipients, what leaves the platform, and what each family prefers."""

from __future__ import annotations

from datetime import time

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from homeroom.kit.ids import new_id
from homeroom.people.models import Person
from homeroom.school.models import School, SchoolClass


class Level(models.TextChoices):
    """What an item asks."""

    READ = "read", _("Only read")
    CONFIRM = "confirm", _("Confirm")
    SIGN = "sign", _("Sign")
    REPLY = "reply", _("Reply")


class HouseholdRule(models.TextChoices):
    """Whose doing settles a child."""

    ANY = "any", _("Any one guardian of the child")
    EACH = "each", _("Each guardian of the child")


class Priority(models.TextChoices):
    """Routine and important items wait for the end of quiet hours; an emergency waits for nothing."""

    ROUTINE = "routine", _("Routine")
    IMPORTANT = "important", _("Important")
    EMERGENCY = "emergency", _("Emergency")


class Category(models.TextChoices):
    """What an item is about, in a family's words: the filter chips, and what can be muted."""

    NOTICE = "notice", _("Notices")
    ACTIVITY = "activity", _("Activities")
    HEALTH = "health", _("Health")
    FEE = "fee", _("Fees")
    TIMETABLE = "timetable", _("Timetable changes")
    BUS = "bus", _("School bus")
    SAFETY = "safety", _("Safety")
    HOMEWORK = "homework", _("Homework")
    SCORE = "score", _("Scores")
    TALK = "talk", _("Messages")
    OTHER = "other", _("Other")


MANDATORY = frozenset({Category.SAFETY, Category.HEALTH, Category.TIMETABLE, Category.FEE})  # cannot be muted


class Item(models.Model):
    """One thing handed to delivery. It stores all a card shows, so a feed reads only this module."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=30)  # the owner module's word: notice
    source_id = models.BigIntegerField(null=True)  # the owner's row
    sender = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    sender_label = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    lead = models.CharField(max_length=400, blank=True)
    link = models.CharField(max_length=200, blank=True)  # the owner's page; empty: the item's own page shows all
    action_label = models.CharField(max_length=40, blank=True)  # on the button, instead of the level's word
    extras = models.JSONField(default=dict)  # small facts for the card: {"files": 2, "amount": "120.00"}
    level = models.CharField(max_length=8, choices=Level.choices)
    household_rule = models.CharField(max_length=4, choices=HouseholdRule.choices)
    priority = models.CharField(max_length=9, choices=Priority.choices)
    category = models.CharField(max_length=10, choices=Category.choices)
    deadline_at = models.DateTimeField(null=True)
    text_version = models.PositiveIntegerField(default=1)
    sent_at = models.DateTimeField()
    recalled_at = models.DateTimeField(null=True)
    recall_reason = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True)  # past its deadline, the report was sent; doing it now is late
    # The reminder policy, and where it stands.
    remind_every = models.DurationField(null=True)
    remind_at_most = models.PositiveSmallIntegerField(default=0)
    reminders_done = models.PositiveSmallIntegerField(default=0)  # automatic ones
    remind_before_deadline = models.DurationField(null=True)
    next_reminder_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)  # the sender was told whom no reminder moved

    class Meta:
        indexes = [
            models.Index(fields=["sender", "-sent_at"], name="item_by_sender"),
            models.Index(fields=["school", "-sent_at"], name="item_by_school"),
            models.Index(fields=["kind", "source_id"], name="item_by_source"),
            models.Index(
                fields=["next_reminder_at"], name="item_to_remind", condition=Q(next_reminder_at__isnull=False)
            ),
            models.Index(
                fields=["deadline_at"],
                name="item_to_close",
                condition=Q(closed_at__isnull=True, deadline_at__isnull=False, recalled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"item:{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether anything can still be done about it."""
        return self.recalled_at is None


class TextVersion(models.Model):
    """What an item said, version by version: a signature is under one of them."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    lead = models.CharField(max_length=400, blank=True)
    text = models.TextField(blank=True)  # the whole text without markup
    note = models.CharField(max_length=200, blank=True)  # what was corrected
    asked_again = models.BooleanField(default=False)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["item", "number"], name="text_version_once")]

    def __str__(self) -> str:
        return f"item:{self.item_id} version {self.number}"


class Recipient(models.Model):
    """One person's copy of an item, for a guardian about one child: two guardians of a child hold two copies.

    Whatever a person does by looking (delivered, read, snoozed) is the same on all their copies of the item.
    """

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="recipients", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    student = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")  # null: staff, pupils
    school_class = models.ForeignKey(  # the student's class when it was sent
        SchoolClass, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    asks = models.BooleanField()  # False: this person is only told (may not confirm or sign for this child)
    muted = models.BooleanField(default=False)
    in_digest = models.BooleanField(default=False)
    surfaces_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    done_version = models.PositiveIntegerField(null=True)
    settled_at = models.DateTimeField(null=True)  # nothing more is asked for this child, by the household rule
    reminded_at = models.DateTimeField(null=True)  # the latest only; the history is in audit
    reminders = models.PositiveSmallIntegerField(default=0)
    snoozed_until = models.DateTimeField(null=True)
    snooze_reason = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [  # two, because NULLs never collide; the first without a condition, so look-ups can use it
            models.UniqueConstraint(fields=["item", "person", "student"], name="one_copy_each"),
            models.UniqueConstraint(fields=["item", "person"], condition=Q(student__isnull=True), name="one_copy_self"),
        ]
        indexes = [
            models.Index(
                fields=["person", "surfaces_at", "item", "student", "read_at", "muted"],
                name="recipient_feed",
            ),
            models.Index(
                fields=["person", "surfaces_at", "item", "student"],
                name="recipient_unread",
                condition=Q(read_at__isnull=True, muted=False),
            ),
            models.Index(
                fields=["person", "item"],
                name="recipient_to_do",
                condition=Q(settled_at__isnull=True, asks=True),
            ),
            models.Index(fields=["surfaces_at"], name="recipient_to_surface", condition=Q(sent_at__isnull=True)),
            models.Index(fields=["snoozed_until"], name="recipient_snoozed", condition=Q(snoozed_until__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"recipient:{self.pk}"


class Signature(models.Model):
    """What somebody signed with, under which version of the text. Never edited; a correction asks for a new one."""

    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="signatures")
    text_version = models.PositiveIntegerField()
    typed_name = models.CharField(max_length=60, blank=True)
    strokes = models.JSONField(default=list)  # [[[x, y], …], …] on a 600 × 200 sheet; empty when typed
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recipient", "text_version"], name="one_signature_a_version")]

    def __str__(self) -> str:
        return f"signature of {self.recipient_id}"


class Reply(models.Model):
    """A line between one family member and the staff about an item; no other family ever sees it."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="replies")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)  # whose talk this is
    student = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    author_label = models.CharField(max_length=80)
    text = models.TextField()
    written_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)  # a family's line: staff answered or said nothing is needed
    key = models.CharField(max_length=40, null=True)  # noqa: DJ001  (the outbox's own: a line sent twice is kept once)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["author", "key"], name="reply_once_a_key")]
        indexes = [
            models.Index(fields=["item", "person"], name="reply_by_talk"),
            models.Index(fields=["school", "item"], name="reply_waiting", condition=Q(answered_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"reply:{self.pk}"


class Dispatch(models.Model):
    """One message to one person over one outside channel: claimed, sent, retried or given up by workers.

    `occasion` numbers what it is about (0 the item itself, then each reminder), so that the same reminder asked for
    twice is one row.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        UNREACHABLE = "unreachable", _("Could not be reached")
        GIVEN_UP = "given_up", _("Given up after several tries")
        CANCELLED = "cancelled", _("No longer needed")

    class Reason(models.TextChoices):
        ITEM = "item", _("New item")
        REMINDER = "reminder", _("Reminder")
        DIGEST = "digest", _("Digest")
        CORRECTION = "correction", _("Correction")
        RECALL = "recall", _("Recall")

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="dispatches", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=20)
    reason = models.CharField(max_length=10, choices=Reason.choices)
    occasion = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=11, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)  # a worker has it; if it dies, the row is free again then
    claimed_by = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=120, blank=True)  # the channel's code, never an address

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "person", "channel", "reason", "occasion"], name="one_dispatch_each"
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="dispatch_due", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"dispatch:{self.pk}"


class Mode(models.TextChoices):
    """How a category's routine items come."""

    INSTANT = "instant", _("At once")
    DIGEST = "digest", _("In the daily digest")
    MUTE = "mute", _("Quietly: only in the list")


class OutsideWhen(models.TextChoices):
    """What is also sent outside the app (email now)."""

    EVERY = "every", _("Every item")
    REMINDERS = "reminders", _("Only reminders and emergencies")
    NEVER = "never", _("Only emergencies")


class Settings(models.Model):
    """How one person wants to be reached; no row means the defaults."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="+", primary_key=True)
    quiet_from = models.TimeField(default=time(21, 30))
    quiet_until = models.TimeField(default=time(7, 0))  # the same as quiet_from: no quiet hours
    digest_at = models.TimeField(default=time(18, 30))
    outside_when = models.CharField(max_length=9, choices=OutsideWhen.choices, default=OutsideWhen.EVERY)
    categories = models.JSONField(default=dict)  # Category → Mode, only those not at once

    def __str__(self) -> str:
        return f"settings of person:{self.person_id}"
