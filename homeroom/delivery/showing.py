"""What a card looks like: words, colours and the one thing to do. Shared by pages here and in home."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.people.models import Person

from .models import Category, Level
from .queries import Card, unread_count

# Category → (colour of the square, its icon).
KINDS: dict[str, tuple[str, str]] = {
    Category.NOTICE: ("notice", "speakerphone"),
    Category.ACTIVITY: ("activity", "run"),
    Category.HEALTH: ("health", "heartbeat"),
    Category.FEE: ("fee", "cash"),
    Category.TIMETABLE: ("timetable", "calendar-time"),
    Category.BUS: ("bus", "bus"),
    Category.SAFETY: ("safety", "shield-check"),
    Category.HOMEWORK: ("homework", "book"),
    Category.SCORE: ("grade", "chart-bar"),
    Category.OTHER: ("plain", "note"),
}
DO: dict[str, str | Promise] = {
    Level.READ: _("Got it"),
    Level.CONFIRM: _("Confirm receipt"),
    Level.SIGN: _("Sign"),
    Level.REPLY: _("Reply"),
}
DID: dict[str, str | Promise] = {
    Level.READ: _("Read"),
    Level.CONFIRM: _("Confirmed"),
    Level.SIGN: _("Signed"),
    Level.REPLY: _("Replied"),
}
STATE_LABELS: dict[str, str | Promise] = {
    "unread": _("New"),
    "todo": _("To do"),
}


def category_label(category: str) -> str | Promise:
    return Category(category).label


def did_at(card: Card) -> datetime | None:
    """When this person did what the level asks."""
    return {Level.CONFIRM: card.confirmed_at, Level.SIGN: card.signed_at, Level.REPLY: card.replied_at}.get(
        Level(card.level), card.read_at
    )


def offers_action(card: Card) -> bool:
    """Whether the card has its button: something is asked of this person, or it is new and only to be read."""
    if card.recalled_at is not None:
        return False
    if card.level == Level.READ:
        return card.read_at is None
    return card.asks


@dataclass(frozen=True, slots=True)
class SnoozeChoice:
    value: str
    label: str | Promise
    until: datetime


def snooze_choices(person: Person, *, now: datetime, deadline_at: datetime | None = None) -> list[SnoozeChoice]:
    """Tonight, tomorrow morning, the weekend: those that lie ahead and before the deadline."""
    zone = ZoneInfo(person.school.time_zone)
    local = now.astimezone(zone)
    today = local.date()

    def at(days: int, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(today + timedelta(days=days), time(hour, minute), zone)

    to_saturday = (5 - today.weekday()) % 7 or 7
    choices = [
        SnoozeChoice("tonight", _("This evening"), at(0, 19, 30)),
        SnoozeChoice("morning", _("Tomorrow morning"), at(1, 7, 0)),
        SnoozeChoice("weekend", _("At the weekend"), at(to_saturday, 9)),
    ]
    return [
        choice
        for choice in choices
        if choice.until > now + timedelta(minutes=10) and (deadline_at is None or choice.until < deadline_at)
    ]


SNOOZE_REASONS: dict[str, str | Promise] = {
    "tonight": _("put off to the evening"),
    "morning": _("put off to tomorrow morning"),
    "weekend": _("put off to the weekend"),
    "time": _("put off by you"),
}


def unread_badge(request: HttpRequest) -> int:
    """New items for the menu's badge; asked once a request, and not at all when the page has counted already."""
    known = getattr(request, "unread_total", None)
    if known is None:
        person = getattr(request, "person", None)
        known = unread_count(person, now=timezone.now()) if person is not None else 0
        request.unread_total = known  # type: ignore[attr-defined]
    return int(known)


def words() -> dict[str, object]:
    """For templates: `words.do[card.level]`, `words.kinds[card.category]` …"""
    return {
        "kinds": KINDS,
        "do": DO,
        "did": DID,
        "did_at": did_at,
        "offers_action": offers_action,
        "category": category_label,
        "snooze_reasons": SNOOZE_REASONS,
    }
