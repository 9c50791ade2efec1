"""What is printed on an invitation slip; the markup is `people/slips.html`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from . import labels
from .services import Issued
from .sign_in import qr_svg


def slips(issued: list[Issued]) -> list[dict[str, Any]]:
    """What `people/slips.html` prints for each invitation: label, school, code, link as QR; three queries in all."""
    named = labels.labels(one.person.pk for one in issued)
    return [
        {
            "label": named[one.person.pk],
            "name": one.person.name,
            "school": one.person.school.name,
            "url": one.url,
            "code": one.code,
            "join": f"{settings.PUBLIC_URL}/join/".partition("://")[2],
            "expires_at": one.expires_at,
            "qr": qr_svg(one.url, _("QR code with the invitation")),
        }
        for one in issued
    ]
