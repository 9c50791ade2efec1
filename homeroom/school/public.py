"""What other modules may call. The models themselves are shared vocabulary (`school.models`)."""

from __future__ import annotations

from . import dimensions
from .access import can_decide_for_school, can_shape_school
from .calendar import Calendar, Spans, fits, read_spans, spans_text
from .models import ModuleSwitch, School
from .modules import SwitchableModule, register_module, switchable_modules
from .presets import PRESETS, Preset
from .services import (
    add_classes,
    add_stage,
    add_term,
    archive_class,
    change_school,
    clear_calendar_day,
    create_school,
    mark_step,
    remove_term,
    rename_class,
    roster_moved,
    set_calendar_days,
    set_subjects,
    set_working_hours,
    switch_module,
)
from .topics import add_usual_topics, archive_topic, save_topic, topics_of

__all__ = [
    "PRESETS", "Calendar", "Preset", "Spans", "SwitchableModule", "add_classes", "add_stage", "add_term",
    "add_usual_topics", "archive_class", "archive_topic", "can_decide_for_school", "can_shape_school",
    "change_school", "clear_calendar_day", "create_school", "dimensions", "fits", "mark_step", "module_is_on",
    "read_spans", "register_module", "remove_term", "rename_class", "roster_moved", "save_topic", "set_calendar_days",
    "set_subjects", "set_working_hours", "spans_text", "switch_module", "switchable_modules", "switched_off",
    "topics_of", "uses",
]  # fmt: skip


def switched_off(school_id: int) -> frozenset[str]:
    """The modules this school does not use."""
    rows = ModuleSwitch.objects.filter(school_id=school_id, is_on=False).values_list("module", flat=True)
    return frozenset(rows)


def uses(school: School, module: str) -> bool:
    """As `module_is_on`, of a school at hand: no statement, for what every page asks."""
    return module not in school.modules_off


def module_is_on(school_id: int, module: str) -> bool:
    """Whether the school uses `module`."""
    return module not in switched_off(school_id)
