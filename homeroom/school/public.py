"""What other modules may call. The models themselves are shared vocabulary (`school.models`)."""

from __future__ import annotations

from .calendar import Calendar
from .models import ModuleSwitch
from .presets import PRESETS, Preset
from .services import add_stage, create_school, roster_moved, switch_module

__all__ = [
    "PRESETS", "Calendar", "Preset", "add_stage", "create_school", "module_is_on", "roster_moved",
    "switch_module", "switched_off",
]  # fmt: skip


def switched_off(school_id: int) -> frozenset[str]:
    """The modules this school does not use."""
    rows = ModuleSwitch.objects.filter(school_id=school_id, is_on=False).values_list("module", flat=True)
    return frozenset(rows)


def module_is_on(school_id: int, module: str) -> bool:
    """Whether the school uses `module`."""
    return module not in switched_off(school_id)
