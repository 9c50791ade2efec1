"""Who may see, do and ask what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import ALLOWED, Actor, Decision, denied
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Delegation, Guardianship, Person, Role
from homeroom.people.public import classes_of

from .models import Item, Recipient


@dataclass(frozen=True, slots=True)
class Rights:
    """What one person may do for one child today."""

    may_confirm: bool
    may_sign: bool
    relation: str = ""  # empty: stands in for a guardian


FOR_ONESELF = Rights(True, True)


def school_day(now: datetime, person: Person) -> date:
    """The date at the person's school."""
    return now.astimezone(ZoneInfo(person.school.time_zone)).date()


def rights_of(person: Person, student_ids: set[int], *, on: date) -> dict[int, Rights]:
    """student → what `person` may do for them; a child not in it is none of theirs today. Two queries at most."""
    if not student_ids:
        return {}
    edges = Guardianship.objects.in_force(on).filter(
        school_id=person.school_id, guardian_id=person.pk, student_id__in=student_ids
    )
    found = {
        student_id: Rights(may_confirm, may_sign, relation)
        for student_id, may_confirm, may_sign, relation in edges.values_list(
            "student_id", "may_confirm", "may_sign", "relation"
        )
    }
    missing = student_ids - found.keys()
    if missing:
        lent = Delegation.objects.filter(
            delegate_id=person.pk,
            starts_on__lte=on,
            ends_on__gte=on,
            revoked_at__isnull=True,
            guardianship__in=Guardianship.objects.in_force(on).filter(student_id__in=missing),
        )
        for student_id, may_confirm in lent.values_list("guardianship__student_id", "may_confirm"):
            found.setdefault(student_id, Rights(may_confirm, False))
    return found


def visible_copies(person: Person, *, on: date) -> QuerySet[Recipient]:
    """The copies `person` may see today: their own, about children they still answer for."""
    edges = Guardianship.objects.in_force(on).filter(
        school_id=person.school_id, guardian_id=person.pk, student_id=OuterRef("student_id")
    )
    lent = Delegation.objects.filter(
        delegate_id=person.pk,
        guardianship__student_id=OuterRef("student_id"),
        starts_on__lte=on,
        ends_on__gte=on,
        revoked_at__isnull=True,
        guardianship__in=Guardianship.objects.in_force(on),
    )
    return Recipient.objects.filter(
        Q(student_id__isnull=True) | Q(Exists(edges)) | Q(Exists(lent)), school_id=person.school_id, person_id=person.pk
    )


def still_theirs(copies: QuerySet[Recipient], *, on: date) -> QuerySet[Recipient]:
    """Of any people's copies, those whose holder still answers for the child on a date, or that are about no child."""
    edges = Guardianship.objects.in_force(on).filter(
        guardian_id=OuterRef("person_id"), student_id=OuterRef("student_id")
    )
    lent = Delegation.objects.filter(
        delegate_id=OuterRef("person_id"),
        guardianship__student_id=OuterRef("student_id"),
        starts_on__lte=on,
        ends_on__gte=on,
        revoked_at__isnull=True,
        guardianship__in=Guardianship.objects.in_force(on),
    )
    return copies.filter(Q(student_id__isnull=True) | Q(Exists(edges)) | Q(Exists(lent)))


def can_see(person: Person, item: Item, *, now: datetime) -> bool:
    """Whether the item is in the person's inbox."""
    return visible_copies(person, on=school_day(now, person)).filter(item_id=item.pk).exists()


def get_item_for(person: Person, item_uuid: UUID | str, *, now: datetime) -> Item:
    """The item, when it is in the person's inbox. Raises NotVisible otherwise."""
    mine = visible_copies(person, on=school_day(now, person)).filter(item_id=OuterRef("pk"))
    item = Item.objects.filter(Exists(mine), uuid=item_uuid, school_id=person.school_id).first()
    if item is None:
        raise NotVisible
    return item


def oversees(person: Person, item: Item) -> bool:
    """The sender, whoever stands in for them, or a leader of the item's school."""
    return item.school_id == person.school_id and (person.acts_for(item.sender_id) or person.leads(item.school_id))


def get_overseen_item(person: Person, item_uuid: UUID | str) -> Item:
    """An item `person` may follow: sent by them, or to classes in their charge. Raises NotVisible otherwise."""
    item = Item.objects.filter(uuid=item_uuid, school_id=person.school_id).first()
    if item is None or not can_follow(person, item):
        raise NotVisible
    return item


def can_follow(person: Person, item: Item) -> Decision:
    """See the counts: the sender, a leader of the school, or the leader or class teacher of a class that got it."""
    if oversees(person, item):
        return ALLOWED
    if item.school_id == person.school_id and overseen_copies(person, item).exists():
        return ALLOWED
    return denied(_("Only the sender and those in charge of these classes can see who has answered."))


def overseen_copies(person: Person, item: Item) -> QuerySet[Recipient]:
    """The copies whose state `person` may see: all of an item of their own, else those of classes in their charge."""
    copies = Recipient.objects.filter(item_id=item.pk, school_id=person.school_id)
    if oversees(person, item):
        return copies
    return copies.filter(in_charge_of(person))


def in_charge_of(person: Person) -> Q:
    """A condition on Recipient: of the classes one heads or whose grade one leads."""
    heads = [r.school_class_id for r in person.current_roles if r.kind == Role.Kind.CLASS_TEACHER]
    grades = [r.grade_id for r in person.current_roles if r.kind == Role.Kind.GRADE_LEADER]
    return Q(school_class_id__in=heads) | (Q(school_class__grade_id__in=grades) if grades else Q(pk__in=[]))


def can_remind(actor: Actor, item: Item) -> Decision:
    """The sender or whoever stands in for them, or a leader of the item's school."""
    if actor.acts_for(item.sender_id):
        return ALLOWED
    if actor.leads(item.school_id):
        return ALLOWED
    return denied(_("Only the sender or a school leader can send reminders."))


def can_change(actor: Actor, item: Item) -> Decision:
    """Recall and correct: the sender, whoever stands in for them, or a leader of the item's school."""
    if actor.acts_for(item.sender_id) or actor.leads(item.school_id):
        return ALLOWED
    return denied(_("Only the sender or a school leader can correct or recall this."))


def can_answer(actor: Person, item: Item) -> Decision:
    """Answer a family's reply: the sender, their substitute, or a leader."""
    if oversees(actor, item):
        return ALLOWED
    return denied(_("Only the sender or a school leader can answer here."))


__all__ = [
    "FOR_ONESELF", "Rights", "can_answer", "can_change", "can_follow", "can_remind", "can_see", "classes_of",
    "get_item_for", "get_overseen_item", "in_charge_of", "overseen_copies", "oversees", "rights_of", "school_day",
    "still_theirs", "visible_copies",
]  # fmt: skip
