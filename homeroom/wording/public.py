"""What other modules may call."""

from __future__ import annotations

from .access import get_template_for, visible_templates
from .models import Template
from .presets import Preset, notice_presets
from .services import remove_template, save_template
from .variables import PERSONAL, VARIABLES, Variable, choices, render, render_html, unknown_in, variables_in

__all__ = [
    "PERSONAL", "VARIABLES", "Preset", "Template", "Variable", "choices", "get_template_for", "notice_presets",
    "remove_template", "render", "render_html", "save_template", "unknown_in", "variables_in", "visible_templates",
]  # fmt: skip
