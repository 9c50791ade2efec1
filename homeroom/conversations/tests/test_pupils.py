"""A pupil's own thread with a teacher: guardians come in by stage, custody holds, everybody sees who reads."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from homeroom.conversations import access
from homeroom.conversations.company import company_of
from homeroom.conversations.models import Conversation, Membership
from homeroom.conversations.services import change_rules, dates_moved, open_pupil_thread, post_message, roster_moved
from homeroom.kit.access import SystemActor
from homeroom.kit.errors import NotAllowed, NotVisible
from homeroom.kit.ids import new_id
from homeroom.people.models import Enrolment, Guardianship, Person
from homeroom.people.services.guardianship import change_guardianship, delegate, end_guardianship
from homeroom.school.models import Stage

SYSTEM = SystemActor("test")


def say(who: Person, where: Conversation, text: str = "老师好"):
    return post_message(actor=who, conversation=where, text=text, client_key=new_id(), now=timezone.now())


def members(where: Conversation) -> dict[str, bool]:
    rows = Membership.objects.filter(access.holding(timezone.now()), conversation=where)
    return dict(rows.values_list("person__name", "can_speak"))


def opened(school, teacher: str = "third_class_teacher") -> Conversation:
    return open_pupil_thread(actor=school.pupil, teacher=getattr(school, teacher), now=timezone.now())


def at_stage(school, stage: str) -> None:
    """The pupil's grade is of another stage."""
    grade = school.class_c.grade
    grade.stage = stage
    grade.save()
    school.school.stages = [*school.school.stages, stage]
    school.school.save()


@pytest.fixture
def thread(school) -> Conversation:
    return opened(school)


def test_in_primary_school_guardians_read_and_write(school, thread):
    assert members(thread) == {"陈子涵": True, "何志远": True, "黄雅婷": True, "陈国栋": True}
    assert say(school.pupil, thread).number == 1
    assert say(school.guardian_of_two, thread).number == 2


@pytest.mark.parametrize(
    ("stage", "guardians"),
    [
        (Stage.JUNIOR, {"黄雅婷": False, "陈国栋": False}),
        (Stage.SENIOR, {}),
        (Stage.VOCATIONAL, {}),
    ],
)
def test_the_older_the_pupil_the_less_guardians_take_part(school, stage, guardians):
    at_stage(school, stage)
    thread = opened(school)
    assert members(thread) == {"陈子涵": True, "何志远": True} | guardians
    if guardians:
        with pytest.raises(NotAllowed):
            say(school.guardian_of_two, thread)
    else:
        with pytest.raises(NotVisible):
            say(school.guardian_of_two, thread)
    assert not thread.messages.exists()


def rules(school, **parts: str) -> None:
    change_rules(
        actor=school.leader, school=school.school, open_replies=False, duty_phone="", now=timezone.now(),
        pupil_threads=parts,
    )  # fmt: skip


def test_a_school_chooses_otherwise_and_what_was_said_before_stays_the_pupils(school):
    at_stage(school, Stage.SENIOR)
    thread = opened(school)
    say(school.pupil, thread, "只有老师看到")
    rules(school, senior="read")
    assert members(thread) == {"陈子涵": True, "何志远": True, "黄雅婷": False, "陈国栋": False}
    say(school.pupil, thread, "现在家长也看到")
    place = access.membership_in(school.guardian_of_two, thread, now=timezone.now())
    assert place.since_number == 1


def test_a_school_without_such_threads_keeps_what_was_written_and_lets_nobody_but_the_teacher_write(school, thread):
    say(school.pupil, thread)
    rules(school, primary="off")
    assert members(thread) == {"陈子涵": False, "何志远": True, "黄雅婷": False, "陈国栋": False}
    with pytest.raises(NotAllowed):
        say(school.pupil, thread)
    assert thread.messages.count() == 1
    with pytest.raises(NotAllowed):
        opened(school, "subject_teacher")


def test_there_is_one_thread_of_a_pupil_with_a_teacher(school, thread):
    assert opened(school) == thread
    assert opened(school, "subject_teacher") != thread
    assert Conversation.objects.filter(kind="pupil").count() == 2


