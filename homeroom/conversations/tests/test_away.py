"""The automatic line of somebody who is away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from homeroom.conversations import access
from homeroom.conversations.calm import calm_for
from homeroom.conversations.models import Away, AwayAnswer, Message
from homeroom.conversations.services import open_channel, open_family_thread, open_staff_room, post_message
from homeroom.conversations.services.away import answer_for_the_away
from homeroom.conversations.services.keeping_time import end_away, set_away
from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.kit.ids import new_id
from homeroom.people.models import Guardianship
from homeroom.school.public import Calendar

NOW = timezone.now


@pytest.fixture
def thread(school):
    return open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=NOW())


def away(school, **more):
    given = {
        "starts_on": school.today, "ends_on": school.today + timedelta(days=3), "text": "我外出培训，周五回来。",
        "substitute": None, "now": NOW(), **more,
    }  # fmt: skip
    return set_away(actor=given.pop("actor", school.class_teacher), **given)


def say(who, where, text="老师您好", now=None):
    post_message(actor=who, conversation=where, text=text, client_key=new_id(), now=now or NOW())


def automatic():
    return list(Message.objects.filter(automatic=True).values_list("text", flat=True))


def test_a_family_is_told_once_whoever_of_it_writes(school, thread):
    away(school)
    for who in (school.mother, school.father, school.mother):
        say(who, thread)
        answer_for_the_away(now=NOW())
    assert automatic() == ["我外出培训，周五回来。"]
    assert answer_for_the_away(now=NOW()) == 0


def test_another_family_is_told_too(school, thread):
    away(school)
    other = open_family_thread(
        actor=school.guardian_of_two, student=school.sibling_a, teacher=school.class_teacher, now=NOW()
    )
    say(school.mother, thread)
    say(school.guardian_of_two, other)
    assert answer_for_the_away(now=NOW()) == 2


def test_another_time_away_tells_again(school, thread):
    first = away(school)
    say(school.mother, thread)
    answer_for_the_away(now=NOW())
    end_away(actor=school.class_teacher, away=first)
    away(school, text="我病了。")
    say(school.mother, thread)
    answer_for_the_away(now=NOW())
    assert "我病了。" in automatic()


def test_the_substitute_is_named(school, thread):
    away(school, substitute=school.subject_teacher)
    say(school.mother, thread)
    answer_for_the_away(now=NOW())
    assert "李老师" in automatic()[0]
    assert "期间请联系" in automatic()[0]


def test_nobody_is_told_who_has_not_written_since(school, thread):
    say(school.mother, thread, now=NOW() - timedelta(minutes=5))
    away(school)
    assert answer_for_the_away(now=NOW()) == 0


def test_what_the_teacher_writes_is_not_answered(school, thread):
    away(school)
    say(school.class_teacher, thread, "提醒一下")
    assert answer_for_the_away(now=NOW()) == 0


def test_two_who_are_away_do_not_answer_one_another(school):
    """A teacher who is also a mother writes to another teacher who is away, while she is away herself."""
    child = Guardianship.objects.filter(guardian=school.teacher_parent).first().student
    talk = open_family_thread(actor=school.teacher_parent, student=child, teacher=school.other_class_teacher, now=NOW())
    away(school, actor=school.teacher_parent)
    away(school, actor=school.other_class_teacher)
    say(school.teacher_parent, talk)
    for _round in range(3):
        answer_for_the_away(now=NOW())
    assert len(automatic()) == 1


def test_never_in_channels_or_staff_rooms(school):
    away(school)
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=NOW())
    room = open_staff_room(actor=school.leader, grade=None, now=NOW())
    say(school.class_teacher, channel)
    say(school.leader, room)
    assert answer_for_the_away(now=NOW()) == 0


def test_before_and_after_the_days_nothing_is_told(school, thread):
    away(school, starts_on=school.today + timedelta(days=5), ends_on=school.today + timedelta(days=6))
    say(school.mother, thread)
    assert answer_for_the_away(now=NOW()) == 0
    assert answer_for_the_away(now=NOW() + timedelta(days=9)) == 0
    assert not AwayAnswer.objects.exists()


def test_the_line_is_marked_and_leaves_unread_what_the_family_wrote(school, thread, client_for):
    away(school)
    say(school.mother, thread)
    answer_for_the_away(now=NOW())
    assert access.get_membership_for(school.class_teacher, thread.uuid, now=NOW()).read_number == 0
    assert "自动回复" in client_for(school.mother).get(f"/conversations/{thread.uuid}/").content.decode()


def test_a_family_that_opens_the_thread_reads_it_before_writing(school, thread):
    away(school, substitute=school.subject_teacher)
    place = access.get_membership_for(school.mother, thread.uuid, now=NOW())
    calm = calm_for(place, calendar=Calendar.of(school.school), now=NOW())
    assert calm.away is not None
    assert "李老师" in calm.substitute


@pytest.mark.parametrize("who", ["mother", "pupil"])
def test_only_staff_are_away(school, who):
    with pytest.raises(NotAllowed):
        away(school, actor=getattr(school, who))
    assert not Away.objects.exists()


def test_what_cannot_be_is_refused(school):
    for field, given in (
        ("starts_on", {"starts_on": None}),
        ("ends_on", {"ends_on": school.today - timedelta(days=1)}),
        ("text", {"text": " "}),
        ("substitute", {"substitute": school.mother}),
    ):
        with pytest.raises(Invalid) as wrong:
            away(school, **given)
        assert field in wrong.value.fields
    assert not Away.objects.exists()
    away(school)
    with pytest.raises(Invalid):
        away(school, starts_on=school.today + timedelta(days=1))
    assert Away.objects.count() == 1


def test_the_page(school, client_for):
    teacher = client_for(school.class_teacher)
    form = {"action": "away", "starts_on": str(school.today), "ends_on": "", "text": "今天外出教研。"}
    assert teacher.post("/me/hours/", {**form, "text": ""}).status_code == 422
    assert teacher.post("/me/hours/", {**form, "substitute": school.subject_teacher.uuid}).status_code == 302
    row = Away.objects.get()
    assert row.substitute_id == school.subject_teacher.pk
    assert "今天外出教研。" in teacher.get("/me/hours/").content.decode()
    assert (
        client_for(school.subject_teacher).post("/me/hours/", {"action": "back", "away": row.uuid}).status_code == 404
    )
    assert teacher.post("/me/hours/", {"action": "back", "away": row.uuid}).status_code == 302
    assert not Away.objects.exists()
