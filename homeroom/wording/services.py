"""Every change of templates."""

from __future__ import annotations

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person
from homeroom.people.public import pinyin_of

from . import access
from .models import Template
from .variables import IN_REPLIES, choices, unknown_in

REPLY = "reply"
NAME, SHORTCUT = 30, 12
REPLY_LONGEST = 1000
REPLIES_AT_MOST = 100  # of one person, and of the school


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
def save_reply(
    *, actor: Person, name: str, text: str, shortcut: str = "", for_school: bool = False, reply: Template | None = None
) -> Template:  # fmt: skip
    """Keep a canned reply, or change `reply`. It is found by its name, the name's sound, and its shortcut.

    Raises NotAllowed; Invalid for an empty name or text, a name or shortcut that is taken, or an unknown variable.
    """
    if reply is not None:
        for_school = reply.owner_id is None
    require(access.can_keep(actor, for_school=for_school))
    name, text, shortcut = name.strip(), text.strip(), shortcut.strip().removeprefix("/").strip()
    others = Template.objects.filter(
        school_id=actor.school_id, owner=None if for_school else actor, kind=REPLY
    ).exclude(pk=reply.pk if reply is not None else 0)  # fmt: skip
    fields: dict[str, str | Promise] = {}
    if not name or len(name) > NAME:
        fields["name"] = _("Give the reply a name of at most %(most)d characters.") % {"most": NAME}
    elif others.filter(name=name).exists():
        fields["name"] = _("There is a reply of this name already.")
    if not text or len(text) > REPLY_LONGEST:
        fields["text"] = _("Write a text of at most %(most)d characters.") % {"most": REPLY_LONGEST}
    elif unknown := unknown_in(text, IN_REPLIES):
        offered = str(_(", ")).join(str(variable.label) for variable in choices(IN_REPLIES))
        fields["text"] = _("There is no variable called “%(name)s”. There are: %(offered)s.") % {
            "name": unknown[0], "offered": offered}  # fmt: skip
    if shortcut and (len(shortcut) > SHORTCUT or any(sign.isspace() or sign == "/" for sign in shortcut)):
        fields["shortcut"] = _("A shortcut has at most %(most)d characters and no spaces.") % {"most": SHORTCUT}
    elif shortcut and others.filter(shortcut__iexact=shortcut).exists():
        fields["shortcut"] = _("Another reply has this shortcut.")
    if reply is None and others.count() >= REPLIES_AT_MOST:
        fields["name"] = _("At most %(most)d replies. Remove one you do not use.") % {"most": REPLIES_AT_MOST}
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    row = reply or Template(school_id=actor.school_id, owner=None if for_school else actor, kind=REPLY)
    row.name, row.text, row.shortcut, row.pinyin = name, text, shortcut, pinyin_of(name)
    row.save()
    audit.record(actor=actor, action="reply.saved", target=row, for_school=for_school)
    return row


@transaction.atomic
def remove_template(*, actor: Person, template: Template) -> None:
    """Delete a template; texts made from it stay as they are."""
    require(access.can_keep(actor, for_school=template.owner_id is None))
    audit.record(actor=actor, action="template.removed", target=template)
    template.delete()
