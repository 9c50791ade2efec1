"""Questions as live cards, for whoever sees the question anyway."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from homeroom.delivery.public import LiveCard
from homeroom.people.models import Person

from . import access
from .models import Question


def question_cards(ids: Collection[UUID], viewer: Person) -> dict[UUID, LiveCard]:
    """Entered at delivery."""
    mine, handled = access.asked_by(viewer), access.seen_by_staff(viewer)
    rows = Question.objects.filter(Q(pk__in=mine.values("pk")) | Q(pk__in=handled.values("pk")), uuid__in=ids)
    return {
        row.uuid: LiveCard(
            _("Question"),
            row.title,
            row.get_state_display(),
            reverse("questions:question", args=[row.uuid]),
            "help-circle",
        )
        for row in rows
    }
