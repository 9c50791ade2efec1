"""Promises in a reply."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from homeroom.questions.dates import number, promises_in
from homeroom.school.public import Calendar

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar(
    zone=ZONE,
    weekly=dict.fromkeys(range(5), ((time(8), time(11, 50)), (time(13, 30), time(17, 30)))),
    exceptions={date(2026, 11, 25): None},
)
MONDAY = datetime(2026, 11, 23, 9, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("周五前回复您。", "2026-11-27 17:30"),
        ("我先了解一下，本周五之前给您答复", "2026-11-27 17:30"),
        ("下周一前一定给您回复", "2026-11-30 17:30"),
        ("下周三上午10点前答复您", "2026-12-02 10:00"),
        ("星期天会告诉您结果", "2026-11-29 18:00"),
        ("明天下午三点前给您回电。", "2026-11-24 15:00"),
        ("今天放学前回复您", "2026-11-23 17:30"),
        ("后天给您答复", "2026-11-25 18:00"),
        ("三天内处理好", "2026-11-26 17:30"),
        ("两个工作日内反馈给您", "2026-11-26 17:30"),  # Wednesday is closed
        ("24小时内联系您", "2026-11-24 09:00"),
        ("一周之内落实", "2026-11-30 17:30"),
        ("11月30日前退款到账户，届时通知您", "2026-11-30 17:30"),
        ("12月1号前把结果发给您", "2026-12-01 17:30"),
        ("5号前给您答复", "2026-12-05 18:00"),
        ("月底前补发校服", "2026-11-30 17:30"),
        ("明晚七点半前跟您电话联系", "2026-11-24 19:30"),
        ("1月8日前通知您", "2027-01-08 17:30"),
    ],
)
def test_these_are_promises(text: str, due: str) -> None:
    found = promises_in(text, now=MONDAY, calendar=CALENDAR)
    assert [f"{one.due_at:%Y-%m-%d %H:%M}" for one in found] == [due]


@pytest.mark.parametrize(
    "text",
    [
        "请您周五前把回执交给我，我好安排。",
        "麻烦家长明天带好水杯，有问题联系我。",
        "今天已经联系过食堂了。",
        "昨天的作业是第35页。",
        "周三有体育课。",
        "会尽快回复您。",
        "2月30日前回复您",
        "今天8点前回复您",  # past already
        "",
    ],
)
def test_these_are_not(text: str) -> None:
    assert promises_in(text, now=MONDAY, calendar=CALENDAR) == []


def test_each_sentence_promises_for_itself() -> None:
    text = "校车的事周三前答复您；费用我再核实，下周五前给您回复。请您先不要缴费。"
    found = promises_in(text, now=MONDAY, calendar=CALENDAR)
    assert [one.due_at.day for one in found] == [25, 4]
    assert found[0].text == "校车的事周三前答复您"


@pytest.mark.parametrize(
    ("text", "value"), [("三", 3), ("十", 10), ("十二", 12), ("二十", 20), ("二十五", 25), ("15", 15)]
)
def test_numbers(text: str, value: int) -> None:
    assert number(text) == value
