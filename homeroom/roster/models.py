"""Import runs, what they hold while they wait, and what the school's roster remembers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from homeroom.kit.ids import new_id
from homeroom.people.models import Guardianship, Person
from homeroom.school.models import School

CLAIM_LASTS = timedelta(seconds=60)  # work on a run tells every few seconds that it goes on


class ImportRun(models.Model):
    """One file on its way into one school.

    `wanted` is the step somebody asked for and that is not done; whoever does it claims the run for a minute at a
    time, so a killed process leaves a run that the next one takes up. The step that changes the roster sets the state
    in its own transaction: it is done whole, or still wanted.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        COMPARED = "compared", _("Ready to apply")
        APPLIED = "applied", _("Applied")
        ROLLED_BACK = "rolled_back", _("Rolled back")
        FAILED = "failed", _("Could not be read")

    class Wanted(models.TextChoices):
        NOTHING = "", _("Nothing")
        COMPARE = "compare", _("Read and compare")
        APPLY = "apply", _("Apply")

    uuid = models.UUIDField(default=new_id, unique=True, editable=False)
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")  # null: the command line
    filename = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=State.choices, default=State.UPLOADED)
    wanted = models.CharField(max_length=8, choices=Wanted.choices, blank=True, default=Wanted.COMPARE)
    claimed_at = models.DateTimeField(null=True, blank=True)
    progress = models.FloatField(default=0)  # of the step that is under way, 0 to 1
    options = models.JSONField(default=dict)  # mapping, classes, answers, keep_gone, all_or_nothing
    trouble = models.JSONField(default=dict)  # code and values, when the file was refused or the step stopped
    summary = models.JSONField(default=dict)  # counts, for lists and the report
    roster_version = models.PositiveBigIntegerField(
        default=0
    )  # of the school, when it was compared; after applying: then
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    rolled_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["school", "-id"], name="run_by_school"),
            models.Index(fields=["claimed_at"], condition=~Q(wanted=""), name="run_wanted"),
        ]

    def __str__(self) -> str:
        return f"import:{self.pk} {self.state}"

    def is_under_way(self, now: datetime) -> bool:
        """Whether a step is asked for; it may be waiting, or worked on."""
        return self.wanted != "" and now is not None

    def part(self, name: str) -> bytes | None:
        """What the run holds under `name`, or None when it was dropped."""
        row = self.parts.filter(name=name).first()
        return row.opened() if row else None


class RunPart(models.Model):
    """A piece of a run: the file itself, the plan made from it, or what undoes it. Encrypted: it is full of people."""

    class Name(models.TextChoices):
        FILE = "file", _("File")
        PLAN = "plan", _("Plan")
        UNDO = "undo", _("Undo")

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="parts")
    name = models.CharField(max_length=4, choices=Name.choices)
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="one_part_of_a_name")]

    def __str__(self) -> str:
        return f"{self.name} of import:{self.run_id}"

    def opened(self) -> bytes:
        from .sealing import opened

        return opened(bytes(self.content))


class RosterEdge(models.Model):
    """A guardianship that a roster file made. Only these are ended when a file leaves them out; what people entered
    by hand is not the file's to take away."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    guardianship = models.OneToOneField(Guardianship, on_delete=models.CASCADE, related_name="+")
    ended = models.BooleanField(default=False)  # by a file that left it out: a later file may bring it back

    class Meta:
        indexes = [models.Index(fields=["school"], name="roster_edge_by_school")]

    def __str__(self) -> str:
        return f"roster edge:{self.guardianship_id}"


class RememberedColumn(models.Model):
    """What a school's own header means: asked once, known at the next import."""

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    header = models.CharField(max_length=120)  # in its normal form
    field = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["school", "header"], name="header_remembered_once")]

    def __str__(self) -> str:
        return f"{self.header} is {self.field}"


def remembered(school_id: int) -> dict[str, str]:
    """The school's own headers."""
    rows: Any = RememberedColumn.objects.filter(school_id=school_id).values_list("header", "field")
    return dict(rows)
