"""The part of an import that runs in a child process: read the file, compare it, hand back the plan, packed."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .compare import compare
from .present import Present
from .reading import Options, read_roster
from .reading.classes import stages_in

TIMEOUT = 120.0  # seconds; 5,000 pupils take about five
MEMORY_MIB = 260  # beyond what the interpreter and Django need


@dataclass(slots=True)
class Order:
    """What the child is to do."""

    path: str
    filename: str
    options: Options
    present: Present
    answers: dict[str, str] = field(default_factory=dict)
    keep_gone: bool = False


def prepare(packed_order: bytes, progress: Callable[[float], None] = lambda _: None) -> bytes:
    """The plan of importing a file, packed. Raises Refused.

    The order is opened here and not on the way, for its classes need the applications loaded.
    """
    order: Order = pickle.loads(packed_order)  # noqa: S301 (the parent made it)
    reading = read_roster(Path(order.path), order.filename, order.options, lambda done: progress(done * 0.6))
    plan = compare(reading, order.present, answers=order.answers, keep_gone=order.keep_gone)
    progress(0.9)
    plan.originals = reading.originals([*plan.rejected, *plan.doubts])
    plan.school_name = reading.school_name
    plan.stages = reading.stages or list(order.options.stages or stages_in(order.options.school_name))
    return plan.packed()
