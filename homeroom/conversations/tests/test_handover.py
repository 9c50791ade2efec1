"""A substitute reads for exactly their dates, and a leaving teacher's threads go on with a successor."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeroom.conversations import access, queries
from homeroom.conversations.models import Conversation, Handover, Membership, Message
from homeroom.conversations.services import (
    carry_out_due,
    dates_moved,
    follow_roster,
    open_family_thread,
    open_pupil_thread,
    plan_handover,
    post_message,
    take_back_handover,
)
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible, Stale
from homeroom.kit.ids import new_id
from homeroom.people.models import Enrolment, Person, Role
from homeroom.school.models import SchoolClass

ZONE = ZoneInfo("Asia/Shanghai")


def at(on: date, hour: int = 9, minute: int = 0) -> datetime:
    return datetime.combine(on, time(hour, minute), ZONE)


def say(who: Person, where: Conversation, text: str = "您好", now: datetime | None = None):
    return post_message(actor=who, conversation=where, text=text, client_key=new_id(), now=now or timezone.now())


def texts(who: Person, where: Conversation, now: datetime | None = None) -> list[str]:
    now = now or timezone.now()
    place = access.get_membership_for(who, where.uuid, now=now)
    return [one.message.text for one in queries.thread(place, now=now).messages]


def reads(who: Person, where: Conversation, now: datetime) -> bool:
    try:
        access.membership_in(who, where, now=now)
    except NotVisible:
        return False
    return True


@pytest.fixture
def thread(school) -> Conversation:
    return open_family_thread(
        actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=timezone.now()
    )


def hand_over(school, thread, *, to: Person, on: date | None = None, by: Person | None = None, note: str = ""):
    (made,) = plan_handover(
        actor=by or school.class_teacher, threads=[thread], successor=to, on=on or school.today, note=note,
        now=timezone.now(),
    )  # fmt: skip
    made.refresh_from_db()
    return made


def teach(person: Person, school_class: SchoolClass, **dates: date) -> Role:
    return Role.objects.create(
        school=person.school, person=person, kind=Role.Kind.CLASS_TEACHER, school_class=school_class, **dates
    )


# --- substitutes


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.integers(-5, 12), days=st.integers(0, 12), off=st.lists(st.integers(-7, 30), max_size=12, unique=True))
def test_a_substitute_reads_on_exactly_the_days_of_the_duty(school, thread, first, days, off):
    """Whatever the dates, and on whichever nights the server was off for less than a week."""
    standing_in = Role.objects.get(person=school.substitute)
    starts_on, ends_on = school.today + timedelta(days=first), school.today + timedelta(days=first + days)
    Role.objects.filter(pk=standing_in.pk).update(starts_on=starts_on, ends_on=ends_on)
    Membership.objects.filter(conversation=thread).delete()
    follow_roster([thread], now=at(school.today - timedelta(days=15)))
    gone = {school.today + timedelta(days=n) for n in off}
    asleep = 0
    for n in range(-7, 30):
        day = school.today + timedelta(days=n)
        asleep = asleep + 1 if day in gone and asleep < 6 else 0
        if not asleep:
            dates_moved(now=at(day, 0, 4))
        inside = starts_on <= day <= ends_on
        if inside and asleep:
            continue  # comes in with the first job after the server is back
        assert reads(school.substitute, thread, at(day, 0, 5)) is inside
        assert reads(school.substitute, thread, at(day, 23, 59)) is inside


# --- handing over


def test_the_successor_reads_from_the_handover_on_and_the_family_keeps_all(school, thread):
    say(school.mother, thread, "以前的事")
    teach(school.other_class_teacher, school.class_a)
    done = hand_over(school, thread, to=school.other_class_teacher, note="小雨对花生过敏")
    assert done.done_at is not None
    thread.refresh_from_db()
    assert thread.teacher == school.other_class_teacher
    assert texts(school.other_class_teacher, thread) == ["小雨对花生过敏"]
    assert texts(school.mother, thread) == ["以前的事", "小雨对花生过敏"]
    assert not reads(school.class_teacher, thread, timezone.now())
    say(school.mother, thread, "孙老师好")
    say(school.other_class_teacher, thread, "您好")
    assert thread.messages.count() == 4


def test_the_family_is_told_inside_the_thread(school, thread, client_for):
    teach(school.other_class_teacher, school.class_a)
    hand_over(school, thread, to=school.other_class_teacher, by=school.office)
    page = client_for(school.mother).get(reverse("conversations:thread", args=[thread.uuid])).content.decode()
    assert "孙老师" in page
    assert 'class="msg-handover"' in page
    place = access.membership_in(school.mother, thread, now=timezone.now())
    assert place.read_number == 1  # it was unread until the page showed it


def test_a_thread_the_successor_has_already_goes_on_and_the_old_one_leads_there(school, thread):
    theirs = open_family_thread(
        actor=school.mother, student=school.child_a, teacher=school.subject_teacher, now=timezone.now()
    )
    say(school.mother, thread, "写给王老师的")
    done = hand_over(school, thread, to=school.subject_teacher, note="请多关照")
    assert done.continued_in == theirs
    thread.refresh_from_db()
    assert thread.teacher == school.class_teacher
    assert texts(school.mother, thread) == ["写给王老师的", ""]
    assert texts(school.subject_teacher, theirs) == ["请多关照"]
    assert not reads(school.subject_teacher, thread, timezone.now())


def test_a_pupils_thread_is_handed_over_too(school):
    thread = open_pupil_thread(actor=school.pupil, teacher=school.third_class_teacher, now=timezone.now())
    say(school.pupil, thread, "老师好")
    hand_over(school, thread, to=school.subject_teacher, by=school.third_class_teacher)
    assert texts(school.subject_teacher, thread) == [""]
    assert texts(school.pupil, thread) == ["老师好", ""]


@pytest.mark.parametrize("who", ["mother", "subject_teacher", "substitute", "other_class_teacher", "grade_leader"])
def test_these_people_may_not_hand_it_over(school, thread, who):
    with pytest.raises(NotAllowed):
        hand_over(school, thread, to=school.subject_teacher, by=getattr(school, who))
    assert not Handover.objects.exists()
    assert not thread.messages.exists()


def test_nobody_of_another_school_takes_part(school, thread):
    for by, to in (("leader_elsewhere", "subject_teacher"), ("office", "teacher_elsewhere")):
        with pytest.raises(NotVisible):
            hand_over(school, thread, to=getattr(school, to), by=getattr(school, by))
    assert not Handover.objects.exists()


def test_a_successor_must_teach_and_the_day_must_not_have_passed(school, thread):
    with pytest.raises(Invalid):
        hand_over(school, thread, to=school.office)
    with pytest.raises(Invalid):
        hand_over(school, thread, to=school.class_teacher)
    with pytest.raises(Invalid):
        hand_over(school, thread, to=school.subject_teacher, on=school.today - timedelta(days=1))
    assert not Handover.objects.exists()


def test_it_waits_until_the_successor_teaches_the_child(school, thread):
    planned = hand_over(school, thread, to=school.other_class_teacher)
    assert planned.done_at is None
    assert carry_out_due(now=timezone.now()) == 0
    teach(school.other_class_teacher, school.class_a)
    assert carry_out_due(now=timezone.now()) == 1
    assert carry_out_due(now=timezone.now()) == 0
    assert Message.objects.filter(conversation=thread).count() == 1


def test_a_planned_one_can_be_taken_back_until_it_happened(school, thread):
    tomorrow = school.today + timedelta(days=1)
    planned = hand_over(school, thread, to=school.subject_teacher, on=tomorrow)
    take_back_handover(actor=school.office, handover=planned, now=timezone.now())
    assert carry_out_due(now=at(tomorrow)) == 0
    done = hand_over(school, thread, to=school.subject_teacher)
    assert done.done_at is not None
    with pytest.raises(Stale):
        take_back_handover(actor=school.office, handover=done, now=timezone.now())


def test_a_new_choice_replaces_the_former(school, thread):
    tomorrow = school.today + timedelta(days=1)
    hand_over(school, thread, to=school.subject_teacher, on=tomorrow)
    teach(school.other_class_teacher, school.class_a)
    hand_over(school, thread, to=school.other_class_teacher, on=tomorrow)
    assert carry_out_due(now=at(tomorrow, 0, 4)) == 1
    thread.refresh_from_db()
    assert thread.teacher == school.other_class_teacher


def test_the_school_year_ends_and_another_begins(school, thread):
    """Planned in June; in July nobody answers and nothing is lost; in the new class the new teacher takes over."""
    year = school.today.year + 1
    last, first = date(year, 7, 5), date(year, 9, 1)
    say(school.mother, thread, "期末的问题")
    Role.objects.filter(person=school.class_teacher).update(ends_on=last)
    Role.objects.filter(person=school.substitute).delete()
    next_class = SchoolClass.objects.create(
        school=school.school, grade=school.class_c.grade, number=9, name="五年级9班"
    )
    teach(school.other_class_teacher, next_class, starts_on=first)
    planned = hand_over(school, thread, to=school.other_class_teacher, on=first, note="数学基础很好")
    follow_roster([thread], now=at(last))

    july = at(date(year, 7, 20))
    dates_moved(now=at(last + timedelta(days=1), 0, 4))
    assert carry_out_due(now=july) == 0
    assert not reads(school.class_teacher, thread, july)
    with pytest.raises(NotAllowed):
        say(school.mother, thread, "放假了", now=july)
    assert texts(school.mother, thread, now=july) == ["期末的问题"]

    Enrolment.objects.filter(student=school.child_a).update(school_class=next_class)  # the roster moved up
    # Minutes before midnight at the school it is still the old year, whatever the date is in UTC.
    assert carry_out_due(now=at(first - timedelta(days=1), 23, 59)) == 0
    dates_moved(now=at(first, 0, 4))
    assert carry_out_due(now=at(first, 0, 4)) == 1
    planned.refresh_from_db()
    assert planned.done_at == at(first, 0, 4)
    morning = at(first)
    say(school.mother, thread, "新学期好", now=morning)
    assert texts(school.other_class_teacher, thread, now=morning) == ["数学基础很好", "新学期好"]
    assert texts(school.mother, thread, now=morning) == ["期末的问题", "数学基础很好", "新学期好"]


def test_the_page_plans_for_whole_classes_and_takes_back(school, thread, client_for):
    client = client_for(school.class_teacher)
    address = reverse("conversations:handover")
    page = client.get(address).content.decode()
    assert str(thread.uuid) in page
    assert "李老师" in page
    on = (school.today + timedelta(days=3)).isoformat()
    given_form = {"leaving": school.class_teacher.uuid, "threads": [thread.uuid], "on": on, "note": "请关注"}
    assert client.post(address, given_form | {"successor": school.office.uuid}).status_code == 422
    assert client.post(address, given_form | {"successor": school.subject_teacher.uuid}).status_code == 302
    planned = Handover.objects.get()
    assert "请关注" in client_for(school.office).get(f"{address}?teacher={school.class_teacher.uuid}").content.decode()
    assert client.post(reverse("conversations:take_back", args=[planned.pk])).status_code == 302
    planned.refresh_from_db()
    assert planned.taken_back_at is not None


def test_the_office_sees_whose_threads_need_a_successor(school, thread, client_for):
    page = client_for(school.office).get(reverse("conversations:handover")).content.decode()
    assert "王老师" in page
    Role.objects.filter(person=school.class_teacher).update(ends_on=school.today)
    assert "需要接手" in client_for(school.office).get(reverse("conversations:handover")).content.decode()
