"""What the variables of a canned reply stand for in one conversation."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from homeroom.people.public import current_classes, labels
from homeroom.ui import moments

from . import queries
from .models import Membership, Message, Side


def variables_for(membership: Membership, *, now: datetime) -> dict[str, str]:
    """By the variables' names. There is no child outside a family's thread; the guardian is who wrote last.

    In the school's language, as its replies are written, whichever language the page is in.
    """
    with translation.override(settings.LANGUAGE_CODE):
        return _values(membership, now)


def _values(membership: Membership, now: datetime) -> dict[str, str]:
    conversation = membership.conversation
    me = labels([membership.person_id]).get(membership.person_id, "").partition(" · ")[0]
    values = {"date": moments.local_date(timezone.localtime(now), weekday=False), "teacher": me}
    if conversation.school_class is not None:
        values["class"] = conversation.school_class.name
    if conversation.student is None:
        return values
    family = Membership.objects.filter(conversation=conversation, side=Side.FAMILY)
    wrote = (
        Message.objects.filter(conversation=conversation, author_id__in=family.values("person_id"))
        .order_by("-number")
        .values_list("author_id", flat=True)
        .first()
    )
    child = conversation.student.name
    guardian = queries.speakers(conversation, [wrote]).get(wrote, "") if wrote is not None else ""
    values |= {"child": child, "guardian": guardian or _("%(child)s's guardian") % {"child": child}}
    class_name = current_classes([conversation.student.pk]).get(conversation.student.pk, (None, ""))[1]
    if class_name:
        values["class"] = class_name
    return values
