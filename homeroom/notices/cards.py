"""Notices as live cards: a family opens its own copy, staff the page they follow it on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from homeroom.delivery.public import LiveCard, item_cards
from homeroom.people.models import Person

from . import access
from .models import Notice


def notice_cards(ids: Collection[UUID], viewer: Person) -> dict[UUID, LiveCard]:
    """Entered at delivery: published notices the viewer got, wrote or follows."""
    rows = list(
        Notice.objects.filter(
            uuid__in=ids, school_id=viewer.school_id, state=Notice.State.PUBLISHED, item__isnull=False
        ).select_related("item")
    )
    received = item_cards([row.item.uuid for row in rows if row.item is not None], viewer)
    followed: set[int] = set()
    if viewer.current_roles:
        pks = [row.pk for row in rows]
        own, charge = access.own_notices(viewer), access.followed_notices(viewer)
        followed = set(
            Notice.objects.filter(Q(pk__in=own.values("pk")) | Q(pk__in=charge.values("pk")), pk__in=pks).values_list(
                "pk", flat=True
            )
        )
    cards = {}
    for row in rows:
        item = row.item
        if item is None:
            continue
        if row.pk in followed:
            cards[row.uuid] = LiveCard(
                _("Notice"), item.title, item.sender_label, reverse("notices:notice", args=[row.uuid]), "speakerphone"
            )
        elif item.uuid in received:
            cards[row.uuid] = replace(received[item.uuid], label=_("Notice"))
    return cards
