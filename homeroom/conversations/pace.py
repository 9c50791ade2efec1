"""How fast one person may go."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from homeroom.kit import pace
from homeroom.kit.errors import Trouble


class TooFast(Trouble):
    """More in a minute than a person does."""

    status = 429
    code = "too_fast"
    default_message = _("That was a lot in a short time. Wait a minute and go on; nothing is lost.")


class Pace(pace.Pace):
    """At most `most` acts of one person within `seconds`, counted in this process."""

    def count(self, person_id: int) -> None:
        """Count one act. Raises TooFast when it is one too many."""
        if not self.allows(person_id):
            raise TooFast
