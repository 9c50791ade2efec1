"""Who may import, and which runs one can see."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import ALLOWED, Actor, Decision, SystemActor, denied
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Person
from homeroom.people.public import can_keep_roster

from .models import ImportRun


def can_import(actor: Actor, school_id: int) -> Decision:
    """Office, IT administrator or school leader; on the command line whoever runs the installation."""
    if isinstance(actor, SystemActor):
        return ALLOWED
    if isinstance(actor, Person):
        return can_keep_roster(actor, school_id)
    return denied(_("Only the school office, an IT administrator or a school leader can import a roster."))


def visible_runs(person: Person) -> QuerySet[ImportRun]:
    """The runs of one's school, for those who may import."""
    if not can_import(person, person.school_id):
        return ImportRun.objects.none()
    return ImportRun.objects.filter(school_id=person.school_id)


def get_run_for(person: Person, run_id: UUID) -> ImportRun:
    """Raises NotVisible."""
    run = visible_runs(person).select_related("school", "person").filter(uuid=run_id).first()
    if run is None:
        raise NotVisible
    return run
