"""What other modules may call."""

from __future__ import annotations

from .access import get_template_for, visible_templates
from .menu import REPLIES
from .models import Template
from .presets import Preset, notice_presets
from .replies import Canned, canned_replies
from .services import remove_template, save_reply, save_template
from .variables import PERSONAL, VARIABLES, Variable, choices, render, render_html, unknown_in, variables_in

__all__ = [
    "PERSONAL", "REPLIES", "VARIABLES", "Canned", "Preset", "Template", "Variable", "canned_replies",
    "choices", "get_template_for", "notice_presets", "remove_template", "render", "render_html", "save_reply",
    "save_template", "unknown_in", "variables_in", "visible_templates",
]  # fmt: skip
