"""How fast one person may go."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque

from django.utils.translation import gettext_lazy as _

from homeroom.kit.errors import Trouble


class TooFast(Trouble):
    """More in a minute than a person does."""

    status = 429
    code = "too_fast"
    default_message = _("That was a lot in a short time. Wait a minute and go on; nothing is lost.")


class Pace:
    """At most `most` acts of one person within `seconds`, counted in this process."""

    def __init__(self, most: int, seconds: float, *, remembered: int = 20_000) -> None:
        self.most = most
        self.seconds = seconds
        self.remembered = remembered
        self._guard = threading.Lock()
        self._acts: OrderedDict[int, deque[float]] = OrderedDict()

    def count(self, person_id: int) -> None:
        """Count one act. Raises TooFast when it is one too many."""
        now = time.monotonic()
        with self._guard:
            acts = self._acts.setdefault(person_id, deque(maxlen=self.most))
            self._acts.move_to_end(person_id)
            if len(self._acts) > self.remembered:
                self._acts.popitem(last=False)
            if len(acts) == self.most and now - acts[0] < self.seconds:
                raise TooFast
            acts.append(now)
