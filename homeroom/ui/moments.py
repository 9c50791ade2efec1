"""Dates and times as a Chinese school writes them, and as an English one would.

An instant is shown in the school's time zone (the active one). Near ones are told by day: 今天 14:05, 昨天 18:00.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext


def local_time(instant: datetime | None, *, now: datetime | None = None) -> str:
    """`今天 14:05`, `昨天 18:00`, `11月20日 21:00`, `2025年11月20日 21:00`."""
    if instant is None:
        return ""
    here = timezone.localtime(instant)
    return _("%(day)s %(time)s") % {"day": day_name(here.date(), now=now), "time": f"{here:%H:%M}"}


def day_name(day: date, *, now: datetime | None = None) -> str:
    """今天, 昨天, 明天, 后天, 前天, or the date (with the year when it is another)."""
    today = timezone.localtime(now).date() if now else timezone.localdate()
    match (day - today).days:
        case 0:
            return _("Today")
        case -1:
            return _("Yesterday")
        case 1:
            return _("Tomorrow")
        # English has no short word for 前天 and 后天; the marker's own words say that this language has none.
        case -2 if (word := pgettext("day", "Two days ago")) != "Two days ago":
            return word
        case 2 if (word := pgettext("day", "In two days")) != "In two days":
            return word
    if day.year == today.year:
        return date_format(day, pgettext("date format", "j M"))
    return date_format(day, pgettext("date format", "j M Y"))


def local_date(day: date | datetime | None, *, weekday: bool = True) -> str:
    """`11月23日 周一`; the year is added when it is not this year's."""
    if day is None:
        return ""
    if isinstance(day, datetime):
        day = timezone.localtime(day).date()
    if day.year == timezone.localdate().year:
        text = date_format(day, pgettext("date format", "j M"))
    else:
        text = date_format(day, pgettext("date format", "j M Y"))
    return _("%(weekday)s %(date)s") % {"weekday": weekday_name(day), "date": text} if weekday else text


def weekday_name(day: date) -> str:
    """周一 … 周日."""
    return [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")][day.weekday()]


def clock(instant: datetime | None) -> str:
    """`14:05`."""
    return f"{timezone.localtime(instant):%H:%M}" if instant else ""


def relative(instant: datetime | None, *, now: datetime | None = None) -> str:
    """刚刚, 5 分钟前, then as `local_time`. A future instant is told as `local_time`."""
    if instant is None:
        return ""
    age = (now or timezone.now()) - instant
    if timedelta(0) <= age < timedelta(minutes=1):
        return _("Just now")
    if timedelta(0) <= age < timedelta(hours=1):
        minutes = int(age.total_seconds() // 60)
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    return local_time(instant, now=now)


def deadline(instant: datetime | None, *, now: datetime | None = None) -> str:
    """`今天 18:00 前`, `周五 18:00 前` within the week, `11月30日 18:00 前`; once past, `已截止（11月20日 18:00）`."""
    if instant is None:
        return ""
    moment = now or timezone.now()
    here, today = timezone.localtime(instant), timezone.localtime(moment).date()
    if instant <= moment:
        return _("Closed: %(when)s") % {"when": local_time(instant, now=now)}
    distance = (here.date() - today).days
    day = weekday_name(here.date()) if 2 < distance < 7 else day_name(here.date(), now=now)
    return _("Due: %(day)s %(time)s") % {"day": day, "time": f"{here:%H:%M}"}


def number(value: float | None) -> str:
    """`12,480`."""
    return "" if value is None else f"{value:,}"


def percent(part: float, whole: float | None = None) -> str:
    """A ratio (or `part` of `whole`) as `83%`; never 100 % before all are in, never 0 % once one is."""
    ratio = part if whole is None else (part / whole if whole else 0.0)
    shown = round(ratio * 100)
    if ratio < 1:
        shown = min(shown, 99)
    if ratio > 0:
        shown = max(shown, 1)
    return f"{shown}%"
