"""Every change of saved groups."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.people.models import Enrolment, Person, Role

from . import access
from .models import GroupMember, SavedGroup

MOST_MEMBERS = 3000


@transaction.atomic
def save_group(
    *,
    actor: Person,
    name: str,
    kind: str,
    members: Iterable[UUID],
    keepers: Iterable[UUID] | None = None,
    group: SavedGroup | None = None,
) -> SavedGroup:
    """Make a group, or give `group` this name and these members (pupils and staff of the school).

    A teacher takes in only pupils of the classes they teach; pupils who are in the group already may stay. Keepers
    (staff who may write to the group whomever they teach) are named by the office or a leader; None leaves them.
    Raises NotAllowed, Invalid.
    """
    require(access.can_keep_groups(actor))
    if group is not None:
        require(access.can_change_group(actor, group))
    name = name.strip()
    if not name:
        raise Invalid(_("Give the group a name."), fields={"name": _("Give the group a name.")})
    if kind not in SavedGroup.Kind.values:
        raise Invalid(fields={"kind": _("Choose what kind of group it is.")})
    owner_id = group.owner_id if group is not None else actor.pk
    same_name = SavedGroup.objects.filter(owner_id=owner_id, name=name[:60], archived_at__isnull=True)
    if (same_name.exclude(pk=group.pk) if group else same_name).exists():
        taken = _("You already have a group with this name.")
        raise Invalid(taken, fields={"name": taken})
    wanted = set(members)
    if not wanted:
        raise Invalid(_("Choose at least one member."), fields={"members": _("Choose at least one member.")})
    if len(wanted) > MOST_MEMBERS:
        raise Invalid(_("A group can have %(most)d members at most.") % {"most": MOST_MEMBERS})
    old = set(group.members.values_list("person_id", flat=True)) if group is not None else set()
    new = _people(actor, wanted, already=old)
    if keepers is not None and not access.addresses_school(actor):
        raise NotAllowed(_("Only the office or a school leader can name keepers of a group."))
    if group is None:
        group = SavedGroup.objects.create(school_id=actor.school_id, owner=actor, name=name[:60], kind=kind)
    else:
        group.name, group.kind = name[:60], kind
        group.save(update_fields=["name", "kind"])
    group.members.filter(person_id__in=old - new).delete()
    GroupMember.objects.bulk_create(
        [GroupMember(group=group, person_id=pk) for pk in sorted(new - old)], batch_size=300
    )
    if keepers is not None:
        staff = Person.objects.filter(school_id=actor.school_id, uuid__in=list(keepers), roles__isnull=False)
        group.keepers.set(staff.distinct())
    audit.record(actor=actor, action="group.saved", target=group, added=len(new - old), removed=len(old - new))
    return group


def _people(actor: Person, wanted: set[UUID], *, already: set[int]) -> set[int]:
    """Ids of the persons wanted; raises NotAllowed when one is beyond the actor's reach, Invalid when unknown."""
    in_reach = Enrolment.objects.filter(
        access.enrolments_in_reach(actor), ends_on__isnull=True, student_id=OuterRef("pk")
    )
    works = Role.objects.in_force(actor.today).filter(person_id=OuterRef("pk"))
    found = list(
        Person.objects.filter(school_id=actor.school_id, archived_at__isnull=True, uuid__in=wanted)
        .annotate(mine=Exists(in_reach), works=Exists(works))
        .values_list("pk", "mine", "works")
    )
    if len(found) != len(wanted):
        raise Invalid(_("Somebody in this group is no longer at the school. Please choose again."))
    if any(not (mine or works or pk in already) for pk, mine, works in found):
        raise NotAllowed(_("You can put only pupils of the classes you teach into a group."))
    return {pk for pk, _mine, _works in found}


@transaction.atomic
def archive_group(*, actor: Person, group: SavedGroup, now: datetime) -> None:
    """Take the group out of every picker; what was sent to it stays as it is."""
    require(access.can_change_group(actor, group))
    SavedGroup.objects.filter(Q(pk=group.pk), archived_at__isnull=True).update(archived_at=now)
    audit.record(actor=actor, action="group.archived", target=group)
