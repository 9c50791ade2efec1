"""School days and working time: which days are open, and how many working minutes lie between two instants."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from .models import CalendarDay, School

Spans = tuple[tuple[time, time], ...]
_BETWEEN_SPANS = re.compile(r"[,，、;；\n]+")
_BETWEEN_TIMES = re.compile(r"\s*[-–—~～\u81f3\u5230]+\s*")  # the last two are what Chinese writes for "to"


def read_spans(text: str) -> Spans:
    """`7:50-11:50, 14:00-17:00`, one a line or divided by commas, with the signs a Chinese keyboard gives; in order.

    Raises ValueError for what is no span; whether they fit together is another question (`fits`).
    """
    spans = []
    for part in filter(None, (one.strip() for one in _BETWEEN_SPANS.split(text.replace("：", ":")))):
        first, last = _BETWEEN_TIMES.split(part)
        spans.append((_time(first), _time(last)))
    return tuple(sorted(spans))


def _time(text: str) -> time:
    hour, colon, minute = text.partition(":")
    if not hour.isascii() or (colon and len(minute) != 2):
        raise ValueError(text)
    return time(int(hour), int(minute or 0))


def fits(spans: Iterable[tuple[time, time]]) -> bool:
    """Whether every span ends after it starts and, being in order, none overlaps the next."""
    ordered = list(spans)
    return all(starts < ends for starts, ends in ordered) and all(a[1] <= b[0] for a, b in pairwise(ordered))


def spans_text(spans: Iterable[tuple[time, time]]) -> str:
    """`07:50-11:50, 14:00-17:00`: what `read_spans` reads."""
    return ", ".join(f"{starts:%H:%M}-{ends:%H:%M}" for starts, ends in spans)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A school's weekly plan with its exceptions, read once and asked often. Spans are [starts, ends)."""

    zone: ZoneInfo
    weekly: Mapping[int, Spans]  # weekday, Monday 0 → spans in order
    exceptions: dict[date, int | None]  # date → weekday whose plan it follows; None: closed

    @classmethod
    def of(cls, school: School) -> Calendar:
        """Read the calendar of `school`: two queries."""
        weekly: dict[int, list[tuple[time, time]]] = defaultdict(list)
        for weekday, starts, ends in school.working_intervals.values_list("weekday", "starts", "ends"):
            weekly[weekday].append((starts, ends))
        exceptions: dict[date, int | None] = {}
        for on, kind, as_weekday in school.calendar_days.values_list("on", "kind", "as_weekday"):
            made_up = kind == CalendarDay.Kind.MAKE_UP
            exceptions[on] = (as_weekday if as_weekday is not None else 0) if made_up else None
        return cls(
            zone=ZoneInfo(school.time_zone),
            weekly={weekday: tuple(sorted(spans)) for weekday, spans in weekly.items()},
            exceptions=exceptions,
        )

    def with_hours(self, weekly: Mapping[int, Spans]) -> Calendar:
        """The same holidays and make-up days under another weekly plan, as of one teacher; an empty one: as it is."""
        return replace(self, weekly=weekly) if weekly else self

    def spans_on(self, on: date) -> Spans:
        """The working spans of a date; empty when the school is closed."""
        weekday = self.exceptions.get(on, on.weekday())
        return () if weekday is None else self.weekly.get(weekday, ())

    def is_school_day(self, on: date) -> bool:
        return bool(self.spans_on(on))

    def is_working(self, at: datetime) -> bool:
        """Whether staff are expected to answer at this instant."""
        local = at.astimezone(self.zone)
        return any(starts <= local.time() < ends for starts, ends in self.spans_on(local.date()))

    def next_working(self, at: datetime, *, days: int = 60) -> datetime:
        """`at` itself in working time, else when the next span starts; `at` when none starts within `days`."""
        local = at.astimezone(self.zone)
        for offset in range(days):
            on = local.date() + timedelta(days=offset)
            for starts, ends in self.spans_on(on):
                begins = datetime.combine(on, starts, self.zone)
                finishes = datetime.combine(on, ends, self.zone)
                if begins <= local < finishes:
                    return at
                if begins > local:
                    return begins
        return at

    def working_minutes(self, since: datetime, until: datetime) -> float:
        """Working minutes in [since, until): the unit of every reply time. 0 when `until` is earlier."""
        first, last = since.astimezone(self.zone), until.astimezone(self.zone)
        total = 0.0
        on = first.date()
        while on <= last.date():
            for starts, ends in self.spans_on(on):
                begins = max(datetime.combine(on, starts, self.zone), first)
                finishes = min(datetime.combine(on, ends, self.zone), last)
                total += max(0.0, (finishes - begins).total_seconds() / 60)
            on += timedelta(days=1)
        return total

    def after_working_minutes(self, since: datetime, minutes: float, *, days: int = 400) -> datetime | None:
        """The instant by which `minutes` of working time have passed since; None when `days` hold fewer.

        The inverse of `working_minutes`: a deadline falls inside working time, at the latest at the end of a span.
        """
        first = since.astimezone(self.zone)
        left = timedelta(minutes=max(minutes, 0.0))
        for offset in range(days):
            on = first.date() + timedelta(days=offset)
            for starts, ends in self.spans_on(on):
                begins = max(datetime.combine(on, starts, self.zone), first)
                span = datetime.combine(on, ends, self.zone) - begins
                if span <= timedelta(0):
                    continue
                if left <= span:
                    return begins + left
                left -= span
        return None
