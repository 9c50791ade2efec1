"""What a card looks like: words, colours and the one thing to do. Shared by pages here and in home."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.http import HttpRequest
from django.template.loader import get_template
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _
from markupsafe import Markup

from homeroom.people.models import Person
from homeroom.ui.moments import day_name, deadline

from .models import Category, Level, Priority
from .queries import Card, Chip, unread_count

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
    Category.TALK: ("plain", "message-circle"),
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


def category_label(category: str) -> str | Promise:
    return Category(category).label


def did_at(card: Card) -> datetime | None:
    """When this person did what the level asks."""
    return {Level.CONFIRM: card.confirmed_at, Level.SIGN: card.signed_at, Level.REPLY: card.replied_at}.get(
        Level(card.level), card.read_at
    )


class Shown(msgspec.Struct, frozen=True):
    """A card with everything decided and worded that its markup needs."""

    uuid: str
    title: str
    lead: str
    sender: str
    level: str
    category: str
    priority: str
    version: int
    children: list[Chip]
    is_new: bool
    asks: bool
    css: str
    iso: str
    when: str
    deadline: str
    amount: str
    files: str
    state: str  # a key of Pieces.states
    act: str  # what the button does: read, confirm, sign, reply, or nothing
    label: str  # the button's own words; empty: the level's
    can_snooze: bool
    snoozed_until: datetime | None
    snooze_reason: str

    @property
    def is_tagged(self) -> bool:
        return self.priority != Priority.ROUTINE or bool(self.deadline or self.amount or self.files)


@dataclass(frozen=True, slots=True)
class _Here:
    """What wording a time needs, found out once for all cards of a page."""

    language: str
    zone: tzinfo
    now: datetime
    today: date


def shown(cards: Iterable[Card], *, now: datetime) -> list[Shown]:
    """Decide and word these cards."""
    here = _Here(get_language() or "", timezone.get_current_timezone(), now, timezone.localdate(now))
    return [_shown(card, here) for card in cards]


def _shown(card: Card, here: _Here) -> Shown:
    recalled = card.recalled_at is not None
    lead = card.lead
    if recalled:
        lead = " ".join([gettext("The sender has withdrawn this."), card.recall_reason]).strip()
    at = max(card.surfaces_at, card.sent_at)
    files = int(card.extras.get("files") or 0)
    return Shown(
        uuid=card.uuid,
        title=card.title,
        lead=lead,
        sender=card.sender,
        level=card.level,
        category=card.category,
        priority="routine" if recalled else card.priority,
        version=card.text_version,
        children=card.children,
        is_new=card.is_new,
        asks=card.asks,
        css=(
            (" is-unread" if card.is_new else "")
            + (" is-recalled" if recalled else "")
            + (" is-urgent" if card.priority == Priority.EMERGENCY and not recalled else "")
        ),
        iso=at.isoformat(),
        when=_short(here.language, here.zone, at, here.today),
        deadline=(
            _due(here.language, here.zone, card.deadline_at, here.today, card.deadline_at <= here.now)
            if card.deadline_at and not recalled
            else ""
        ),
        amount=str(card.extras.get("amount") or ""),
        files=ngettext("%(n)d attachment", "%(n)d attachments", files) % {"n": files} if files else "",
        state=_state(card, recalled),
        act=_act(card, recalled),
        label=card.action_label,
        can_snooze=card.asks and card.level != Level.READ and card.priority != Priority.EMERGENCY,
        snoozed_until=card.snoozed_until,
        snooze_reason=card.snooze_reason,
    )


def _state(card: Card, recalled: bool) -> str:
    if recalled:
        return "recalled"
    if card.level == Level.READ:
        return ""
    if not card.asks and did_at(card):
        return f"did-{card.level}"
    if card.settled:
        return "home"
    return "" if card.asks else "told"


def _act(card: Card, recalled: bool) -> str:
    if recalled or (card.level == Level.READ and card.read_at is not None):
        return ""
    return card.level if card.level == Level.READ or card.asks else ""


@lru_cache(maxsize=4000)
def _short(language: str, zone: tzinfo, at: datetime, today: date) -> str:
    """今天 16:30, worded once a day for all who see it."""
    here = at.astimezone(zone)
    return f"{_day(language, here.date(), today)} {here:%H:%M}"


@lru_cache(maxsize=4000)
def _due(language: str, zone: tzinfo, at: datetime, today: date, passed: bool) -> str:
    """周五 18:00 前. Language and zone are only the key: they are the active ones."""
    noon = datetime.combine(today, time(12), zone)
    return deadline(at, now=max(at, noon) if passed else min(at - timedelta(seconds=1), noon))


@lru_cache(maxsize=2000)
def _day(language: str, day: date, today: date) -> str:
    return day_name(day, now=timezone.make_aware(datetime.combine(today, time(12))))


@dataclass(frozen=True, slots=True)
class Pieces:
    """Markup that is the same on every card of a language."""

    kinds: dict[str, Markup]
    labels: dict[str, str]  # of the categories
    states: dict[str, Markup]
    priorities: dict[str, Markup]
    acts: dict[str, Markup]
    unread: Markup
    child_icon: Markup
    child_done: Markup
    done_word: Markup
    clock_icon: Markup
    cash_icon: Markup
    clip_icon: Markup
    snooze: Markup


_ACT_ICONS = {Level.READ: "", Level.CONFIRM: "check", Level.SIGN: "signature", Level.REPLY: "message-circle"}


def pieces() -> Pieces:
    """The pieces in the active language."""
    return _pieces(get_language() or "")


def live_markup() -> Markup:
    """The templates from which live-feed.js makes cards, in the active language."""
    return _live_markup(get_language() or "")


@lru_cache(maxsize=8)
def _live_markup(language: str) -> Markup:
    make: Any = get_template("delivery/card.html").template.module  # type: ignore[attr-defined]
    return Markup(make.live_template(_pieces(language)))  # noqa: S704  (rendered with autoescape)


@lru_cache(maxsize=8)
def _pieces(language: str) -> Pieces:  # the language is the key only: it is the active one
    make: Any = get_template("delivery/pieces.html").template.module  # type: ignore[attr-defined]
    nothing = Markup()
    return Pieces(
        kinds={category: make.kind(*kind) for category, kind in KINDS.items()},
        labels={category: str(category_label(category)) for category in KINDS},
        states={
            "": nothing,
            "recalled": make.withdrawn(),
            "home": make.home(),
            "told": make.told(),
            **{f"did-{level}": make.did(label) for level, label in DID.items() if level != Level.READ},
        },
        priorities={"routine": nothing, "important": make.important(), "emergency": make.urgent()},
        acts={str(level): make.inner(DO[level], icon) for level, icon in _ACT_ICONS.items()},
        unread=make.unread(),
        child_icon=make.child_icon(False),
        child_done=make.child_icon(True),
        done_word=make.done_word(),
        clock_icon=make.tag_icon("clock"),
        cash_icon=make.tag_icon("cash"),
        clip_icon=make.tag_icon("paperclip"),
        snooze=make.snooze(),
    )


@dataclass(frozen=True, slots=True)
class SnoozeChoice:
    value: str
    label: str | Promise
    until: datetime


def snooze_choices(person: Person, *, now: datetime, deadline_at: datetime | None = None) -> list[SnoozeChoice]:
    """Tonight, tomorrow morning, the weekend: those that lie ahead and before the deadline."""
    return _choices(person.school.time_zone, now, deadline_at)


def _choices(time_zone: str, now: datetime, deadline_at: datetime | None) -> list[SnoozeChoice]:
    zone = ZoneInfo(time_zone)
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


def snooze_dialog(person: Person, *, now: datetime) -> Markup:
    """The dialog that puts away any card of a page."""
    return _snooze_dialog(get_language() or "", person.school.time_zone, now.replace(second=0, microsecond=0))


@lru_cache(maxsize=32)
def _snooze_dialog(language: str, time_zone: str, now: datetime) -> Markup:  # made once a minute for all who see it
    make: Any = get_template("delivery/card.html").template.module  # type: ignore[attr-defined]
    return Markup(make.snooze_dialog(_choices(time_zone, now, None)))  # noqa: S704  (rendered with autoescape)


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
        "category": category_label,
        "snooze_reasons": SNOOZE_REASONS,
    }
