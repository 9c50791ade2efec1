"""Quiet hours, digest, mute, putting away: what waits, until when, and what never waits."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from homeroom.delivery import due
from homeroom.delivery.models import Dispatch, Recipient
from homeroom.delivery.public import feed, snooze, snoozed, todo, unread_count
from homeroom.delivery.services import save_settings
from homeroom.delivery.timing import Wishes, after_quiet_hours
from homeroom.eventlog.models import LoggedEvent
from homeroom.kit.errors import Invalid

from .conftest import everyone_about

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("starts", "ends", "clock", "waits_until"),
    [
        ("21:30", "07:00", "21:29", None),
        ("21:30", "07:00", "21:30", "+1 07:00"),
        ("21:30", "07:00", "23:59", "+1 07:00"),
        ("21:30", "07:00", "03:00", "07:00"),
        ("21:30", "07:00", "07:00", None),
        ("12:00", "14:00", "13:00", "14:00"),
        ("12:00", "14:00", "14:00", None),
        ("00:00", "00:00", "03:00", None),
    ],
)
def test_quiet_hours(starts, ends, clock, waits_until):
    on = datetime(2026, 11, 23, tzinfo=ZONE)
    at = lambda text: datetime.combine(on, time.fromisoformat(text), ZONE)  # noqa: E731
    expected = at(clock)
    if waits_until:
        expected = at(waits_until.removeprefix("+1 ")) + timedelta(days=waits_until.startswith("+1"))
    wishes = Wishes(time.fromisoformat(starts), time.fromisoformat(ends))
    assert after_quiet_hours(at(clock), wishes, ZONE) == expected


@pytest.fixture
def wish(school, settings):
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    school.mother.email = "m@example.cn"
    school.mother.save()

    def save(**options):
        values = {
            "quiet_from": time(21, 30),
            "quiet_until": time(7),
            "digest_at": time(18, 30),
            "outside_when": "every",
            "categories": {},
        }
        save_settings(actor=school.mother, **{**values, **options})

    return save


def to_mother(school, send, **options):
    return send(to=everyone_about(school, school.child_a), level="read", category="activity", **options)


def test_the_digest_waits_and_comes_once(school, send, now, wish):
    wish(categories={"activity": "digest"})
    items = [to_mother(school, send, title=f"活动{n}") for n in range(3)]
    assert unread_count(school.mother, now=now + timedelta(hours=1)) == 0
    assert unread_count(school.father, now=now + timedelta(hours=1)) == 3
    evening = now.replace(hour=18, minute=31)
    assert due.surface_digests(now=evening) == 3
    assert due.surface_digests(now=evening) == 0
    assert unread_count(school.mother, now=evening) == 3
    assert LoggedEvent.objects.filter(name="delivery.item_surfaced").count() == 3
    assert Dispatch.objects.filter(item__in=items, person=school.mother, reason="digest").count() == 3


def test_what_must_be_answered_before_the_digest_does_not_wait(school, send, now, wish):
    wish(categories={"activity": "digest"})
    send(to=everyone_about(school, school.child_a), category="activity", deadline_at=now.replace(hour=19))
    assert len(todo(school.mother, now=now)) == 1


@pytest.mark.parametrize(("priority", "waits"), [("routine", True), ("important", False), ("emergency", False)])
def test_wishes_touch_routine_items_only(school, send, now, wish, priority, waits):  # noqa: PLR0917
    wish(categories={"activity": "digest"})
    to_mother(school, send, priority=priority)
    assert (unread_count(school.mother, now=now) == 0) == waits


def test_muted_is_in_the_list_but_presses_nobody(school, send, now, wish):
    wish(categories={"activity": "mute"})
    item = to_mother(school, send)
    assert unread_count(school.mother, now=now) == 0
    assert [card.item_id for card in feed(school.mother, now=now).cards] == [item.pk]
    assert not Dispatch.objects.filter(person=school.mother).exists()


def test_what_asks_for_an_answer_is_never_muted(school, send, now, wish):
    wish(categories={"activity": "mute"})
    send(to=everyone_about(school, school.child_a), category="activity")
    assert unread_count(school.mother, now=now) == 1


def test_never_outside_means_emergencies_only(school, send, now, wish):
    wish(outside_when="never")
    to_mother(school, send)
    to_mother(school, send, priority="important")
    assert not Dispatch.objects.filter(person=school.mother).exists()
    to_mother(school, send, priority="emergency")
    assert Dispatch.objects.filter(person=school.mother).count() == 1


def test_what_was_put_away_comes_back_by_itself(school, send, now):
    item = send(to=everyone_about(school, school.child_a))
    until = now + timedelta(hours=3)
    snooze(actor=school.mother, item=item, until=until, reason="time", now=now)
    assert feed(school.mother, now=now).cards == []
    assert [card.snoozed_until for card in snoozed(school.mother, now=now)] == [until]
    assert due.return_snoozed(now=until) == 1
    assert due.return_snoozed(now=until) == 0
    assert len(feed(school.mother, now=until).cards) == 1
    assert snoozed(school.mother, now=until) == []
    assert Recipient.objects.get(item=item, person=school.father).snoozed_until is None


@pytest.mark.parametrize("hours", [-1, 24 * 15, 6])
def test_when_it_cannot_be_put_away_until(school, send, now, hours):
    item = send(to=everyone_about(school, school.child_a), deadline_at=now + timedelta(hours=5))
    with pytest.raises(Invalid):
        snooze(actor=school.mother, item=item, until=now + timedelta(hours=hours), reason="time", now=now)
    assert not Recipient.objects.filter(snoozed_until__isnull=False).exists()
