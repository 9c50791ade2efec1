"""Changes to a school's shape."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import available_timezones

from django.db import transaction
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.access import Actor, require
from homeroom.kit.errors import Invalid

from . import access, topics
from .calendar import fits
from .models import CalendarDay, Grade, ModuleSwitch, School, SchoolClass, Stage, Subject, Term, WorkingInterval
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
    topics.give_usual(school)
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
def change_school(
    *, actor: Actor, school: School, name: str, short_name: str, stages: list[Stage], time_zone: str
) -> None:
    """Correct the school's names, time zone and stages; a new stage brings its grades and subjects.

    A stage whose grades have classes stays. Raises NotAllowed, or Invalid for what was typed.
    """
    require(access.can_decide_for_school(actor, school.pk))
    name, short_name = name.strip(), short_name.strip()
    fields: dict[str, str | Promise] = {}
    if not name:
        fields["name"] = _("Enter the school's name.")
    elif School.objects.filter(name=name).exclude(pk=school.pk).exists():
        fields["name"] = _("There is already a school with this name.")
    if len(short_name) > 20:
        fields["short_name"] = _("At most 20 characters.")
    if time_zone not in available_timezones():
        fields["time_zone"] = _("Choose a time zone.")
    used = set(SchoolClass.objects.filter(school=school, archived_at=None).values_list("grade__stage", flat=True))
    if not stages:
        fields["stages"] = _("Choose at least one stage.")
    elif used - set(stages):
        fields["stages"] = _("A stage that has classes cannot be removed.")
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    School.objects.filter(pk=school.pk).update(name=name, short_name=short_name, time_zone=time_zone)
    school.name, school.short_name, school.time_zone = name, short_name, time_zone
    for stage in stages:
        if stage not in school.stages:
            add_stage(school, stage)
    gone = [stage for stage in school.stages if stage not in stages]
    if gone:
        Grade.objects.filter(school=school, stage__in=gone, classes__isnull=True).delete()
        school.stages = [stage for stage in school.stages if stage in stages]
        school.save(update_fields=["stages"])
    roster_moved(school.pk)
    audit.record(actor=actor, action="school.changed", target=school, school_id=school.pk)


@transaction.atomic
def add_classes(*, actor: Actor, grade: Grade, numbers: list[int], entry_year: int | None = None) -> list[SchoolClass]:
    """Add the classes with these numbers to a grade, named 三年级2班; numbers there already are left alone."""
    require(access.can_shape_school(actor, grade.school_id))
    if any(not 1 <= number <= 99 for number in numbers):
        wrong = _("Class numbers run from 1 to 99.")
        raise Invalid(wrong, fields={"numbers": wrong})
    there = set(grade.classes.filter(archived_at__isnull=True).values_list("number", flat=True))
    made = SchoolClass.objects.bulk_create(
        [
            SchoolClass(
                school_id=grade.school_id, grade=grade, number=n, name=f"{grade.name}{n}班", entry_year=entry_year
            )
            for n in sorted(set(numbers) - there)
        ]
    )
    if made:
        roster_moved(grade.school_id)
        audit.record(actor=actor, action="classes.added", target=grade, classes=[one.pk for one in made])
    return made


@transaction.atomic
def rename_class(*, actor: Actor, school_class: SchoolClass, name: str) -> None:
    """Give a class another name. Raises Invalid when it is empty."""
    require(access.can_shape_school(actor, school_class.school_id))
    if not name.strip():
        missing = _("Enter the name.")
        raise Invalid(missing, fields={"name": missing})
    school_class.name = name.strip()[:30]
    school_class.save(update_fields=["name"])
    roster_moved(school_class.school_id)
    audit.record(actor=actor, action="class.renamed", target=school_class)


@transaction.atomic
def archive_class(*, actor: Actor, school_class: SchoolClass, has_students: bool, now: datetime) -> None:
    """Close a class that has left the school; its history stays.

    The caller says whether students are enrolled, for a school knows no students. Raises Invalid when some are.
    """
    require(access.can_shape_school(actor, school_class.school_id))
    if has_students:
        raise Invalid(_("There are still students in this class. Move them first."))
    school_class.archived_at = now
    school_class.save(update_fields=["archived_at"])
    roster_moved(school_class.school_id)
    audit.record(actor=actor, action="class.archived", target=school_class)


@transaction.atomic
def set_subjects(*, actor: Actor, school: School, names: list[str], in_use: frozenset[int] = frozenset()) -> None:
    """The school's subjects in this order; new names are added, missing ones removed.

    `in_use` are ids of subjects somebody teaches. Raises Invalid when one of those would go.
    """
    require(access.can_shape_school(actor, school.pk))
    wanted = list(dict.fromkeys(name.strip()[:30] for name in names if name.strip()))
    if not wanted:
        missing = _("Enter at least one subject.")
        raise Invalid(missing, fields={"names": missing})
    there = {subject.name: subject for subject in school.subjects.all()}
    gone = [subject for name, subject in there.items() if name not in wanted]
    kept = [subject.name for subject in gone if subject.pk in in_use]
    if kept:
        wrong = _("Somebody teaches %(subjects)s; end those duties first.") % {"subjects": _(", ").join(kept)}
        raise Invalid(wrong, fields={"names": wrong})
    Subject.objects.filter(pk__in=[subject.pk for subject in gone]).delete()
    for position, name in enumerate(wanted):
        if name not in there:
            Subject.objects.create(school=school, name=name, position=position)
        elif there[name].position != position:
            Subject.objects.filter(pk=there[name].pk).update(position=position)
    roster_moved(school.pk)
    audit.record(actor=actor, action="subjects.set", target=school, school_id=school.pk, subjects=len(wanted))


@transaction.atomic
def add_term(*, actor: Actor, school: School, name: str, starts_on: date | None, ends_on: date | None) -> Term:
    """A term from its first to its last day. Raises Invalid when the dates miss, are reversed, or overlap another's."""
    require(access.can_shape_school(actor, school.pk))
    fields: dict[str, str | Promise] = {}
    if not name.strip():
        fields["name"] = _("Enter the name.")
    if starts_on is None:
        fields["starts_on"] = _("Enter the first day.")
    if ends_on is None:
        fields["ends_on"] = _("Enter the last day.")
    if starts_on and ends_on:
        if ends_on <= starts_on:
            fields["ends_on"] = _("The last day is before the first.")
        elif school.terms.filter(starts_on__lte=ends_on, ends_on__gte=starts_on).exists():
            fields["starts_on"] = _("These dates overlap another term.")
    if fields or starts_on is None or ends_on is None:
        raise Invalid(next(iter(fields.values())), fields=fields)
    term = Term.objects.create(school=school, name=name.strip()[:40], starts_on=starts_on, ends_on=ends_on)
    audit.record(actor=actor, action="term.added", target=term)
    return term


