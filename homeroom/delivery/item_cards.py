"""Cards of delivered items, whatever module they came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from homeroom.people.models import Person

from . import access
from .live_cards import LiveCard
from .models import Item, Recipient


def item_cards(ids: Collection[UUID], viewer: Person) -> dict[UUID, LiveCard]:
    """Items in the viewer's inbox lead to the inbox, those they follow to the counts; a recalled one is gone."""
    items = Item.objects.filter(uuid__in=ids, school_id=viewer.school_id, recalled_at__isnull=True)
    mine = access.visible_copies(viewer, on=access.school_day(timezone.now(), viewer))
    charge = Recipient.objects.filter(access.in_charge_of(viewer), item_id=OuterRef("pk"))
    found = items.annotate(in_inbox=Exists(mine.filter(item_id=OuterRef("pk"))), in_charge=Exists(charge))
    about: dict[int, list[int]] = defaultdict(list)
    for item_id, student_id in mine.filter(item__uuid__in=ids, student__isnull=False).values_list("item", "student"):
        about[item_id].append(student_id)
    cards = {}
    for item in found:
        if item.in_inbox:
            link = reverse("delivery:item", args=[item.uuid])
        elif viewer.current_roles and (access.oversees(viewer, item) or item.in_charge):
            link = reverse("delivery:sent", args=[item.uuid])
        else:
            continue
        cards[item.uuid] = LiveCard(
            _("A message of the school"), item.title, item.sender_label, link, "speakerphone", item.sender_id,
            tuple(about[item.pk]),
        )  # fmt: skip
    return cards
