"""Every change of templates."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person

from . import access
from .models import Template
from .variables import unknown_in


@transaction.atomic
def save_template(*, actor: Person, kind: str, name: str, title: str, text: str, for_school: bool = False) -> Template:
    """Keep a text under a name; the same name again replaces it. `text` is already sanitised by the module it is for.

    Raises NotAllowed, Invalid for an empty name or text or an unknown variable.
    """
    require(access.can_keep(actor, for_school=for_school))
    name, title = name.strip()[:60], title.strip()[:120]
    if not name:
        raise Invalid(_("Give the template a name."), fields={"name": _("Give the template a name.")})
    if not text.strip():
        raise Invalid(_("Write a text first."), fields={"text": _("Write a text first.")})
    unknown = unknown_in(title + text)
    if unknown:
        raise Invalid(_("There is no variable called %(name)s.") % {"name": unknown[0]})
    template, _created = Template.objects.update_or_create(
        school_id=actor.school_id,
        owner=None if for_school else actor,
        kind=kind,
        name=name,
        defaults={"title": title, "text": text},
    )
    audit.record(actor=actor, action="template.saved", target=template, for_school=for_school)
    return template


@transaction.atomic
def remove_template(*, actor: Person, template: Template) -> None:
    """Delete a template; texts made from it stay as they are."""
    require(access.can_keep(actor, for_school=template.owner_id is None))
    audit.record(actor=actor, action="template.removed", target=template)
    template.delete()