@transaction.atomic
def remove_term(*, actor: Actor, term: Term) -> None:
    """Remove a term entered by mistake."""
    require(access.can_shape_school(actor, term.school_id))
    audit.record(actor=actor, action="term.removed", target=term)
    term.delete()


@transaction.atomic
def set_calendar_days(
    *,
    actor: Actor,
    school: School,
    starts_on: date | None,
    ends_on: date | None,
    kind: str,
    as_weekday: int | None = None,
    label: str = "",
) -> int:
    """Mark the days first to last as closed, or as make-up days with another weekday's hours; returns how many.

    A day marked before is marked anew. Raises Invalid for missing or reversed dates and spans over 100 days.
    """
    require(access.can_shape_school(actor, school.pk))
    fields: dict[str, str | Promise] = {}
    if starts_on is None:
        fields["starts_on"] = _("Enter the first day.")
    ends_on = ends_on or starts_on
    if kind not in CalendarDay.Kind.values:
        fields["kind"] = _("Choose one.")
    if starts_on and ends_on and not 0 <= (ends_on - starts_on).days < 100:
        fields["ends_on"] = _("The last day is before the first, or too far away.")
    if kind == CalendarDay.Kind.MAKE_UP and as_weekday not in range(7):
        fields["as_weekday"] = _("Choose whose hours apply.")
    if fields or starts_on is None or ends_on is None:
        raise Invalid(next(iter(fields.values())), fields=fields)
    days = [starts_on + timedelta(days=n) for n in range((ends_on - starts_on).days + 1)]
    for day in days:
        CalendarDay.objects.update_or_create(
            school=school,
            on=day,
            defaults={
                "kind": kind,
                "as_weekday": as_weekday if kind == CalendarDay.Kind.MAKE_UP else None,
                "label": label.strip()[:40],
            },
        )
    audit.record(
        actor=actor, action="calendar.marked", target=school, school_id=school.pk, kind=kind,
        starts_on=str(starts_on), ends_on=str(ends_on),
    )  # fmt: skip
    return len(days)


