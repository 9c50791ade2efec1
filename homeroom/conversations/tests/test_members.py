"""Who belongs to a conversation, and what they see of it: the roster decides, in its own transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from homeroom.conversations import access, queries
from homeroom.conversations.models import Conversation, Membership, Message
from homeroom.conversations.services import (
    change_rules,
    dates_moved,
    open_channel,
    open_family_thread,
    open_staff_room,
    post_message,
)
from homeroom.kit.access import SystemActor
from homeroom.kit.errors import NotAllowed, NotVisible
from homeroom.kit.ids import new_id
from homeroom.people.models import Delegation, Enrolment, Guardianship, Person, Role
from homeroom.people.services import roles
from homeroom.people.services.guardianship import add_guardian, change_guardianship, delegate, end_guardianship

SYSTEM = SystemActor("test")


def say(who: Person, where: Conversation, text: str = "您好", **more: object):
    return post_message(actor=who, conversation=where, text=text, client_key=new_id(), now=timezone.now(), **more)


def members(where: Conversation) -> set[str]:
    rows = Membership.objects.filter(access.holding(timezone.now()), conversation=where)
    return set(rows.values_list("person__name", flat=True))


def texts(who: Person, where: Conversation) -> list[str]:
    place = access.get_membership_for(who, where.uuid, now=timezone.now())
    return [one.message.text for one in queries.thread(place, now=timezone.now()).messages]


def thread_of(school, child: str = "child_a", by: str = "mother", teacher: str = "class_teacher") -> Conversation:
    return open_family_thread(
        actor=getattr(school, by), student=getattr(school, child), teacher=getattr(school, teacher), now=timezone.now()
    )


@pytest.fixture
def thread(school) -> Conversation:
    return thread_of(school)


def test_a_family_thread_has_the_guardians_who_see_the_child_the_teacher_and_who_stands_in(school, thread):
    assert members(thread) == {"李梅", "张伟强", "王慧敏", "徐静怡"}


def test_two_guardians_begin_one_thread(school, thread):
    assert thread_of(school, by="father") == thread
    assert thread_of(school, by="class_teacher") == thread
    assert Conversation.objects.count() == 1


@pytest.mark.parametrize(
    ("by", "child", "teacher"),
    [
        ("guardian_b", "child_a", "class_teacher"),  # somebody else's child
        ("mother", "sibling_c", "third_class_teacher"),
        ("restricted_guardian", "restricted_child", "class_teacher"),  # barred by custody
        ("records_barred_guardian", "records_barred_child", "class_teacher"),
        ("other_class_teacher", "child_a", "other_class_teacher"),  # does not teach the child
        ("leader", "child_a", "class_teacher"),
        ("mother", "child_elsewhere", "class_teacher"),
        ("guardian_elsewhere", "child_a", "class_teacher"),
        ("mother", "child_a", "teacher_elsewhere"),
    ],
)
def test_nobody_without_part_in_the_child_begins_a_thread(school, by, child, teacher):
    with pytest.raises(NotVisible):
        thread_of(school, child=child, by=by, teacher=teacher)
    assert not Conversation.objects.exists()


def test_a_guardian_writes_only_to_those_who_teach_the_child(school):
    with pytest.raises(NotAllowed):
        thread_of(school, teacher="leader")
    assert not Conversation.objects.exists()


def test_custody_keeps_a_father_out(school):
    where = thread_of(school, child="restricted_child", by="restricted_mother")
    assert "赵铁军" not in members(where)
    with pytest.raises(NotVisible):
        say(school.restricted_guardian, where)
    assert not Message.objects.exists()


def test_a_siblings_thread_is_its_own(school):
    of_one = thread_of(school, child="sibling_a", by="guardian_of_two")
    thread_of(school, child="sibling_c", by="guardian_of_two", teacher="third_class_teacher")
    edge = Guardianship.objects.get(guardian=school.father_of_two, student=school.sibling_a)
    change_guardianship(actor=SYSTEM, edge=edge, changes={"restriction": "no_contact"})
    assert "陈国栋" not in members(of_one)
    assert "陈国栋" in members(Conversation.objects.get(student=school.sibling_c))


def test_who_loses_the_right_reads_and_writes_nothing_more(school, thread):
    say(school.father, thread)
    version = Conversation.objects.get().membership_version
    edge = Guardianship.objects.get(guardian=school.father, student=school.child_a)
    change_guardianship(actor=SYSTEM, edge=edge, changes={"sees_records": False})
    with pytest.raises(NotVisible):
        texts(school.father, thread)
    with pytest.raises(NotVisible):
        say(school.father, thread)
    assert Conversation.objects.get().membership_version > version
    assert Message.objects.count() == 1
    assert texts(school.mother, thread) == ["您好"]


def test_who_joins_sees_what_is_written_from_then_on(school, thread):
    say(school.mother, thread, "以前的话")
    edge = add_guardian(actor=SYSTEM, student=school.child_a, relation="grandmother_m", guardian=school.guardian_b)
    assert texts(school.guardian_b, thread) == []
    first = Message.objects.get()
    with pytest.raises(NotVisible):
        access.get_message_for(school.guardian_b, first.uuid, now=timezone.now())
    say(school.class_teacher, thread, "从现在起", quoted=first.uuid)
    assert texts(school.guardian_b, thread) == ["从现在起"]
    place = access.get_membership_for(school.guardian_b, thread.uuid, now=timezone.now())
    (shown,) = queries.thread(place, now=timezone.now()).messages
    assert shown.quote is not None
    assert "以前" not in shown.quote.text
    end_guardianship(actor=SYSTEM, edge=edge, on=school.today - timedelta(days=1))
    with pytest.raises(NotVisible):
        texts(school.guardian_b, thread)


def test_a_delegate_with_the_right_has_it_until_the_date(school, thread):
    edge = Guardianship.objects.get(guardian=school.mother, student=school.child_a)
    Delegation.objects.filter(delegate=school.delegate).delete()
    delegate(
        actor=school.mother, edge=edge, delegate=school.delegate, starts_on=school.today, ends_on=school.today,
        sees_records=True,
    )  # fmt: skip
    assert "李芳" in members(thread)
    zone = ZoneInfo(school.school.time_zone)
    place = Membership.objects.get(person=school.delegate)
    assert place.ends_at is not None
    midnight = datetime.combine(school.today + timedelta(days=1), datetime.min.time(), zone)
    assert place.ends_at == midnight
    with pytest.raises(NotVisible):
        access.get_membership_for(school.delegate, thread.uuid, now=midnight)


def test_a_substitute_has_it_for_the_dates(school, thread):
    role = Role.objects.get(person=school.class_teacher, kind="class_teacher")
    new = roles.appoint_substitute(
        actor=SYSTEM, role=role, person=school.teacher_parent, starts_on=school.today,
        ends_on=school.today + timedelta(days=3),
    )  # fmt: skip
    assert "林晓燕" in members(thread)
    say(school.teacher_parent, thread)
    roles.end_role(actor=SYSTEM, role=new, now=timezone.now())
    assert "林晓燕" not in members(thread)
    with pytest.raises(NotVisible):
        texts(school.teacher_parent, thread)


def test_dates_that_begin_let_in_and_dates_that_end_see_out(school, thread):
    later = timezone.now() + timedelta(days=30)  # the cast's substitute stands in for two weeks
    Role.objects.create(
        school=school.school, person=school.teacher_parent, kind="class_teacher", school_class=school.class_a,
        stands_in_for=Role.objects.get(person=school.class_teacher, kind="class_teacher"),
        starts_on=later.date(), ends_on=later.date() + timedelta(days=5),
    )  # fmt: skip
    assert dates_moved(now=later) == 2
    assert dates_moved(now=later) == 0
    assert members(thread) == {"李梅", "张伟强", "王慧敏", "林晓燕"}


def test_a_teacher_who_leaves_the_class_takes_the_right_to_answer_with_them(school, thread):
    say(school.mother, thread)
    for role in Role.objects.filter(person=school.class_teacher):
        roles.end_role(actor=SYSTEM, role=role, now=timezone.now())
    with pytest.raises(NotVisible):
        texts(school.class_teacher, thread)
    assert texts(school.mother, thread) == ["您好"]
    with pytest.raises(NotAllowed):
        say(school.mother, thread)
    assert Message.objects.count() == 1


def test_a_class_channel_has_every_guardian_once_and_only_teachers_speak(school):
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=timezone.now())
    assert {"李梅", "冯春燕", "黄雅婷", "吴海波", "王慧敏", "李建国", "徐静怡"} <= members(channel)
    assert not {"赵铁军", "唐晓琳", "郑文斌"} & members(channel)
    say(school.subject_teacher, channel)
    with pytest.raises(NotAllowed):
        say(school.mother, channel)
    assert Message.objects.count() == 1


def test_a_school_may_open_the_answers_and_close_them_again(school):
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=timezone.now())
    with pytest.raises(NotAllowed):
        change_rules(actor=school.class_teacher, school=school.school, open_replies=True, duty_phone="",
                     now=timezone.now())  # fmt: skip
    for is_open in (True, False):
        change_rules(actor=school.leader, school=school.school, open_replies=is_open, duty_phone="", now=timezone.now())
        assert Membership.objects.get(conversation=channel, person=school.mother).can_speak is is_open
        assert Membership.objects.get(conversation=channel, person=school.class_teacher).can_speak


def test_a_child_who_changes_class_takes_the_family_along(school):
    from homeroom.conversations.services import roster_moved
    from homeroom.roster.events import RosterImported

    here = open_channel(actor=school.class_teacher, school_class=school.class_a, now=timezone.now())
    there = open_channel(actor=school.other_class_teacher, school_class=school.class_b, now=timezone.now())
    Enrolment.objects.filter(student=school.child_a).update(school_class=school.class_b)
    roster_moved(RosterImported(school_id=school.school.pk, run_id=1), 1)
    assert "李梅" not in members(here)
    assert "李梅" in members(there)


def test_staff_rooms_are_for_staff(school):
    whole = open_staff_room(actor=school.leader, grade=None, now=timezone.now())
    grade = open_staff_room(actor=school.grade_leader, grade=school.class_a.grade, now=timezone.now())
    assert {"王慧敏", "方正平", "许秀兰"} <= members(whole)
    assert "李梅" not in members(whole)
    assert {"王慧敏", "孙丽华", "李建国", "郑文斌"} <= members(grade)
    assert not {"何志远", "方正平"} & members(grade)
    with pytest.raises(NotAllowed):
        open_staff_room(actor=school.class_teacher, grade=school.class_c.grade, now=timezone.now())


def test_two_schools_do_not_meet(school, thread):
    assert "石国梁" not in members(thread)
    with pytest.raises(NotVisible):
        say(school.in_both_there, thread)
    assert not Message.objects.exists()


def test_an_import_lets_families_in_and_its_roll_back_out_again(school):
    from homeroom.roster import services as importing
    from homeroom.roster.tests.importing import put, row

    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=timezone.now())
    new = row("77", "林小雨", mother="周敏", mother_phone="13911112222")
    run = put([new], school.school, keep_gone=True)
    assert "周敏" in members(channel)
    importing.roll_back(actor=school.office, run=run, now=timezone.now())
    assert "周敏" not in members(channel)
    assert not Person.objects.filter(name="周敏").exists()
    assert "李梅" in members(channel)
