"""Who may write, change and follow which notice."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from homeroom.delivery.public import Recipient, can_follow
from homeroom.groups.public import addresses_school
from homeroom.kit.access import ALLOWED, Actor, Decision, denied
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Person, Role

from .models import Notice

if TYPE_CHECKING:
    from homeroom.delivery.public import Item


def can_compose(actor: Person) -> Decision:
    """Any member of staff; whom they can reach is asked when they publish."""
    if actor.current_roles:
        return ALLOWED
    return denied(_("Only staff can write notices."))


def can_edit(actor: Actor, notice: Notice) -> Decision:
    """The sender, or whoever stands in for them: drafts, schedule, publishing."""
    if actor.acts_for(notice.sender_id):
        return ALLOWED
    return denied(_("Only the person who wrote the notice can change it."))


def can_change(actor: Actor, notice: Notice) -> Decision:
    """Correct and recall: the sender, their substitute, or a leader of the school."""
    if actor.acts_for(notice.sender_id) or actor.leads(notice.school_id):
        return ALLOWED
    return denied(_("Only the sender or a school leader can correct or recall this."))


def can_mark_fees(actor: Person, notice: Notice) -> Decision:
    """The sender, their substitute, a leader, or the office, which keeps the cash book."""
    if notice.school_id == actor.school_id and (can_change(actor, notice) or actor.has_role(Role.Kind.OFFICE)):
        return ALLOWED
    return denied(_("Only the sender, the office or a school leader can mark a fee as paid."))


def _own(person: Person) -> list[int]:
    """The person, and whom they stand in for today."""
    stood_for = {role.stands_in_for.person_id for role in person.current_roles if role.stands_in_for is not None}
    return [person.pk, *sorted(stood_for)]


def own_notices(person: Person) -> QuerySet[Notice]:
    """What one wrote, or who one stands in for."""
    return Notice.objects.filter(school_id=person.school_id, sender_id__in=_own(person))


def followed_notices(person: Person) -> QuerySet[Notice]:
    """Published notices in one's charge: of the school for leaders and the office, else those that reached one's class
    or grade."""
    sent = Notice.objects.filter(school_id=person.school_id, item__isnull=False)
    if addresses_school(person):
        return sent
    classes = [role.school_class_id for role in person.current_roles if role.kind == Role.Kind.CLASS_TEACHER]
    grades = [role.grade_id for role in person.current_roles if role.kind == Role.Kind.GRADE_LEADER]
    if not classes and not grades:
        return sent.none()
    copies = Recipient.objects.filter(item_id=OuterRef("item_id"))
    return sent.filter(Exists(copies.filter(Q(school_class_id__in=classes) | Q(school_class__grade_id__in=grades))))


def get_own_notice(person: Person, uuid: UUID) -> Notice:
    """A notice the person may edit, or NotVisible."""
    notice = own_notices(person).filter(uuid=uuid).select_related("sender", "school", "item").first()
    if notice is None or not person.current_roles:
        raise NotVisible
    return notice


def get_notice_for(person: Person, uuid: UUID) -> Notice:
    """A notice the person wrote or may follow, or NotVisible."""
    notice = (
        Notice.objects.filter(uuid=uuid, school_id=person.school_id).select_related("sender", "school", "item").first()
    )
    if notice is None or not person.current_roles:
        raise NotVisible
    if person.acts_for(notice.sender_id):
        return notice
    if notice.item is None or not (addresses_school(person) or can_follow(person, notice.item)):
        raise NotVisible
    return notice


def followed_copies(person: Person, item: Item) -> QuerySet[Recipient]:
    """The copies whose state the person may see."""
    from homeroom.delivery.public import overseen_copies

    if addresses_school(person) and person.school_id == item.school_id:
        return Recipient.objects.filter(item_id=item.pk)
    return overseen_copies(person, item)


def may_see_files(person: Person, notice_id: int) -> bool:
    """Whoever has the notice in their inbox, or may follow it."""
    from django.utils import timezone

    from homeroom.delivery.public import can_see

    notice = Notice.objects.filter(pk=notice_id, school_id=person.school_id).select_related("item", "school").first()
    if notice is None:
        return False
    if (
        notice.item is not None
        and notice.state == Notice.State.PUBLISHED
        and can_see(person, notice.item, now=timezone.now())
    ):
        return True
    try:
        get_notice_for(person, notice.uuid)
    except NotVisible:
        return False
    return True
