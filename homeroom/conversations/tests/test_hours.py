"""When a teacher answers: own hours, the usual reply time, who is on duty, and what a family is told."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from homeroom.conversations import access, hours
from homeroom.conversations.calm import calm_for
from homeroom.conversations.models import Conversation, DutyShift, HouseRules, Rhythm
from homeroom.conversations.services import open_family_thread, post_message
from homeroom.conversations.services.keeping_time import add_shift, remove_shift, set_own_hours
from homeroom.conversations.writing import Posting, write
from homeroom.demo.cast import ZONE
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible
from homeroom.kit.ids import new_id
from homeroom.school.models import CalendarDay
from homeroom.school.public import Calendar, read_spans

AFTERNOON = {0: ((time(13), time(17)),)}


def next_monday() -> date:
    today = datetime.now(ZONE).date()
    return today + timedelta(days=7 - today.weekday())


def at(hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    return datetime.combine(next_monday() + timedelta(days=days), time(hour, minute), ZONE)


@pytest.fixture
def thread(school):
    # Members join before what is written, so a week of history can be made.
    long_ago = at(8) - timedelta(days=60)
    return open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=long_ago)


def told(who, thread, now):
    place = access.get_membership_for(who, thread.uuid, now=datetime.now(ZONE))
    return calm_for(place, calendar=Calendar.of(who.school), now=now)


def answer_after(thread, mother, teacher, asked_at, *minutes):
    """The mother asks and the teacher answers, once for each of `minutes`, on days one after the other."""
    place = Conversation.objects.get(pk=thread.pk)
    rows = []
    for day, wait in enumerate(minutes):
        asked = asked_at - timedelta(days=7 * (day + 1))
        for who, instant in ((mother, asked), (teacher, asked + timedelta(minutes=wait))):
            rows.append(Posting(place.pk, place.membership_version, place.school_id, who.pk, "您好", new_id(), instant))
    rows.sort(key=lambda posting: posting.sent_at)
    write(rows)


@pytest.mark.parametrize(
    ("typed", "spans"),
    [
        ("7:50-11:50", [(time(7, 50), time(11, 50))]),
        ("14：00–17：30，8点", None),
        ("14：00—17：30， 08:00至11:00", [(time(8), time(11)), (time(14), time(17, 30))]),
        ("8-12\n13-17", [(time(8), time(12)), (time(13), time(17))]),
        ("", []),
        ("早上", None),
        ("25:00-26:00", None),
        ("8:5-9:00", None),
    ],
)
def test_hours_are_read_as_people_write_them(typed, spans):
    if spans is None:
        with pytest.raises(ValueError):  # noqa: PT011  (any kind of unreadable)
            read_spans(typed)
    else:
        assert list(read_spans(typed)) == spans


def test_a_teachers_own_hours_take_the_place_of_the_schools(school, thread):
    assert told(school.mother, thread, at(9)).working
    set_own_hours(actor=school.class_teacher, weekly=AFTERNOON)
    calm = told(school.mother, thread, at(9))
    assert not calm.working
    assert calm.teacher == "王老师"
    assert calm.works_again_at == at(13)
    assert told(school.mother, thread, at(13)).working
    set_own_hours(actor=school.class_teacher, weekly={})
    assert told(school.mother, thread, at(9)).working


def test_holidays_stay_the_schools(school, thread):
    set_own_hours(actor=school.class_teacher, weekly=AFTERNOON)
    CalendarDay.objects.create(school=school.school, on=next_monday(), kind="closed", label="校庆")
    assert told(school.mother, thread, at(14)).works_again_at == at(13, days=7)


def test_the_teachers_side_is_told_nothing(school, thread):
    calm = told(school.class_teacher, thread, at(23))
    assert calm.working
    assert not calm.shown


@pytest.mark.parametrize("who", ["mother", "pupil"])
def test_only_staff_have_hours(school, who):
    with pytest.raises(NotAllowed):
        set_own_hours(actor=getattr(school, who), weekly=AFTERNOON)
    assert not Rhythm.objects.exists()


def test_hours_that_overlap_are_refused(school):
    with pytest.raises(Invalid) as wrong:
        set_own_hours(actor=school.class_teacher, weekly={2: ((time(8), time(12)), (time(11), time(13)))})
    assert "day2" in wrong.value.fields
    assert not Rhythm.objects.exists()


def test_the_usual_reply_time_is_the_middle_of_what_was_counted(school, thread):
    answer_after(thread, school.mother, school.class_teacher, at(9), 10, 20, 90, 100, 120)
    hours.count_usual_times(school.school, now=at(23))
    found = Rhythm.objects.get(person=school.class_teacher)
    assert (found.usual_minutes, found.replies) == (90, 5)
    assert found.counted_on == next_monday()
    assert told(school.mother, thread, at(23)).usual == "王老师通常在工作时间 2 小时内回复。"


def test_nights_do_not_count(school, thread):
    answer_after(thread, school.mother, school.class_teacher, at(17) - timedelta(hours=-3), *[13 * 60] * 5)
    hours.count_usual_times(school.school, now=at(23))
    usual = Rhythm.objects.get(person=school.class_teacher).usual_minutes
    assert usual is not None
    assert usual <= 90  # asked at eight in the evening, answered at nine in the morning


def test_fewer_than_five_replies_say_nothing(school, thread):
    answer_after(thread, school.mother, school.class_teacher, at(9), 10, 20, 30, 40)
    hours.count_usual_times(school.school, now=at(23))
    assert Rhythm.objects.get(person=school.class_teacher).usual_minutes is None
    assert told(school.mother, thread, at(23)).usual == ""


def test_replies_at_night_are_no_promise(school, thread):
    answer_after(thread, school.mother, school.class_teacher, at(21), *[10] * 6)
    hours.count_usual_times(school.school, now=at(23))
    assert not Rhythm.objects.filter(usual_minutes__isnull=False).exists()


def test_counting_again_keeps_own_hours(school, thread):
    set_own_hours(actor=school.class_teacher, weekly=AFTERNOON)
    hours.count_usual_times(school.school, now=at(23))
    assert hours.weekly_of(Rhythm.objects.get(person=school.class_teacher).hours) == AFTERNOON


def test_counting_takes_the_same_statements_for_any_history(school, thread):
    def statements() -> int:
        with CaptureQueriesContext(connection) as caught:
            hours.count_usual_times(school.school, now=at(23))
        return len(caught)

    answer_after(thread, school.mother, school.class_teacher, at(9), 10)
    few = statements()
    answer_after(thread, school.mother, school.class_teacher, at(10), 10, 20, 30, 40, 50, 60)
    assert statements() == few <= 7


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "半小时"),
        (30, "半小时"),
        (31, "1 小时"),
        (61, "2 小时"),
        (240, "4 小时"),
        (300, "1 个工作日"),
        (2000, "个工作日"),
    ],
)
def test_the_time_is_said_in_plain_words(school, minutes, words):
    assert words in hours.usual_words("王老师", minutes, Calendar.of(school.school))


# --- on duty


def on_duty(school, **more):
    return add_shift(**{
        "actor": school.office, "person": school.counsellor, "phone": "154 0000 0110", "takes_messages": True,
        "starts_on": datetime.now(ZONE).date(), "ends_on": next_monday() + timedelta(days=7), "now": datetime.now(ZONE),
        **more,
    })  # fmt: skip


def test_what_cannot_wait_reaches_who_is_on_duty(school, thread):
    on_duty(school)
    (one,) = told(school.mother, thread, at(22)).duty
    assert school.counsellor.name in one.name
    assert one.phone == "154 0000 0110"
    assert one.person_uuid == school.counsellor.uuid


def test_without_a_roster_there_is_the_schools_number(school, thread):
    HouseRules.objects.create(school=school.school, duty_phone="010-88886666")
    (one,) = told(school.mother, thread, at(22)).duty
    assert (one.name, one.phone, one.person_uuid) == ("", "010-88886666", None)
    on_duty(school, takes_messages=False)
    (one,) = told(school.mother, thread, at(22)).duty
    assert (one.phone, one.person_uuid) == ("154 0000 0110", None)


def test_a_family_writes_to_who_is_on_duty_while_it_lasts(school):
    now = datetime.now(ZONE)
    with pytest.raises(NotAllowed):
        open_family_thread(actor=school.mother, student=school.child_a, teacher=school.counsellor, now=now)
    shift = on_duty(school)
    talk = open_family_thread(actor=school.mother, student=school.child_a, teacher=school.counsellor, now=now)
    for who in (school.mother, school.counsellor):
        post_message(actor=who, conversation=talk, text="孩子还没到家", client_key=new_id(), now=now)
    with pytest.raises(NotVisible):
        access.get_membership_for(school.class_teacher, talk.uuid, now=now)
    remove_shift(actor=school.office, shift=shift, now=now)
    with pytest.raises(NotVisible):
        post_message(actor=school.counsellor, conversation=talk, text="还在", client_key=new_id(), now=now)
    with pytest.raises(NotAllowed):
        post_message(actor=school.mother, conversation=talk, text="还在吗", client_key=new_id(), now=now)


def test_a_duty_ends_by_itself(school):
    now = datetime.now(ZONE)
    on_duty(school)
    talk = open_family_thread(actor=school.mother, student=school.child_a, teacher=school.counsellor, now=now)
    after = now + timedelta(days=30)
    with pytest.raises(NotVisible):
        post_message(actor=school.counsellor, conversation=talk, text="还在", client_key=new_id(), now=after)


@pytest.mark.parametrize("who", ["class_teacher", "mother", "leader_elsewhere"])
def test_these_people_put_nobody_on_duty(school, who):
    with pytest.raises(NotAllowed):
        on_duty(school, actor=getattr(school, who))
    assert not DutyShift.objects.exists()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("phone", {"phone": "校门口"}),
        ("starts_on", {"starts_on": None}),
        ("ends_on", {"ends_on": date(2020, 1, 1)}),
    ],
)
def test_a_shift_that_cannot_be_is_refused(school, field, given):
    with pytest.raises(Invalid) as wrong:
        on_duty(school, **given)
    assert field in wrong.value.fields
    assert not DutyShift.objects.exists()


def test_nobody_is_on_duty_twice_at_once(school):
    on_duty(school)
    with pytest.raises(Invalid):
        on_duty(school, starts_on=next_monday(), ends_on=None)
    assert DutyShift.objects.count() == 1


# --- pages


def test_the_pages(school, thread, client_for):
    teacher, office = client_for(school.class_teacher), client_for(school.office)
    assert teacher.get("/me/hours/").status_code == 200
    saved = teacher.post("/me/hours/", {"action": "hours", "day0": "13：00-17：00", "day2": "8-10"})
    assert saved.status_code == 302
    assert set(Rhythm.objects.get().hours) == {"0", "2"}
    wrong = teacher.post("/me/hours/", {"action": "hours", "day0": "下午"})
    assert wrong.status_code == 422
    assert "下午" in wrong.content.decode()
    assert teacher.post("/me/hours/", {"action": "hours"}).status_code == 422
    assert client_for(school.mother).get("/me/hours/").status_code == 403
    assert teacher.get("/conversations/duty/").status_code == 404
    made = office.post(
        "/conversations/duty/",
        {"person": school.counsellor.uuid, "phone": "15400000110", "starts_on": str(next_monday()), "ends_on": ""},
    )
    assert made.status_code == 302
    assert "15400000110" in office.get("/conversations/duty/").content.decode()
    office.post("/conversations/duty/", {"remove": DutyShift.objects.get().uuid})
    assert not DutyShift.objects.exists()
