"""Changes to a school's shape."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.access import Actor
from homeroom.kit.errors import Invalid

from .models import Grade, ModuleSwitch, School, Stage, Subject, WorkingInterval
from .presets import PRESETS


@transaction.atomic
def create_school(
    *, actor: Actor, name: str, stages: list[Stage], short_name: str = "", is_trial: bool = False
) -> School:
    """A school with its stages' preset grades, subjects and working hours.

    Raises Invalid when the name is empty or taken, or no stage is given. Who may is the caller's question: a school is
    made by `homeroom init`, a roster import or the demonstration, each with its own rule.
    """
    name = name.strip()
    if not name:
        raise Invalid(_("Enter the school's name."), fields={"name": _("Enter the school's name.")})
    if School.objects.filter(name=name).exists():
        taken = _("There is already a school with this name.")
        raise Invalid(taken, fields={"name": taken})
    if not stages:
        missing = _("Choose at least one stage.")
        raise Invalid(missing, fields={"stages": missing})
    ordered = [stage for stage in Stage if stage in stages]
    school = School.objects.create(name=name, short_name=short_name.strip(), stages=ordered, is_trial=is_trial)
    for stage in ordered:
        add_stage(school, stage)
    audit.record(actor=actor, action="school.created", target=school, school_id=school.id)
    return school


def add_stage(school: School, stage: Stage) -> None:
    """Give `school` the preset grades, subjects and hours of `stage`; what it already has stays as it is."""
    preset = PRESETS[stage]
    Grade.objects.bulk_create(
        [Grade(school=school, stage=stage, number=n, name=title) for n, title in enumerate(preset.grades, 1)],
        ignore_conflicts=True,
    )
    taken = set(school.subjects.values_list("name", flat=True))
    start = len(taken)
    Subject.objects.bulk_create(
        [
            Subject(school=school, name=title, position=start + n)
            for n, title in enumerate(t for t in preset.subjects if t not in taken)
        ]
    )
    if not school.working_intervals.exists():
        WorkingInterval.objects.bulk_create(
            [
                WorkingInterval(school=school, weekday=weekday, starts=starts, ends=ends)
                for weekday in range(5)
                for starts, ends in preset.hours
            ]
        )
    if stage not in school.stages:
        school.stages = [s for s in Stage if s == stage or s in school.stages]
        school.save(update_fields=["stages"])


@transaction.atomic
def switch_module(*, actor: Actor, school: School, module: str, is_on: bool) -> None:
    """Turn a module on or off for the school: off means no menu entry and 404 at its addresses."""
    ModuleSwitch.objects.update_or_create(school=school, module=module, defaults={"is_on": is_on})
    audit.record(actor=actor, action="module.switched", target=school, school_id=school.id, module=module, is_on=is_on)


def roster_moved(school_id: int) -> None:
    """Count a change of people, roles, classes or guardianship, so that a prepared import notices it."""
    School.objects.filter(pk=school_id).update(roster_version=F("roster_version") + 1)
