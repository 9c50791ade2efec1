"""Who may address whom, and who may keep which group."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import ALLOWED, Decision, denied
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Enrolment, Person, Role

from . import queries
from .audience import Audience, Part
from .models import SavedGroup

EVERYWHERE = (Role.Kind.SCHOOL_LEADER, Role.Kind.OFFICE)


def addresses_school(actor: Person) -> bool:
    """Leaders and the office write to anyone at their school."""
    return actor.has_role(*EVERYWHERE)


def enrolments_in_reach(actor: Person) -> Q:
    """A condition on Enrolment: the pupils whose families `actor` may address by duty."""
    if addresses_school(actor):
        return Q(school_id=actor.school_id)
    classes = [role.school_class_id for role in actor.current_roles if role.school_class_id]
    grades = [role.grade_id for role in actor.current_roles if role.kind == Role.Kind.GRADE_LEADER]
    return Q(school_id=actor.school_id) & (Q(school_class_id__in=classes) | Q(school_class__grade_id__in=grades))


def can_address(actor: Person, audience: Audience, on: date) -> Decision:
    """Leaders and the office: anyone; grade leaders their grade, teachers the classes they teach, keepers their group.

    Asked of the pupils the expression means, not of its words, so no way of putting it reaches further. Two statements.
    """
    if addresses_school(actor):
        return ALLOWED
    if not actor.current_roles:
        return denied(_("Only staff can write to families."))
    for part in audience.any:
        if part.kind == "staff" and not _may_write_to_staff(actor, part):
            return denied(_("Only the office or a school leader can write to these members of staff."))
    named = {part.id for part in audience.any if part.kind == "group"}
    mine = visible_groups(actor).filter(uuid__in=named) if named else SavedGroup.objects.none()
    kept = {str(uuid): keeps for uuid, keeps in mine.values_list("uuid", Exists(_keeps(actor)))}
    if named - kept.keys():
        return denied(_("This group is kept by somebody else. Ask its keeper or the office to let you write to it."))
    by_duty = tuple(part for part in audience.any if not (part.kind == "group" and kept[part.id]))
    in_reach = Enrolment.objects.filter(enrolments_in_reach(actor), ends_on__isnull=True)
    beyond = queries.enrolments(by_duty, actor.school, on).exclude(pk__in=in_reach.values("pk"))
    if beyond.exists():
        return denied(
            _("You can write to the families of classes you teach. Ask the grade leader or the office to reach others.")
        )
    return ALLOWED


def _may_write_to_staff(actor: Person, part: Part) -> bool:
    what, _colon, rest = part.id.partition(":")
    if what == "class":
        return any(
            role.school_class is not None and str(role.school_class.uuid) == rest for role in actor.current_roles
        )
    if what == "grade":
        return any(
            role.kind == Role.Kind.GRADE_LEADER
            and role.grade is not None
            and f"{role.grade.stage}-{role.grade.number}" == rest
            for role in actor.current_roles
        )
    if what == "subject":
        return any(role.subject_id == int(rest) for role in actor.current_roles)
    return False


def _keeps(actor: Person) -> QuerySet[Any]:
    return SavedGroup.keepers.through.objects.filter(savedgroup_id=OuterRef("pk"), person_id=actor.pk)


def visible_groups(actor: Person) -> QuerySet[SavedGroup]:
    """Groups `actor` made or keeps; all of them for leaders and the office."""
    groups = SavedGroup.objects.filter(school_id=actor.school_id, archived_at__isnull=True)
    if addresses_school(actor):
        return groups
    return groups.filter(Q(owner=actor) | Q(Exists(_keeps(actor))))


def get_group_for(actor: Person, uuid: UUID | str) -> SavedGroup:
    """The group, or NotVisible."""
    group = visible_groups(actor).filter(uuid=uuid).first()
    if group is None:
        raise NotVisible
    return group


def can_keep_groups(actor: Person) -> Decision:
    """Any member of staff."""
    if actor.current_roles:
        return ALLOWED
    return denied(_("Only staff can save groups."))


def can_change_group(actor: Person, group: SavedGroup) -> Decision:
    """Its owner, or a leader or the office."""
    if actor.school_id == group.school_id and (addresses_school(actor) or actor.acts_for(group.owner_id)):
        return ALLOWED
    return denied(_("Only the person who made the group, the office or a school leader can change it."))
