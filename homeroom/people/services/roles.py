"""Changes to staff: who they are, what they do, from when to when."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.eventlog.public import announce
from homeroom.kit.access import Actor, require
from homeroom.kit.errors import Invalid
from homeroom.people import access
from homeroom.people.contact import normal_phone, phone_key
from homeroom.people.events import RoleChanged
from homeroom.people.models import Person, Role
from homeroom.people.naming import pinyin_of
from homeroom.school.models import Grade, School, SchoolClass, Subject
from homeroom.school.public import roster_moved


@transaction.atomic
def add_staff(*, actor: Actor, school: School, name: str, phone: str = "", staff_number: str = "") -> Person:
    """A new member of staff, without duties yet. Raises Invalid for what was typed."""
    require(access.can_keep_roster(actor, school.pk))
    values = _checked(school, None, name, phone, staff_number)
    person = Person.objects.create(school=school, **values)
    roster_moved(school.pk)
    audit.record(actor=actor, action="person.added", target=person)
    return person


@transaction.atomic
def change_person(*, actor: Actor, person: Person, name: str, phone: str, staff_number: str | None = None) -> None:
    """Correct a name, a phone number, a staff number. Raises Invalid for what was typed."""
    require(access.can_keep_roster(actor, person.school_id))
    before = (person.name, person.phone_key, person.staff_number)
    values = _checked(person.school, person, name, phone, person.staff_number if staff_number is None else staff_number)
    for field, value in values.items():
        setattr(person, field, value)
    person.save(update_fields=list(values))
    changed = [
        field
        for field, old in zip(("name", "phone_key", "staff_number"), before, strict=True)
        if getattr(person, field) != old
    ]
    if changed:
        roster_moved(person.school_id)
        audit.record(actor=actor, action="person.changed", target=person, fields=changed)


def _checked(school: School, person: Person | None, name: str, phone: str, staff_number: str) -> dict[str, Any]:
    name, phone, staff_number = name.strip(), phone.strip(), staff_number.strip()
    fields: dict[str, str | Promise] = {}
    if not name:
        fields["name"] = _("Enter the name.")
    number = normal_phone(phone)
    if phone and not number:
        fields["phone"] = _("This is not a phone number. Enter 11 digits, for example 138 0013 8000.")
    same = Person.objects.filter(school=school, staff_number=staff_number, archived_at__isnull=True)
    if staff_number and same.exclude(pk=person.pk if person else 0).exists():
        fields["staff_number"] = _("Somebody else has this staff number.")
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    return {
        "name": name[:60],
        "pinyin": pinyin_of(name),
        "phone": number,
        "phone_key": phone_key(number),
        "staff_number": staff_number[:30],
    }


@transaction.atomic
def give_role(
    *,
    actor: Actor,
    person: Person,
    kind: str,
    grade: Grade | None = None,
    school_class: SchoolClass | None = None,
    subject: Subject | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Role:
    """Give `person` a duty; the same duty once more only moves its dates.

    Raises NotAllowed, or Invalid when the duty lacks its class, subject or grade, or ends before it starts.
    """
    require(access.can_give_role(actor, person.school_id, kind))
    fields: dict[str, str | Promise] = {}
    if kind not in Role.Kind.values:
        fields["kind"] = _("Choose a duty.")
    if kind in {Role.Kind.CLASS_TEACHER, Role.Kind.SUBJECT_TEACHER} and school_class is None:
        fields["school_class"] = _("Choose the class.")
    if kind == Role.Kind.SUBJECT_TEACHER and subject is None:
        fields["subject"] = _("Choose the subject.")
    if kind == Role.Kind.GRADE_LEADER and grade is None:
        fields["grade"] = _("Choose the grade.")
    if starts_on and ends_on and ends_on < starts_on:
        fields["ends_on"] = _("The last day is before the first.")
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    for place in (grade, school_class, subject):
        if place is not None and place.school_id != person.school_id:
            raise Invalid(_("This belongs to another school."))
    role, _made = Role.objects.update_or_create(
        school_id=person.school_id,
        person=person,
        kind=kind,
        grade=grade if kind == Role.Kind.GRADE_LEADER else None,
        school_class=school_class if kind in {Role.Kind.CLASS_TEACHER, Role.Kind.SUBJECT_TEACHER} else None,
        subject=subject if kind == Role.Kind.SUBJECT_TEACHER else None,
        stands_in_for=None,
        defaults={"starts_on": starts_on, "ends_on": ends_on},
    )
    _moved(actor, role, "role.given", kind=kind)
    return role


@transaction.atomic
def appoint_substitute(*, actor: Actor, role: Role, person: Person, starts_on: date, ends_on: date) -> Role:
    """Let `person` stand in for the holder of `role`, first to last day inclusive.

    Raises NotAllowed, or Invalid when the dates are the wrong way round or it is the holder themself.
    """
    require(access.can_give_role(actor, role.school_id, role.kind))
    if ends_on < starts_on:
        wrong = _("The last day is before the first.")
        raise Invalid(wrong, fields={"ends_on": wrong})
    if person.pk == role.person_id or person.school_id != role.school_id or role.stands_in_for_id is not None:
        wrong = _("Choose somebody else of the school to stand in.")
        raise Invalid(wrong, fields={"person": wrong})
    substitute = Role.objects.create(
        school_id=role.school_id,
        person=person,
        kind=role.kind,
        grade_id=role.grade_id,
        school_class_id=role.school_class_id,
        subject_id=role.subject_id,
        stands_in_for=role,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    _moved(actor, substitute, "role.substituted", stands_in_for=role.person_id)
    return substitute


@transaction.atomic
def end_role(*, actor: Actor, role: Role, now: datetime) -> None:
    """End a duty now; whoever stands in for it ends with it. A duty that has not begun is removed.

    Raises NotAllowed, or Invalid for the last IT administrator, without whom nobody could get in to mend it.
    """
    require(access.can_give_role(actor, role.school_id, role.kind))
    today = role.person.today
    if role.kind == Role.Kind.IT_ADMINISTRATOR:
        others = Role.objects.in_force(today).filter(school_id=role.school_id, kind=role.kind).exclude(pk=role.pk)
        if not others.exists():
            raise Invalid(_("This is the only IT administrator. Appoint another one first."))
    for ending in [*Role.objects.filter(stands_in_for=role).select_related("person"), role]:
        role_id = ending.pk
        if ending.starts_on is not None and ending.starts_on >= today:
            ending.delete()
            ending.pk = role_id  # for the record
        elif ending.ends_on is None or ending.ends_on >= today:
            ending.ends_on = today - timedelta(days=1)
            ending.save(update_fields=["ends_on"])
        _moved(actor, ending, "role.ended", kind=ending.kind)


def _moved(actor: Actor, role: Role, action: str, **details: Any) -> None:
    roster_moved(role.school_id)
    audit.record(actor=actor, action=action, target=role.person, role_id=role.pk, **details)
    announce(RoleChanged(school_id=role.school_id, person_id=role.person_id, role_id=role.pk))
