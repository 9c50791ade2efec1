"""School days and working minutes: several intervals a day, holidays, make-up days."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeroom.school.calendar import Calendar

ZONE = ZoneInfo("Asia/Shanghai")
DAY = ((time(7, 50), time(11, 50)), (time(13, 30), time(17, 30)))  # eight hours
MONDAY = date(2026, 11, 23)
CALENDAR = Calendar(
    zone=ZONE,
    weekly=dict.fromkeys(range(5), DAY),
    exceptions={
        date(2026, 11, 25): None,  # Wednesday: closed
        date(2026, 11, 28): 0,  # Saturday, as if it were Monday
    },
)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(("day", "is_open"), [(23, True), (25, False), (27, True), (28, True), (29, False)], ids=str)
def test_weekdays_less_holidays_plus_make_up_days(day: int, is_open: bool) -> None:
    assert CALENDAR.is_school_day(date(2026, 11, day)) is is_open


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        (at(23, 8), at(23, 9), 60),
        (at(23, 11), at(23, 14), 80),  # the midday break does not count
        (at(23, 17), at(24, 8), 40),  # nor the night
        (at(24, 17), at(26, 8), 40),  # nor the closed Wednesday
        (at(27, 17), at(28, 8), 40),  # but the make-up Saturday does
        (at(23, 12), at(23, 13), 0),
        (at(23, 9), at(23, 8), 0),
    ],
)
def test_working_minutes(since: datetime, until: datetime, minutes: float) -> None:
    assert CALENDAR.working_minutes(since, until) == minutes


@pytest.mark.parametrize(
    ("moment", "begins"),
    [
        (at(23, 8), at(23, 8)),
        (at(23, 12), at(23, 13, 30)),
        (at(24, 20), at(26, 7, 50)),
        (at(27, 18), at(28, 7, 50)),
        (at(28, 18), at(30, 7, 50)),
    ],
)
def test_when_staff_are_there_next(moment: datetime, begins: datetime) -> None:
    assert CALENDAR.next_working(moment) == begins


def test_a_school_that_never_opens_makes_nobody_wait_for_ever() -> None:
    assert Calendar(zone=ZONE, weekly={}, exceptions={}).next_working(at(23, 8)) == at(23, 8)


moments = st.integers(0, 15 * 24 * 60).map(lambda minutes: at(20, 0) + timedelta(minutes=minutes))


@given(moments, moments, moments)
def test_working_time_adds_up(one: datetime, two: datetime, three: datetime) -> None:
    first, middle, last = sorted([one, two, three])
    whole = CALENDAR.working_minutes(first, last)
    parts = CALENDAR.working_minutes(first, middle) + CALENDAR.working_minutes(middle, last)
    assert abs(whole - parts) < 1e-6
    assert 0 <= whole <= (last - first).total_seconds() / 60 + 1e-6


@given(moments)
def test_the_next_working_moment_is_one(moment: datetime) -> None:
    begins = CALENDAR.next_working(moment)
    assert begins >= moment
    assert CALENDAR.is_working(begins)
    assert CALENDAR.working_minutes(moment, begins) == 0
    assert begins - moment < timedelta(days=4)


@given(
    days=st.floats(min_value=0, max_value=18, allow_nan=False),
    minutes=st.integers(min_value=1, max_value=4000),
)
def test_the_end_of_so_many_working_minutes_is_their_inverse(days: float, minutes: int) -> None:
    start = at(16, 0) + timedelta(days=days)
    end = CALENDAR.after_working_minutes(start, minutes)
    assert end is not None
    assert CALENDAR.working_minutes(start, end) == pytest.approx(minutes, abs=1e-3)


def test_a_deadline_skips_nights_holidays_and_weekends() -> None:
    assert CALENDAR.after_working_minutes(at(24, 17), 60) == at(26, 8, 20)  # Wednesday is closed
    assert CALENDAR.after_working_minutes(at(23, 7), 0) == at(23, 7, 50)
    closed = Calendar(zone=ZONE, weekly={}, exceptions={})
    assert closed.after_working_minutes(at(23, 9), 60) is None
