"""What other modules may call."""

from __future__ import annotations

from .access import addresses_school, can_address, enrolments_in_reach
from .audience import Audience, Part
from .pages import picker_markup
from .picker import Choice, Choices, audience_from, choices_for, labels_of
from .queries import Preview, Resolved, Student, Unreached, describe, preview, resolve
from .registry import register_source, register_way

__all__ = [
    "Audience", "Choice", "Choices", "Part", "Preview", "Resolved", "Student", "Unreached", "addresses_school",
    "audience_from", "can_address", "choices_for", "describe", "enrolments_in_reach", "labels_of", "picker_markup",
    "preview", "register_source", "register_way", "resolve",
]  # fmt: skip
