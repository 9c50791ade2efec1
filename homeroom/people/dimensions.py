"""By whom figures can be told. Families and pupils are counted and never listed."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from homeroom.semantics.public import Dimension, SeenBy

TEACHER = Dimension(
    "people.teacher", pgettext_lazy("dimension", "Teacher"), ("教师", "任课老师"), seen_by=SeenBy.IN_CHARGE
)
GUARDIAN = Dimension(
    "people.guardian", pgettext_lazy("dimension", "Guardian"), ("监护人", "家庭"), seen_by=SeenBy.NOBODY
)
STUDENT = Dimension("people.student", pgettext_lazy("dimension", "Pupil"), ("孩子", "学员"), seen_by=SeenBy.NOBODY)
DIMENSIONS = (TEACHER, GUARDIAN, STUDENT)
