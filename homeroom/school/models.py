"""The shape of a school. Foreign keys from every other module point down to these."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from homeroom.kit.ids import new_id


class Stage(models.TextChoices):
    """The stages of Chinese schooling; rules differ by stage, so a grade always knows its own."""

    KINDERGARTEN = "kindergarten", _("Kindergarten")
    PRIMARY = "primary", _("Primary school")
    JUNIOR = "junior", _("Junior middle school")
    SENIOR = "senior", _("Senior middle school")
    VOCATIONAL = "vocational", _("Vocational school")


class School(models.Model):
    """One school. Several may share an installation; nothing but an account ever crosses between them."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    name = models.CharField(max_length=120, unique=True)
    short_name = models.CharField(max_length=20, blank=True)  # the signature 【…】 on text that leaves the platform
    stages = models.JSONField(default=list)  # Stage values, in order of age
    time_zone = models.CharField(max_length=40, default="Asia/Shanghai")
    roster_version = models.PositiveBigIntegerField(default=0)  # moves with every change of people, roles or classes
    is_trial = models.BooleanField(default=False)  # a visitor's own roster inside the demonstration; goes with it
    modules_off = models.JSONField(default=list)  # what ModuleSwitch says, on the row every request reads anyway
    setup_done = models.JSONField(default=list)  # steps of the administrator's checklist marked as done by hand
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def signature(self) -> str:
        """The name in front of every text that leaves the platform, without brackets."""
        return self.short_name or self.name


class Grade(models.Model):
    """三年级, 初二 …: a rung that classes pass through."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="grades")
    stage = models.CharField(max_length=12, choices=Stage.choices)
    number = models.PositiveSmallIntegerField()  # within the stage, from 1
    name = models.CharField(max_length=20)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["school", "stage", "number"], name="grade_once_in_a_stage")]

    def __str__(self) -> str:
        return self.name


class SchoolClass(models.Model):
    """A class of pupils who stay together (行政班)."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="classes")
    grade = models.ForeignKey(Grade, on_delete=models.PROTECT, related_name="classes")
    number = models.PositiveSmallIntegerField()  # 2 of 三年级2班
    name = models.CharField(max_length=30)  # 三年级2班
    entry_year = models.PositiveSmallIntegerField(null=True, blank=True)  # 2024 of 2024级2班
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["grade_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["school", "grade", "number"],
                condition=Q(archived_at__isnull=True),
                name="class_once_in_a_grade",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Subject(models.Model):
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="subjects")
    name = models.CharField(max_length=30)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["school", "name"], name="subject_once_in_a_school")]

    def __str__(self) -> str:
        return self.name


class Term(models.Model):
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="terms")
    name = models.CharField(max_length=40)  # 2026—2027学年第一学期
    starts_on = models.DateField()
    ends_on = models.DateField()

    class Meta:
        ordering = ["starts_on"]
        constraints = [
            models.UniqueConstraint(fields=["school", "starts_on"], name="term_starts_once"),
            models.CheckConstraint(condition=Q(ends_on__gt=models.F("starts_on")), name="term_ends_after_start"),
        ]

    def __str__(self) -> str:
        return self.name


class CalendarDay(models.Model):
    """An exception to the weekly plan: closed, or open as if it were another weekday (调休)."""

    class Kind(models.TextChoices):
        CLOSED = "closed", _("Closed")
        MAKE_UP = "make_up", _("Make-up school day")

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="calendar_days")
    on = models.DateField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    as_weekday = models.PositiveSmallIntegerField(null=True, blank=True)  # Monday is 0; for make-up days
    label = models.CharField(max_length=40, blank=True)  # 国庆节

    class Meta:
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["school", "on"], name="one_exception_a_day")]

    def __str__(self) -> str:
        return f"{self.on} {self.label}"


class WorkingInterval(models.Model):
    """A span of a weekday in which staff are expected to answer; several a day, in the school's time zone."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="working_intervals")
    weekday = models.PositiveSmallIntegerField()  # Monday is 0
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta:
        ordering = ["weekday", "starts"]
        constraints = [
            models.UniqueConstraint(fields=["school", "weekday", "starts"], name="interval_starts_once"),
            models.CheckConstraint(condition=Q(ends__gt=models.F("starts")), name="interval_ends_after_start"),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.starts}–{self.ends}"


class Topic(models.Model):
    """What a question or a talk is about, in the school's own words: 费用, and under it 午餐费. At most two deep."""

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="topics")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    name = models.CharField(max_length=20)
    words = models.JSONField(default=list)  # what people write when they mean it: 缴费, 退费
    is_complaint = models.BooleanField(default=False)  # asked of the school's leaders, unseen by any teacher
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)  # no longer offered; what it named keeps it

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["school", "name"], condition=Q(archived_at__isnull=True), name="topic_once_in_a_school"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ModuleSwitch(models.Model):
    """Whether a school uses a module. No row: as the stage's preset says (on)."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="module_switches")
    module = models.CharField(max_length=30)  # the module's folder name, or a feature of it: notices.fees
    is_on = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["school", "module"], name="one_switch_a_module")]

    def __str__(self) -> str:
        return f"{self.module}={self.is_on}"
