"""The words that leave the platform: what kind of thing waits and a link, never what it says.

No title, no text, no pupil's name beyond 张同学: an inbox outside belongs to whoever looks over a shoulder.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from homeroom.people.models import Person
from homeroom.people.public import surname_and_classmate
from homeroom.ui.moments import deadline

from .channels import Message
from .models import Category, Dispatch, Item, Level, Priority


def language_of(person: Person) -> str:
    """The language somebody reads: as their account says, else the installation's."""
    return (person.account.language if person.account else "") or settings.LANGUAGE_CODE


def about_item(dispatch: Dispatch, item: Item, person: Person, students: Sequence[Person]) -> Message:
    """The message for one dispatch."""
    with translation.override(language_of(person)):
        asked = {
            Level.READ: _("please read it"),
            Level.CONFIRM: _("please confirm it"),
            Level.SIGN: _("it asks for your signature"),
            Level.REPLY: _("it asks for your reply"),
        }[Level(item.level)]
        kind = Category(item.category).label
        if dispatch.reason == Dispatch.Reason.RECALL:
            first = _("A message (%(kind)s) was withdrawn by the school. Nothing needs to be done.") % {"kind": kind}
        elif dispatch.reason == Dispatch.Reason.REMINDER:
            first = _("Reminder: a message (%(kind)s) still waits for you: %(asked)s.") % {"kind": kind, "asked": asked}
        elif dispatch.reason == Dispatch.Reason.CORRECTION:
            first = _("A message (%(kind)s) was corrected: %(asked)s again.") % {"kind": kind, "asked": asked}
        elif item.priority == Priority.EMERGENCY:
            first = _("Urgent: an important message (%(kind)s): %(asked)s now.") % {"kind": kind, "asked": asked}
        else:
            first = _("There is a new message (%(kind)s): %(asked)s.") % {"kind": kind, "asked": asked}
        lines = [first]
        names = sorted({surname_and_classmate(student.name) for student in students})
        if names:
            lines.append(_("It is about %(pupils)s.") % {"pupils": _(", ").join(names)})
        if item.deadline_at and dispatch.reason != Dispatch.Reason.RECALL:
            lines.append(deadline(item.deadline_at))
        return Message(
            key=f"{item.uuid}.{dispatch.pk}",
            person_id=person.pk,
            school_name=item.school.signature,
            subject=_("[%(school)s] %(what)s") % {"school": item.school.signature, "what": first},
            lines=tuple(lines),
            link=f"{settings.PUBLIC_URL}/feed/items/{item.uuid}/",
            link_label=_("Open it in Homeroom"),
        )


def digest(dispatches: Sequence[tuple[Dispatch, Item]], person: Person) -> Message:
    """One message for everything that waited for a person's digest."""
    school = dispatches[0][1].school
    with translation.override(language_of(person)):
        count = len({item.pk for _dispatch, item in dispatches})
        first = ngettext("Today's digest: %(n)d routine message.", "Today's digest: %(n)d routine messages.", count) % {
            "n": count
        }
        kinds: dict[str, int] = {}
        for _dispatch, item in dispatches:
            label = str(Category(item.category).label)
            kinds[label] = kinds.get(label, 0) + 1
        lines = [first, *(f"{label}: {n}" for label, n in kinds.items())]
        return Message(
            key=f"digest.{dispatches[0][0].pk}",
            person_id=person.pk,
            school_name=school.signature,
            subject=_("[%(school)s] %(what)s") % {"school": school.signature, "what": first},
            lines=tuple(lines),
            link=f"{settings.PUBLIC_URL}/",
            link_label=_("Open it in Homeroom"),
        )
