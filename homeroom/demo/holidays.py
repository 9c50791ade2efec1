"""The schools' calendar: public holidays and make-up days.

Source: 国务院办公厅关于2026年部分节假日安排的通知 (国办发明电〔2025〕7号); for 2027 only New Year's Day, set by law.
Which weekday a make-up day follows is each school's own choice; here the later of the days it makes up for.
"""

from __future__ import annotations

from datetime import date, timedelta

from homeroom.school.models import CalendarDay, School

HOLIDAYS = [  # first day, last day, name
    (date(2026, 1, 1), date(2026, 1, 3), "元旦"),
    (date(2026, 2, 15), date(2026, 2, 23), "春节"),
    (date(2026, 4, 4), date(2026, 4, 6), "清明节"),
    (date(2026, 5, 1), date(2026, 5, 5), "劳动节"),
    (date(2026, 6, 19), date(2026, 6, 21), "端午节"),
    (date(2026, 9, 25), date(2026, 9, 27), "中秋节"),
    (date(2026, 10, 1), date(2026, 10, 7), "国庆节"),
    (date(2027, 1, 1), date(2027, 1, 1), "元旦"),
]
MAKE_UP = [  # day, the weekday it follows (Monday 0), for which holiday
    (date(2026, 1, 4), 4, "元旦"),
    (date(2026, 2, 14), 0, "春节"),
    (date(2026, 2, 28), 1, "春节"),
    (date(2026, 5, 9), 1, "劳动节"),
    (date(2026, 9, 20), 1, "国庆节"),
    (date(2026, 10, 10), 2, "国庆节"),
]


def build_calendar(school: School) -> None:
    """Enter the holidays into the school's calendar."""
    days = []
    for first, last, label in HOLIDAYS:
        for offset in range((last - first).days + 1):
            on = first + timedelta(days=offset)
            days.append(CalendarDay(school=school, on=on, kind=CalendarDay.Kind.CLOSED, label=label))
    for on, weekday, label in MAKE_UP:
        kind = CalendarDay.Kind.MAKE_UP
        days.append(CalendarDay(school=school, on=on, kind=kind, as_weekday=weekday, label=f"{label}调休"))
    CalendarDay.objects.bulk_create(days, ignore_conflicts=True)
