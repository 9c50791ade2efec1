"""Templates every school starts with, in the reader's language. A school's own of the same name takes their place."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from .variables import VARIABLES, render


@dataclass(frozen=True, slots=True)
class Preset:
    name: str
    title: str
    text: str


def notice_presets() -> list[Preset]:
    """What class teachers write most often, the variables written in the reader's language too."""
    marks = {name: variable.mark for name, variable in VARIABLES.items()}
    return [Preset(one.name, one.title, render(one.text, marks)) for one in _notice_presets()]


def _notice_presets() -> list[Preset]:
    return [
        Preset(
            _("Parents' evening"),
            _("Invitation to the parents' evening"),
            _(
                "<p>Dear guardian of {{child}},</p><p>Our parents' evening takes place on … at … in the classroom of"
                " {{class}}. Please confirm below and arrive ten minutes early.</p><p>{{teacher}}, {{date}}</p>"
            ),
        ),
        Preset(
            _("Holiday"),
            _("Holiday arrangements and safety"),
            _(
                "<p>Dear guardian of {{child}},</p><p>School is closed from … to …; lessons start again on ….</p>"
                "<ul><li>Keep children away from open water and watch the traffic.</li><li>Tell us before longer"
                " journeys.</li></ul><p>{{school}}, {{date}}</p>"
            ),
        ),
        Preset(
            _("Outing"),
            _("Class outing: please sign"),
            _(
                "<p>Dear guardian of {{child}},</p><p>{{class}} goes to … on …. We leave at … and are back at ….</p>"
                "<p>Please bring: water, a hat, comfortable shoes. Sign below if {{child}} may come.</p>"
            ),
        ),
        Preset(
            _("Change of timetable"),
            _("Changed hours"),
            _(
                "<p>Dear guardian of {{child}},</p><p>On … lessons of {{class}} end at … instead of …. Please come in"
                " time.</p>"
            ),
        ),
        Preset(
            _("Flu season"),
            _("Please watch for signs of flu"),
            _(
                "<p>Dear guardian of {{child}},</p><p>There is flu about. Please take the temperature in the morning;"
                " with a fever or a bad cough keep {{child}} at home and let the class teacher know.</p>"
            ),
        ),
    ]
