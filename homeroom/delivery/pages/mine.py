"""One's own wishes: what comes at once, what in the digest, when it is quiet, where mail goes."""

from __future__ import annotations

from datetime import time
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from homeroom.delivery import services, timing
from homeroom.delivery.channels import outside_channels
from homeroom.delivery.models import MANDATORY, Category, Mode, OutsideWhen
from homeroom.kit.errors import Invalid
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest


@signed_in
def settings(request: SignedInRequest) -> HttpResponse:
    """Show and store the person's wishes."""
    person = request.person
    errors: dict[str, Any] = {}
    values: dict[str, Any]
    if request.method == "POST":
        posted = request.POST
        values = {
            "quiet_from": posted.get("quiet_from", ""),
            "quiet_until": posted.get("quiet_until", ""),
            "digest_at": posted.get("digest_at", ""),
            "outside_when": posted.get("outside_when", OutsideWhen.EVERY),
            "categories": {name: posted.get(f"category_{name}", Mode.INSTANT) for name in Category.values},
        }
        try:
            services.save_settings(
                actor=person,
                quiet_from=_clock(values["quiet_from"], "quiet_from"),
                quiet_until=_clock(values["quiet_until"], "quiet_until"),
                digest_at=_clock(values["digest_at"], "digest_at"),
                outside_when=values["outside_when"],
                categories=values["categories"],
            )
        except Invalid as wrong:
            errors = wrong.fields or {"": wrong.message}
        else:
            messages.success(request, _("Saved. It applies to what is sent from now on."))
            return redirect("delivery:settings")
    else:
        own = timing.wishes_of([person.pk]).get(person.pk, timing.DEFAULT)
        values = {
            "quiet_from": f"{own.quiet_from:%H:%M}",
            "quiet_until": f"{own.quiet_until:%H:%M}",
            "digest_at": f"{own.digest_at:%H:%M}",
            "outside_when": own.outside_when,
            "categories": dict(own.categories),
        }
    context = {
        "values": values,
        "errors": errors,
        "categories": [(name, label, Category(name) in MANDATORY) for name, label in Category.choices],
        "modes": Mode.choices,
        "mandatory_modes": [choice for choice in Mode.choices if choice[0] != Mode.MUTE],
        "outside_choices": OutsideWhen.choices,
        "has_outside": bool(outside_channels()),
        "email": person.email,
        "email_failed": person.email_failed_at is not None,
        "styles": ["delivery"],
        "width": "narrow",
    }
    return render(request, "delivery/settings.html", context, status=422 if errors else 200)


def _clock(value: str, name: str) -> time:
    try:
        return time.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        wrong = _("Enter a time like 21:30.")
        raise Invalid(wrong, fields={name: wrong}) from None
