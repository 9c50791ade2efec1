"""By what of the school figures can be told."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from homeroom.semantics.public import Dimension, Order, SeenBy

SCHOOL = Dimension("school.school", pgettext_lazy("dimension", "School"), ("全校", "本校"), seen_by=SeenBy.EVERYONE)
GRADE = Dimension(
    "school.grade",
    pgettext_lazy("dimension", "Grade"),
    ("年段", "各年级"),
    above=SCHOOL.name,
    order=Order.BY_POSITION,
)
CLASS = Dimension(
    "school.class",
    pgettext_lazy("dimension", "Class"),
    ("班", "各班", "班别"),
    above=GRADE.name,
    order=Order.BY_POSITION,
)
SUBJECT = Dimension("school.subject", pgettext_lazy("dimension", "Subject"), ("科目", "课程"), order=Order.BY_POSITION)
TOPIC = Dimension(
    "school.topic", pgettext_lazy("dimension", "Topic"), ("主题", "问题类型", "咨询主题"), order=Order.BY_POSITION
)
DIMENSIONS = (SCHOOL, GRADE, CLASS, SUBJECT, TOPIC)