@transaction.atomic
def clear_calendar_day(*, actor: Actor, day: CalendarDay) -> None:
    """Let a day follow the weekly plan again."""
    require(access.can_shape_school(actor, day.school_id))
    audit.record(actor=actor, action="calendar.cleared", target=day, on=str(day.on))
    day.delete()


@transaction.atomic
def set_working_hours(*, actor: Actor, school: School, weekdays: list[int], spans: list[tuple[time, time]]) -> None:
    """The working intervals of these weekdays (Monday is 0), instead of what they had; no spans: a free day.

    Raises Invalid when a span ends before it starts, or two overlap.
    """
    require(access.can_shape_school(actor, school.pk))
    ordered = sorted(spans)
    if not fits(ordered):
        wrong = _("A span must end after it starts, and two must not overlap.")
        raise Invalid(wrong, fields={"spans": wrong})
    if not weekdays or any(weekday not in range(7) for weekday in weekdays):
        wrong = _("Choose the days.")
        raise Invalid(wrong, fields={"weekdays": wrong})
    school.working_intervals.filter(weekday__in=weekdays).delete()
    WorkingInterval.objects.bulk_create(
        [
            WorkingInterval(school=school, weekday=weekday, starts=starts, ends=ends)
            for weekday in weekdays
            for starts, ends in ordered
        ]
    )
    audit.record(actor=actor, action="hours.set", target=school, school_id=school.pk, weekdays=weekdays)


@transaction.atomic
def mark_step(*, actor: Actor, school: School, step: str, is_done: bool) -> None:
    """Tick a step of the set-up checklist by hand, or take the tick back."""
    require(access.can_shape_school(actor, school.pk))
    done = [one for one in school.setup_done if one != step]
    school.setup_done = [*done, step[:30]] if is_done else done
    school.save(update_fields=["setup_done"])
    audit.record(actor=actor, action="setup.marked", target=school, school_id=school.pk, step=step[:30], done=is_done)


@transaction.atomic
def switch_module(*, actor: Actor, school: School, module: str, is_on: bool) -> None:
    """Turn a module on or off for the school: off means no menu entry and 404 at its addresses."""
    require(access.can_decide_for_school(actor, school.pk))
    School.objects.select_for_update().get(pk=school.pk)
    ModuleSwitch.objects.update_or_create(school=school, module=module, defaults={"is_on": is_on})
    school.modules_off = sorted(school.module_switches.filter(is_on=False).values_list("module", flat=True))
    school.save(update_fields=["modules_off"])
    audit.record(actor=actor, action="module.switched", target=school, school_id=school.id, module=module, is_on=is_on)


def roster_moved(school_id: int) -> None:
    """Count a change of people, roles, classes or guardianship, so that a prepared import notices it."""
    School.objects.filter(pk=school_id).update(roster_version=F("roster_version") + 1)