@pytest.mark.parametrize("teacher", ["class_teacher", "leader", "office", "guardian_of_two"])
def test_a_pupil_writes_only_to_their_own_teachers(school, teacher):
    with pytest.raises(NotAllowed):
        opened(school, teacher)
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("who", ["mother", "class_teacher", "leader", "guardian_elsewhere"])
def test_nobody_but_a_pupil_begins_one(school, who):
    with pytest.raises(NotVisible):
        open_pupil_thread(actor=getattr(school, who), teacher=school.third_class_teacher, now=timezone.now())
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("restriction", ["no_contact", "no_records"])
def test_custody_holds_from_that_moment_on(school, thread, restriction):
    say(school.pupil, thread)
    edge = Guardianship.objects.get(guardian=school.father_of_two, student=school.pupil)
    change_guardianship(actor=SYSTEM, edge=edge, changes={"restriction": restriction})
    assert "陈国栋" not in members(thread)
    with pytest.raises(NotVisible):
        say(school.father_of_two, thread)


def test_a_guardian_whose_right_ended_is_out_and_a_delegate_with_records_is_in(school, thread):
    edge = Guardianship.objects.get(guardian=school.guardian_of_two, student=school.pupil)
    today = school.today
    delegate(
        actor=school.guardian_of_two, edge=edge, delegate=school.delegate, starts_on=today,
        ends_on=today + timedelta(days=3), sees_records=True, may_confirm=True, may_pick_up=False,
    )  # fmt: skip
    assert members(thread)["李芳"] is True
    end_guardianship(actor=SYSTEM, edge=edge, on=today - timedelta(days=1))
    assert set(members(thread)) == {"陈子涵", "何志远", "陈国栋"}


def test_a_pupil_who_moves_up_a_stage_has_the_guardians_of_the_new_stage(school, thread):
    at_stage(school, Stage.JUNIOR)
    roster_moved(Enrolment.objects.filter(student=school.pupil).get(), 1)
    assert members(thread) == {"陈子涵": True, "何志远": True, "黄雅婷": False, "陈国栋": False}


def test_a_pupil_who_left_the_school_is_out(school, thread):
    Enrolment.objects.filter(student=school.pupil).update(ends_on=school.today)
    roster_moved(Enrolment.objects.filter(student=school.pupil).get(), 1)
    assert members(thread) == {}
    assert dates_moved(now=timezone.now()) == 0


def test_everybody_in_it_is_told_who_is_in_it(school, thread, client_for):
    told = company_of(thread, now=timezone.now())
    assert told is not None
    assert told.pupil == "陈子涵"
    assert told.writing == ("陈子涵妈妈", "陈子涵爸爸")
    assert told.reading == ()
    for who in (school.pupil, school.third_class_teacher, school.guardian_of_two):
        page = client_for(who).get(reverse("conversations:thread", args=[thread.uuid])).content.decode()
        assert all(name in page for name in ("陈子涵妈妈", "陈子涵爸爸", "何老师"))


def test_a_pupil_finds_their_teachers_and_writes(school, client_for):
    client = client_for(school.pupil)
    page = client.get(reverse("conversations:new")).content.decode()
    assert str(school.third_class_teacher.uuid) in page
    answer = client.post(reverse("conversations:pupil"), {"teacher": school.third_class_teacher.uuid})
    thread = Conversation.objects.get(kind="pupil")
    assert answer.url == f"{reverse('conversations:thread', args=[thread.uuid])}#write"
    sent = client.post(
        reverse("conversations:send", args=[thread.uuid]), {"text": "老师，我有个问题", "client_key": new_id()}
    )
    assert sent.status_code == 302
    assert thread.messages.get().text == "老师，我有个问题"


def test_a_leader_chooses_on_the_page_of_rules(school, client_for):
    client = client_for(school.leader)
    assert "pupils_primary" in client.get(reverse("conversations:rules")).content.decode()
    client.post(reverse("conversations:rules"), {"duty_phone": "", "pupils_primary": "read"})
    assert members(opened(school))["黄雅婷"] is False
    assert client.post(reverse("conversations:rules"), {"pupils_primary": "everybody"}).status_code == 422
