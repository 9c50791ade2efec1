"""Messages that wait for their time: once, by whoever may still send them, whatever the clock does."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from homeroom.conversations import access, hours
from homeroom.conversations.models import Membership, Message, ScheduledMessage
from homeroom.conversations.services import edit_message, open_channel, open_family_thread, post_message, scheduling
from homeroom.conversations.services.keeping_time import set_own_hours
from homeroom.conversations.services.scheduling import (
    cancel_scheduled,
    change_scheduled,
    schedule_message,
    send_due,
    send_now,
)
from homeroom.delivery.models import Item
from homeroom.demo.cast import ZONE
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible
from homeroom.kit.ids import new_id
from homeroom.school.public import Calendar

NOW = timezone.now


@pytest.fixture
def thread(school):
    return open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=NOW())


def later(who, where, text="明天见", at=None, **more):
    send_at = at or NOW() + timedelta(hours=2)
    return schedule_message(
        actor=who, conversation=where, text=text, send_at=send_at,
        **{"client_key": new_id(), "now": NOW(), **more},
    )  # fmt: skip


def stored():
    return list(Message.objects.order_by("pk").values_list("text", flat=True))


def test_it_goes_out_at_its_time_and_not_before(school, thread):
    row = later(school.class_teacher, thread)
    assert send_due(now=row.send_at - timedelta(seconds=1)) == 0
    assert stored() == []
    assert send_due(now=row.send_at) == 1
    assert stored() == ["明天见"]
    row.refresh_from_db()
    assert row.sent_at == row.send_at


def test_sending_again_after_a_kill_makes_no_second_message(school, thread):
    row = later(school.class_teacher, thread)
    send_due(now=row.send_at)
    # As if the process had been killed before it noted that the message went out.
    ScheduledMessage.objects.update(sent_at=None)
    send_due(now=row.send_at + timedelta(minutes=1))
    assert stored() == ["明天见"]
    assert ScheduledMessage.objects.get().sent_at is not None


def test_a_row_that_somebody_else_has_claimed_is_left_alone(school, thread):
    row = later(school.class_teacher, thread)
    ScheduledMessage.objects.filter(pk=row.pk).update(sent_at=NOW())
    scheduling._send(row, row.send_at)
    assert stored() == []


def test_the_same_key_is_the_same_message(school, thread):
    key = new_id()
    first = later(school.class_teacher, thread, client_key=key)
    assert later(school.class_teacher, thread, client_key=key).pk == first.pk


def test_who_has_lost_access_is_told_and_nothing_is_sent(school, thread):
    row = later(school.mother, thread, "孩子明天请假")
    Membership.objects.filter(conversation=thread, person=school.mother).update(left_at=NOW())
    assert send_due(now=row.send_at) == 0
    assert stored() == []
    row.refresh_from_db()
    assert row.refused_at is not None
    item = Item.objects.get(kind=scheduling.OWNER)
    assert item.recipients.get().person_id == school.mother.pk
    assert "孩子" not in item.title + item.lead
    assert send_due(now=row.send_at + timedelta(days=1)) == 0
    assert Item.objects.filter(kind=scheduling.OWNER).count() == 1


def test_one_that_is_refused_does_not_hold_up_the_others(school, thread):
    row = later(school.mother, thread, "一")
    other = later(school.class_teacher, thread, "二")
    Membership.objects.filter(conversation=thread, person=school.mother).update(left_at=NOW())
    assert send_due(now=max(row.send_at, other.send_at)) == 1
    assert stored() == ["二"]


def test_its_author_changes_sends_and_cancels_it(school, thread):
    first, second, third = (later(school.class_teacher, thread, text) for text in ("一", "二", "三"))
    change_scheduled(
        actor=school.class_teacher, scheduled=first, text="改了", send_at=first.send_at + timedelta(days=1), now=NOW()
    )
    send_now(actor=school.class_teacher, scheduled=second, now=NOW())
    cancel_scheduled(actor=school.class_teacher, scheduled=third, now=NOW())
    assert stored() == ["二"]
    assert send_due(now=third.send_at) == 0
    assert send_due(now=first.send_at + timedelta(days=1)) == 1
    assert stored() == ["二", "改了"]
    for gone in (first, second, third):
        with pytest.raises(Invalid):
            cancel_scheduled(actor=school.class_teacher, scheduled=gone, now=NOW())


def test_nobody_touches_another_persons(school, thread):
    row = later(school.mother, thread)
    for who in (school.class_teacher, school.father, school.leader):
        with pytest.raises(Invalid):
            cancel_scheduled(actor=who, scheduled=row, now=NOW())
    row.refresh_from_db()
    assert row.cancelled_at is None


def test_who_may_not_write_schedules_nothing(school, thread):
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=NOW())
    with pytest.raises(NotAllowed):
        later(school.mother, channel)
    with pytest.raises(NotVisible):
        later(school.leader, thread)
    assert not ScheduledMessage.objects.exists()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("send_at", {"at": datetime(2020, 1, 1, tzinfo=ZONE)}),
        ("send_at", {"at": NOW() + timedelta(days=400)}),
        ("text", {"text": "  "}),
    ],
)
def test_what_cannot_be_is_refused(school, thread, field, given):
    with pytest.raises(Invalid) as wrong:
        later(school.class_teacher, thread, **given)
    assert field in wrong.value.fields
    assert not ScheduledMessage.objects.exists()


def test_what_the_author_has_not_read_stays_unread(school, thread):
    row = later(school.class_teacher, thread)
    post_message(actor=school.mother, conversation=thread, text="老师在吗", client_key=new_id(), now=NOW())
    send_due(now=row.send_at)
    place = access.get_membership_for(school.class_teacher, thread.uuid, now=NOW())
    assert place.read_number < 1


def test_who_had_read_everything_has_read_their_own(school, thread):
    row = later(school.class_teacher, thread)
    send_due(now=row.send_at)
    place = access.get_membership_for(school.class_teacher, thread.uuid, now=NOW())
    assert place.read_number == 1


def test_what_went_out_can_be_changed_like_any_message(school, thread):
    row = later(school.class_teacher, thread)
    send_due(now=row.send_at)
    edit_message(
        actor=school.class_teacher, message=Message.objects.get(), text="后天见", now=row.send_at + timedelta(minutes=1)
    )
    assert stored() == ["后天见"]


@pytest.mark.parametrize(
    "at",
    [
        datetime(2030, 9, 30, 23, 59, 50, tzinfo=ZONE),  # over midnight and a month
        datetime(2030, 12, 31, 23, 59, 50, tzinfo=ZONE),  # a year
        datetime(2031, 8, 31, 23, 59, 50, tzinfo=ZONE),  # a school year
    ],
)
def test_the_clock_crosses_midnight_month_and_school_year(school, thread, at):
    row = later(school.class_teacher, thread, at=at + timedelta(minutes=5), now=at)
    assert send_due(now=at + timedelta(seconds=20)) == 0
    assert send_due(now=at + timedelta(minutes=5)) == 1
    assert Message.objects.get().sent_at == row.send_at


def test_a_clock_set_back_sends_nothing_early_and_nothing_twice(school, thread):
    row = later(school.class_teacher, thread)
    send_due(now=row.send_at)
    assert send_due(now=row.send_at - timedelta(days=2)) == 0
    assert send_due(now=row.send_at) == 0
    assert stored() == ["明天见"]


def suggested(who, thread, now):
    place = access.get_membership_for(who, thread.uuid, now=NOW())
    return hours.suggested_times(place, Calendar.of(who.school), now=now)


def local(day, hour, minute=0):
    return datetime(2030, 10, day, hour, minute, tzinfo=ZONE)  # the 7th is a Monday


def test_times_are_suggested_by_who_is_to_read_it(school, thread):
    assert suggested(school.mother, thread, local(7, 21))[0] == local(8, 7, 50)
    assert suggested(school.mother, thread, local(7, 12))[0] == local(7, 13, 30)
    set_own_hours(actor=school.class_teacher, weekly={2: ((local(9, 9).time(), local(9, 11).time()),)})
    assert suggested(school.mother, thread, local(7, 21))[0] == local(9, 9)


@pytest.mark.parametrize(("now", "first"), [(local(7, 22), local(8, 8)), (local(8, 0, 30), local(8, 8))])
def test_a_teacher_off_work_is_offered_eight_in_the_morning(school, thread, now, first):
    assert suggested(school.class_teacher, thread, now)[0] == first


def test_before_a_weekend_the_next_school_day_is_offered_too(school, thread):
    assert local(14, 8) in suggested(school.class_teacher, thread, local(11, 22))


def test_the_pages(school, thread, client_for):
    teacher = client_for(school.class_teacher)
    page = teacher.post(f"/conversations/{thread.uuid}/later/", {"text": "明天请带水彩笔", "client_key": new_id()})
    assert page.status_code == 200
    assert "明天请带水彩笔" in page.content.decode()
    assert not ScheduledMessage.objects.exists()
    key = new_id()
    form = {"text": "明天请带水彩笔", "client_key": key, "schedule": "1", "when": "own", "send_at": "2020-01-01T08:00"}
    assert teacher.post(f"/conversations/{thread.uuid}/later/", form).status_code == 422
    tomorrow = (datetime.now(ZONE) + timedelta(days=1)).strftime("%Y-%m-%dT08:00")
    made = teacher.post(f"/conversations/{thread.uuid}/later/", {**form, "send_at": tomorrow})
    assert made.status_code == 302
    row = ScheduledMessage.objects.get()
    assert row.client_key == key
    assert row.send_at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M") == tomorrow
    assert "明天请带水彩笔" in teacher.get(f"/conversations/{thread.uuid}/").content.decode()
    assert "明天请带水彩笔" not in client_for(school.mother).get(f"/conversations/{thread.uuid}/").content.decode()
    assert "明天请带水彩笔" in teacher.get("/conversations/scheduled/").content.decode()
    one = f"/conversations/scheduled/{row.uuid}/"
    assert teacher.post(one, {"text": "明天带水彩笔和剪刀", "send_at": tomorrow, "save": "1"}).status_code == 302
    assert client_for(school.substitute).get(one).status_code == 404
    assert teacher.post(one, {"now": "1"}).status_code == 302
    assert stored() == ["明天带水彩笔和剪刀"]
