"""Times as a school writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from homeroom.ui import moments

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # Monday noon in Shanghai


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=20), "刚刚"),
        (timedelta(minutes=5), "5 分钟前"),
        (timedelta(hours=3), "今天 09:00"),
        (timedelta(hours=13), "昨天 23:00"),
        (timedelta(days=2), "前天 12:00"),
        (timedelta(days=5), "11月18日 12:00"),
        (timedelta(days=400), "2025年10月19日 12:00"),
    ],
)
def test_what_was(ago, words):
    assert moments.relative(NOW - ago, now=NOW) == words


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(hours=6), "今天 18:00 前"),
        (timedelta(days=1), "明天 12:00 前"),
        (timedelta(days=2), "后天 12:00 前"),
        (timedelta(days=4), "周五 12:00 前"),
        (timedelta(days=7), "11月30日 12:00 前"),
        (timedelta(hours=-1), "已截止（今天 11:00）"),
    ],
)
def test_what_will_be(ahead, words):
    assert moments.deadline(NOW + ahead, now=NOW) == words


def test_in_english():
    with translation.override("en"):
        assert moments.relative(NOW - timedelta(minutes=1), now=NOW) == "1 minute ago"
        assert moments.relative(NOW - timedelta(minutes=5), now=NOW) == "5 minutes ago"
        assert moments.relative(NOW - timedelta(days=2), now=NOW) == "21 Nov 12:00"
        assert moments.deadline(NOW + timedelta(days=1), now=NOW) == "Due: Tomorrow 12:00"


def test_a_date_carries_its_weekday():
    assert moments.local_date(date(2020, 2, 29)) == "2020年2月29日 周六"


@pytest.mark.parametrize(
    ("part", "whole", "words"), [(0, 10, "0%"), (1, 2000, "1%"), (1999, 2000, "99%"), (10, 10, "100%"), (0, 0, "0%")]
)
def test_a_share_is_never_rounded_to_all_or_nothing(part, whole, words):
    assert moments.percent(part, whole) == words
