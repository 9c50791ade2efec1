"""Every link between modules that may not import each other, one line each.

A lower module declares a registry in its `public.py`; here each higher module that has something to add is entered
into it. A reaction that must hold together with the change runs in its transaction (`same_transaction=True`); every
other reads the event log by its own stored cursor, at least once, and is idempotent by the event's id.
"""

from __future__ import annotations
