"""Dimensions of time, which every fact has from the instant it happened, at the school."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from .words import Dimension, Order, SeenBy

MONTH = Dimension(
    "time.month",
    pgettext_lazy("dimension", "Month"),
    ("月份", "每月", "按月"),
    order=Order.BY_TIME,
    seen_by=SeenBy.EVERYONE,
    each="month",
)
WEEK = Dimension(
    "time.week",
    pgettext_lazy("dimension", "Week"),
    ("星期", "每周", "按周"),
    above="time.month",
    order=Order.BY_TIME,
    seen_by=SeenBy.EVERYONE,
    each="week",
)
DAY = Dimension(
    "time.day",
    pgettext_lazy("dimension", "Day"),
    ("日期", "每天", "按天"),
    above="time.week",
    order=Order.BY_TIME,
    seen_by=SeenBy.EVERYONE,
    each="day",
)
