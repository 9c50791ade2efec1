"""How fast one person may go, counted in this process: against a script that presses a button all day."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable


class Pace:
    """At most `most` acts of one person within `seconds`; `clock` counts seconds and never goes back."""

    def __init__(
        self, most: int, seconds: float, *, remembered: int = 20_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most = most
        self.seconds = seconds
        self.remembered = remembered
        self.clock = clock
        self._guard = threading.Lock()
        self._acts: OrderedDict[int, deque[float]] = OrderedDict()

    def allows(self, person_id: int) -> bool:
        """Count one act; False when it is one too many, which is not counted."""
        now = self.clock()
        with self._guard:
            acts = self._acts.setdefault(person_id, deque(maxlen=self.most))
            self._acts.move_to_end(person_id)
            if len(self._acts) > self.remembered:
                self._acts.popitem(last=False)
            if len(acts) == self.most and now - acts[0] < self.seconds:
                return False
            acts.append(now)
            return True
