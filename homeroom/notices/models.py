"""What is stored: notices, and who need not pay."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from homeroom.delivery.public import Category, HouseholdRule, Level, Priority
from homeroom.kit.ids import new_id
from homeroom.people.models import Person
from homeroom.school.models import School

TITLE_AT_MOST = 80


class Notice(models.Model):
    """One notice from its first word to its recall."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        PUBLISHED = "published", _("Published")
        RECALLED = "recalled", _("Recalled")

    class Reminders(models.TextChoices):
        NONE = "none", _("Only when I press the button")
        GENTLE = "gentle", _("Once, shortly before the deadline")
        USUAL = "usual", _("After a day, then daily, three times at most")
        FIRM = "firm", _("After four hours, then twice a day, five times at most")

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    sender = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    client_key = models.UUIDField()  # made by the page before the first save: saving twice makes one draft
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    edition = models.PositiveIntegerField(default=1)  # moves with every save; two windows do not overwrite each other
    audience = models.JSONField(default=dict)
    audience_words = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=TITLE_AT_MOST, blank=True)
    text = models.TextField(blank=True)  # sanitised markup with variables as written
    category = models.CharField(max_length=10, choices=Category.choices, default=Category.NOTICE)
    level = models.CharField(max_length=8, choices=Level.choices, default=Level.READ)
    household_rule = models.CharField(max_length=4, choices=HouseholdRule.choices, default=HouseholdRule.ANY)
    priority = models.CharField(max_length=9, choices=Priority.choices, default=Priority.ROUTINE)
    reminders = models.CharField(max_length=6, choices=Reminders.choices, default=Reminders.USUAL)
    deadline_at = models.DateTimeField(null=True, blank=True)
    fee_item = models.CharField(max_length=60, blank=True)
    fee_amount = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    schedule_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=300, blank=True)  # why a scheduled notice could not be published
    item = models.ForeignKey("delivery.Item", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    recalled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["school", "sender", "client_key"], name="notice_once_a_key"),
            models.CheckConstraint(
                condition=Q(state="scheduled", schedule_at__isnull=False) | ~Q(state="scheduled"),
                name="scheduled_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["published", "recalled"], item__isnull=False, published_at__isnull=False)
                | Q(state__in=["draft", "scheduled"], item__isnull=True),
                name="published_has_its_item",
            ),
        ]
        indexes = [
            models.Index(fields=["sender", "-updated_at"], name="notice_by_sender"),
            models.Index(fields=["school", "-published_at"], name="notice_by_school"),
            models.Index(fields=["schedule_at"], name="notice_due", condition=Q(state="scheduled")),
        ]

    def __str__(self) -> str:
        return f"notice:{self.pk}"

    @property
    def is_editable(self) -> bool:
        """Not published yet."""
        return self.state in {self.State.DRAFT, self.State.SCHEDULED}

    @property
    def asks_money(self) -> bool:
        return self.category == Category.FEE


class FeeMark(models.Model):
    """A child who need not be asked for a fee any more."""

    class State(models.TextChoices):
        PAID = "paid", _("Paid")
        EXEMPT = "exempt", _("Exempt")

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+", db_index=False)
    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="fee_marks", db_index=False)
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=6, choices=State.choices)
    marked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    marked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "student"], name="one_fee_mark_a_child")]

    def __str__(self) -> str:
        return f"{self.state} person:{self.student_id} notice:{self.notice_id}"
