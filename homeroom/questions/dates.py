"""Promises with a day in them: 周五前回复您, 明天下午三点前给您答复, 三个工作日内处理.

Only what the school says it will do counts: a sentence needs a word for giving (回复, 答复, 处理 …), and one that asks
the family for something (请您周五前交回执) is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from homeroom.school.public import Calendar

DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
NUMBER = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3})"
GIVING = re.compile(
    r"回复|答复|回覆|回电|告诉|告知|反馈|联系|处理|解决|落实|通知|给您|给你|发给|补发|退还|退款|安排|核实|查清|打电话|沟通|更新|调整|跟进"
)
ASKING = re.compile(r"请您|请你|请家长|请在|请于|麻烦您|麻烦家长|烦请|记得|需要您|请孩子|让孩子|务必|您可以|您要")
COMING, PAST = re.compile(r"会|将|再|一定|争取|给您|给你"), re.compile(r"已|了|过")  # 今天已经联系过您 promises nothing
SENTENCE = re.compile(r"[^。！？!?；;\n]+")
AT_CLOCK = (
    r"(?P<part>凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚|早)?"
    r"(?:(?P<hour>\d{1,2}|[一二两三四五六七八九十]{1,3})(?:[:：](?P<colon>\d{2})|点(?:钟|整)?(?:(?P<half>半)|(?P<minute>\d{1,2})分?)?))?"
)
DAY = (
    r"(?P<near>今天|今日|今晚|明天|明日|明早|明晚|后天|大后天|当天)"
    r"|(?P<week>下下|下|本|这|这个|下个)?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天末])"
    r"|(?:(?P<month>\d{1,2}|[一二三四五六七八九十]{1,3})月)?(?P<day>\d{1,2}|[一二三四五六七八九十]{1,3})(?:日|号)"
    r"|(?P<whole>月底|本周|这周|本月底|周内)"
)
BY_DAY = re.compile(rf"(?:{DAY})\s*(?:{AT_CLOCK})\s*(?P<before>之前|以前|前|之内|以内|内|下班前|放学前)?")
WITHIN = re.compile(rf"(?P<count>{NUMBER})个?(?P<unit>工作日|自然日|天|日|小时|钟头|周|星期|礼拜)(?:之内|以内|内)")
NEAR = {"今天": 0, "今日": 0, "今晚": 0, "当天": 0, "明天": 1, "明日": 1, "明早": 1, "明晚": 1, "后天": 2, "大后天": 3}
END_OF_DAY = time(18)


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised, in the words in which it was, and by when."""

    text: str
    due_at: datetime


def number(text: str) -> int:
    """`三`, `十二`, `二十`, `15`. Raises ValueError."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        if len(text) != 1:
            raise ValueError(text)
        return DIGITS[text]
    return (DIGITS[tens] if tens else 1) * 10 + (DIGITS[ones] if ones else 0)


def promises_in(text: str, *, now: datetime, calendar: Calendar) -> list[Promise]:
    """Every promise in a reply, in order; one for each sentence, and none that is past already."""
    found = []
    for match in SENTENCE.finditer(text):
        sentence = match[0].strip(" ,，、　")
        due = _due_in(sentence, now.astimezone(calendar.zone), calendar)
        if due is not None and due > now:
            found.append(Promise(sentence[:200], due))
    return found


def _due_in(sentence: str, now: datetime, calendar: Calendar) -> datetime | None:
    if not GIVING.search(sentence):
        return None
    for find, reckon in ((WITHIN, _within), (BY_DAY, _by_day)):
        for match in find.finditer(sentence):
            clause = re.split(r"[，,、]", sentence[: match.start()])[-1]
            rest = sentence[match.end() :]
            if ASKING.search(clause) or not GIVING.search(rest):
                continue
            by_then = find is WITHIN or match["before"]
            if not by_then and (PAST.search(rest) or not COMING.search(rest)):
                continue
            try:
                due = reckon(match, now, calendar)
            except ValueError:  # 2月30日
                continue
            if due is not None:
                return due
    return None


def _within(match: re.Match[str], now: datetime, calendar: Calendar) -> datetime | None:
    count, unit = number(match["count"]), match["unit"]
    if unit in {"小时", "钟头"}:
        return now + timedelta(hours=count)
    if unit == "工作日":
        on, left = now.date(), count
        for _day in range(400):
            on += timedelta(days=1)
            left -= calendar.is_school_day(on)
            if left == 0:
                return _end(on, calendar)
        return None
    days = count * 7 if unit in {"周", "星期", "礼拜"} else count
    return _end(now.date() + timedelta(days=days), calendar)


def _by_day(match: re.Match[str], now: datetime, calendar: Calendar) -> datetime | None:
    on = _date(match, now.date())
    if on is None:
        return None
    at = _clock(match)
    if at is None:
        return _end(on, calendar)
    return datetime.combine(on, at, calendar.zone)


def _date(match: re.Match[str], today: date) -> date | None:
    if match["near"]:
        return today + timedelta(days=NEAR[match["near"]])
    monday = today - timedelta(days=today.weekday())
    if match["weekday"]:
        weekday = {"末": 4, "日": 6, "天": 6}.get(match["weekday"], DIGITS.get(match["weekday"], 0) - 1)
        weeks = {"下": 1, "下个": 1, "下下": 2}.get(match["week"] or "", 0)
        on = monday + timedelta(days=weekday, weeks=weeks)
        if not match["week"] and on < today:  # said on a Saturday, 周三 is the next one
            on += timedelta(weeks=1)
        return on
    if match["whole"]:
        if match["whole"] in {"本周", "这周", "周内"}:
            return monday + timedelta(days=4)
        first_of_next = date(today.year + today.month // 12, today.month % 12 + 1, 1)
        return first_of_next - timedelta(days=1)
    day = number(match["day"])
    if match["month"]:
        on = date(today.year, number(match["month"]), day)
        return on if on >= today else date(today.year + 1, on.month, day)
    on = date(today.year, today.month, day)
    if on >= today:
        return on
    return date(today.year + today.month // 12, today.month % 12 + 1, day)


def _clock(match: re.Match[str]) -> time | None:
    """The time of day that was said; None when only a day was."""
    part = match["part"] or {"今晚": "晚上", "明晚": "晚上", "明早": "早上"}.get(match["near"] or "", "")
    if match["hour"] is None:
        return {"上午": time(12), "早上": time(9), "早晨": time(9), "早": time(9), "中午": time(13), "下午": time(18),
                "傍晚": time(19), "晚上": time(21), "晚": time(21)}.get(part)  # fmt: skip
    hour = number(match["hour"])
    afternoon = part in {"下午", "傍晚", "晚上", "晚"} and hour < 12
    if afternoon or (part == "中午" and hour < 3) or (not part and 1 <= hour <= 6):  # 三点前, of a school's day
        hour += 12
    minute = 30 if match["half"] else int(match["colon"] or match["minute"] or 0)
    return time(hour, minute)


def _end(on: date, calendar: Calendar) -> datetime:
    """The end of the working day; six o'clock on a day off."""
    spans = calendar.spans_on(on)
    return datetime.combine(on, spans[-1][1] if spans else END_OF_DAY, calendar.zone)
