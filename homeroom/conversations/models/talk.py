"""The conversation, who is in it, and what is said."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from homeroom.kit.ids import new_id
from homeroom.people.models import Person
from homeroom.school.models import Grade, School, SchoolClass


class Conversation(models.Model):
    """One conversation. `last_number` is its newest message; `last_change` counts edits, withdrawals and reactions."""

    class Kind(models.TextChoices):
        FAMILY = "family", _("Family and teacher")
        CHANNEL = "channel", _("Class channel")
        STAFF = "staff", _("Staff room")
        PUPIL = "pupil", _("Pupil and teacher")

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    student = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    teacher = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    school_class = models.ForeignKey(SchoolClass, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    grade = models.ForeignKey(Grade, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    last_number = models.BigIntegerField(default=0)
    last_change = models.BigIntegerField(default=0)
    last_message_at = models.DateTimeField(null=True, blank=True)
    settled_number = models.BigIntegerField(default=0, db_default=0)  # what the family wrote up to here needs no answer
    membership_version = models.BigIntegerField(default=0)  # moves whenever somebody joins, leaves or may speak or not
    read_first = models.BooleanField(default=False, db_default=False)  # what families write here waits for a moderator
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["school", "student", "teacher"], condition=Q(kind="family"), name="one_thread_with_a_teacher"
            ),
            models.UniqueConstraint(
                fields=["school", "student", "teacher"],
                condition=Q(kind="pupil"),
                name="one_pupil_thread_with_a_teacher",
            ),
            models.UniqueConstraint(
                fields=["school", "school_class"], condition=Q(kind="channel"), name="one_channel_a_class"
            ),
            models.UniqueConstraint(
                fields=["school", "grade"], condition=Q(kind="staff", grade__isnull=False), name="one_room_a_grade"
            ),
            models.UniqueConstraint(
                fields=["school"], condition=Q(kind="staff", grade__isnull=True), name="one_room_a_school"
            ),
            models.CheckConstraint(
                name="conversation_has_its_place",
                condition=(
                    Q(kind__in=["family", "pupil"], student__isnull=False, teacher__isnull=False)
                    | Q(kind="channel", school_class__isnull=False)
                    | Q(kind="staff", student__isnull=True, school_class__isnull=True)
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"conversation:{self.pk}"


class Side(models.TextChoices):
    FAMILY = "family", _("Family")
    STAFF = "staff", _("Staff")


class Membership(models.Model):
    """Somebody's time in a conversation: they see messages above `since_number`, until they have left.

    The two moments are apart because a duty or a delegation says beforehand when it ends (`ends_at`): access stops then
    by itself, and the nightly job only enters `left_at`.
    """

    follows_roster = True  # an import that is rolled back takes the memberships along that it made

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    side = models.CharField(max_length=6, choices=Side.choices)
    since_number = models.BigIntegerField(default=0)
    read_number = models.BigIntegerField(default=0)
    can_speak = models.BooleanField(default=True)
    muted_until = models.DateTimeField(null=True, blank=True)  # a moderator lets them only read until then
    joined_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "person"], condition=Q(left_at__isnull=True), name="member_once_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["person", "left_at"], name="membership_by_person")]

    def __str__(self) -> str:
        return f"person:{self.person_id} in conversation:{self.conversation_id}"


class Message(models.Model):
    """One message: its row is also the event that readers of its conversation's stream get, and its own audit."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False
    )  # the unique constraints begin with it
    number = models.BigIntegerField()
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    text = models.TextField()
    # Also of another conversation: "answer privately" quotes the channel. Shown only to who can read the original.
    quoted = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    client_key = models.UUIDField()
    has_files = models.BooleanField(default=False)
    # What the message cites, by its owner's word and id: shown to each reader by their own rights.
    cites_kind = models.CharField(max_length=20, blank=True, default="", db_default="")
    cites_uuid = models.UUIDField(null=True, blank=True)
    sent_at = models.DateTimeField()
    changed_number = models.BigIntegerField(default=0)  # the conversation's `last_change` at the latest change of this
    edited_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    withdrawn_reason = models.CharField(max_length=200, blank=True, default="")
    automatic = models.BooleanField(default=False, db_default=False)  # written for its author, who is away

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="message_number_once"),
            models.UniqueConstraint(fields=["conversation", "author", "client_key"], name="message_sent_once"),
        ]
        indexes = [
            models.Index(
                fields=["conversation", "changed_number"], condition=Q(changed_number__gt=0), name="message_by_change"
            )
        ]

    def __str__(self) -> str:
        return f"message:{self.pk}"


class MessageRevision(models.Model):
    """What a message said before it was edited."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="revisions")
    text = models.TextField()
    replaced_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"revision:{self.pk} of message:{self.message_id}"


MARKS = {"ok": "check", "thanks": "mood-smile", "like": "star", "heart": "heart"}  # icons: not every screen has emoji


class Reaction(models.Model):
    """One sign of one person on a message."""

    class Kind(models.TextChoices):
        SEEN = "ok", _("Noted")
        THANKS = "thanks", _("Thank you")
        LIKE = "like", _("Well done")
        HEART = "heart", _("Warmly")

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "person", "kind"], name="reaction_once_a_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of person:{self.person_id} on message:{self.message_id}"


class Draft(models.Model):
    """What somebody has begun to write and not sent, the same on all their devices."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="drafts")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    text = models.TextField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "person"], name="one_draft_each")]

    def __str__(self) -> str:
        return f"draft of person:{self.person_id}"


class HouseRules(models.Model):
    """How a school wants its conversations: none stored means closed channels and no duty phone."""

    school = models.OneToOneField(School, on_delete=models.CASCADE, related_name="+")
    open_replies = models.BooleanField(default=False)  # families may answer in class channels, for all to read
    read_first = models.BooleanField(default=False, db_default=False)  # they wait until a moderator has read them
    duty_phone = models.CharField(max_length=30, blank=True, default="")
    pupil_threads = models.JSONField(default=dict, blank=True)  # stage → what guardians may in a pupil's own threads

    def __str__(self) -> str:
        return f"rules of school:{self.school_id}"
