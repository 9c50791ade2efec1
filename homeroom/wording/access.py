"""Who may see and keep which template."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import ALLOWED, Decision, denied
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Person, Role

from .models import Template


def visible_templates(person: Person, kind: str) -> QuerySet[Template]:
    """One's own and the school's, for staff."""
    if not person.current_roles:
        return Template.objects.none()
    return Template.objects.filter(
        Q(owner=person) | Q(owner__isnull=True), school_id=person.school_id, kind=kind
    ).order_by("owner_id", "name")


def get_template_for(person: Person, uuid: UUID, kind: str) -> Template:
    """The template, or NotVisible."""
    template = visible_templates(person, kind).filter(uuid=uuid).first()
    if template is None:
        raise NotVisible
    return template


def can_keep(actor: Person, *, for_school: bool) -> Decision:
    """Staff their own; leaders and the office the school's."""
    if not actor.current_roles:
        return denied(_("Only staff can save templates."))
    if for_school and not actor.has_role(Role.Kind.SCHOOL_LEADER, Role.Kind.OFFICE):
        return denied(_("Only the office or a school leader can change the school's templates."))
    return ALLOWED
