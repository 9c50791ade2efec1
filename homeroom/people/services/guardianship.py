"""Changes to who answers for a child."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.eventlog.public import announce
from homeroom.kit.access import Actor, require
from homeroom.kit.errors import Invalid
from homeroom.people import access
from homeroom.people.contact import normal_phone, phone_key
from homeroom.people.events import DelegationChanged, GuardianshipChanged
from homeroom.people.models import Delegation, Guardianship, Person
from homeroom.people.naming import pinyin_of
from homeroom.school.public import roster_moved

EDITABLE = (
    "relation", "contact_order", "sees_records", "may_confirm", "may_sign", "may_pick_up", "starts_on", "ends_on",
    "restriction", "custody_note",
)  # fmt: skip


@transaction.atomic
def add_guardian(
    *,
    actor: Actor,
    student: Person,
    relation: str,
    guardian: Person | None = None,
    name: str = "",
    phone: str = "",
    rights: Mapping[str, Any] | None = None,
) -> Guardianship:
    """Let `guardian`, or a new person of that name and phone, answer for `student`.

    An edge that had ended is opened again. The new guardian is called last.
    Raises NotAllowed, or Invalid when a name is missing or the two are of different schools.
    """
    require(access.can_add_guardian(actor, student, guardian))
    if guardian is None:
        fields: dict[str, str | Promise] = {}
        number = normal_phone(phone)
        if not name.strip():
            fields["name"] = _("Enter the name.")
        if phone.strip() and not number:
            fields["phone"] = _("This is not a phone number. Enter 11 digits, for example 138 0013 8000.")
        if fields:
            raise Invalid(next(iter(fields.values())), fields=fields)
        guardian = Person.objects.create(
            school_id=student.school_id,
            name=name.strip()[:60],
            pinyin=pinyin_of(name.strip()),
            phone=number,
            phone_key=phone_key(number),
        )
        audit.record(actor=actor, action="person.added", target=guardian)
    if guardian.school_id != student.school_id or guardian.pk == student.pk:
        raise Invalid(_("Choose an adult of the same school."))
    last = Guardianship.objects.filter(student=student).aggregate(last=Max("contact_order"))["last"] or 0
    edge, made = Guardianship.objects.get_or_create(
        school_id=student.school_id,
        guardian=guardian,
        student=student,
        defaults={"relation": relation, "contact_order": last + 1},
    )
    if not made:
        edge.relation, edge.ends_on = relation, None
    _apply(edge, rights or {})
    edge.save()
    _moved(actor, edge, "guardianship.added", relation=relation)
    return edge


@transaction.atomic
def change_guardianship(*, actor: Actor, edge: Guardianship, changes: Mapping[str, Any]) -> list[str]:
    """Change relation, rights, dates, restriction, order or note of an edge; returns the fields that moved.

    A restriction also takes back what the guardian had lent to others. Raises NotAllowed, or Invalid for the dates.
    """
    require(access.can_change_guardianship(actor, edge))
    changed = _apply(edge, changes)
    if not changed:
        return []
    edge.save(update_fields=changed)
    if edge.restriction:
        lent = edge.delegations.filter(revoked_at__isnull=True).select_related("delegate")
        for delegation in lent:
            announce(
                DelegationChanged(
                    school_id=edge.school_id, person_id=delegation.delegate_id, student_id=edge.student_id
                )
            )
    # Which fields moved is recorded; the note's text never is.
    _moved(actor, edge, "guardianship.changed", fields=changed)
    return changed


@transaction.atomic
def end_guardianship(*, actor: Actor, edge: Guardianship, on: date) -> None:
    """Let an edge end: `on` is the last day on which it holds. What was lent from it ends with it."""
    require(access.can_change_guardianship(actor, edge))
    edge.ends_on = on if edge.starts_on is None else max(on, edge.starts_on)
    edge.save(update_fields=["ends_on"])
    for delegation in edge.delegations.filter(revoked_at__isnull=True):
        announce(
            DelegationChanged(school_id=edge.school_id, person_id=delegation.delegate_id, student_id=edge.student_id)
        )
    _moved(actor, edge, "guardianship.ended", ends_on=str(edge.ends_on))


def _apply(edge: Guardianship, changes: Mapping[str, Any]) -> list[str]:
    changed = []
    for name, value in changes.items():
        if name not in EDITABLE:
            raise ValueError(f"{name} of a guardianship is not changed this way")
        if getattr(edge, name) != value:
            setattr(edge, name, value)
            changed.append(name)
    if edge.starts_on and edge.ends_on and edge.ends_on < edge.starts_on:
        wrong = _("The last day is before the first.")
        raise Invalid(wrong, fields={"ends_on": wrong})
    return changed


@transaction.atomic
def delegate(
    *,
    actor: Person,
    edge: Guardianship,
    delegate: Person,
    starts_on: date,
    ends_on: date,
    sees_records: bool = False,
    may_confirm: bool = True,
    may_pick_up: bool = True,
) -> Delegation:
    """Lend a guardian's rights for one child to another adult of the school, first to last day inclusive.

    Nobody lends a right they do not have; signing is never lent. Raises NotAllowed, Invalid for dates or person.
    """
    require(access.can_delegate(actor, edge))
    fields: dict[str, str | Promise] = {}
    if ends_on < starts_on:
        fields["ends_on"] = _("The last day is before the first.")
    if (ends_on - starts_on).days > 366:
        fields["ends_on"] = _("At most one year; it can be renewed.")
    if delegate.school_id != edge.school_id or delegate.pk in {actor.pk, edge.student_id}:
        fields["delegate"] = _("Choose another adult of the school.")
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    delegation = Delegation.objects.create(
        school_id=edge.school_id,
        guardianship=edge,
        delegate=delegate,
        starts_on=starts_on,
        ends_on=ends_on,
        sees_records=sees_records and edge.sees_records,
        may_confirm=may_confirm and edge.may_confirm,
        may_pick_up=may_pick_up and edge.may_pick_up,
    )
    audit.record(actor=actor, action="guardianship.lent", target=edge.student, delegate_id=delegate.pk, edge_id=edge.pk)
    announce(DelegationChanged(school_id=edge.school_id, person_id=delegate.pk, student_id=edge.student_id))
    return delegation


@transaction.atomic
def revoke_delegation(*, actor: Person, delegation: Delegation, now: datetime) -> None:
    """Take back at once what was lent; a second time changes nothing."""
    require(access.can_take_back(actor, delegation))
    edge = delegation.guardianship
    if not Delegation.objects.filter(pk=delegation.pk, revoked_at__isnull=True).update(revoked_at=now):
        return
    audit.record(
        actor=actor, action="guardianship.taken_back", target=edge.student,
        delegate_id=delegation.delegate_id, edge_id=edge.pk,
    )  # fmt: skip
    announce(DelegationChanged(school_id=edge.school_id, person_id=delegation.delegate_id, student_id=edge.student_id))


def _moved(actor: Actor, edge: Guardianship, action: str, **details: Any) -> None:
    roster_moved(edge.school_id)
    audit.record(actor=actor, action=action, target=edge.student, guardian_id=edge.guardian_id, **details)
    announce(GuardianshipChanged(school_id=edge.school_id, person_id=edge.guardian_id, student_id=edge.student_id))
