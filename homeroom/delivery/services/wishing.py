"""How one person wants to be reached."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from homeroom.delivery.models import MANDATORY, Category, Mode, OutsideWhen, Settings
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person


@transaction.atomic
def save_settings(
    *,
    actor: Person,
    quiet_from: time,
    quiet_until: time,
    digest_at: time,
    outside_when: str,
    categories: Mapping[str, str],
) -> Settings:
    """Store `actor`'s own wishes. They apply to what is sent from now on. Raises Invalid for a mandatory one muted."""
    chosen = {}
    for name, mode in categories.items():
        if name not in Category.values or mode not in Mode.values:
            continue
        if mode == Mode.MUTE and Category(name) in MANDATORY:
            never = _("%(category)s cannot be muted: the school must be able to reach you.") % {
                "category": Category(name).label
            }
            raise Invalid(never, fields={f"category_{name}": never})
        if mode != Mode.INSTANT:
            chosen[name] = mode
    if outside_when not in OutsideWhen.values:
        raise Invalid
    saved, _new = Settings.objects.update_or_create(
        person=actor,
        defaults={
            "quiet_from": quiet_from,
            "quiet_until": quiet_until,
            "digest_at": digest_at,
            "outside_when": outside_when,
            "categories": chosen,
        },
    )
    return saved
