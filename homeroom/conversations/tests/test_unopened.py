"""Messages that nobody has open still reach the family, over delivery, once, and without a word of what was said."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from homeroom.conversations import access
from homeroom.conversations.models import Nudge, Rhythm
from homeroom.conversations.services import mark_read, open_channel, open_family_thread, post_message, withdraw_message
from homeroom.conversations.services.unopened import KIND, settle_opened, tell_of_unopened
from homeroom.delivery.public import Item, Recipient
from homeroom.kit.access import SystemActor
from homeroom.kit.ids import new_id
from homeroom.people.models import Guardianship
from homeroom.people.services.guardianship import change_guardianship


@pytest.fixture
def morning(school):
    """Ten o'clock of the school's day: at work."""
    return datetime.combine(school.today, datetime.min.time(), ZoneInfo("Asia/Shanghai")).replace(hour=10)


@pytest.fixture
def thread(school, morning):
    return open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=morning)


def say(who, where, now, text="明天请带跳绳。"):
    return post_message(actor=who, conversation=where, text=text, client_key=new_id(), now=now)


def told():
    copies = Recipient.objects.filter(item__kind=KIND).select_related("person", "item")
    return sorted((copy.person.name, copy.item.title) for copy in copies)


def read_all(who, where, now):
    place = access.get_membership_for(who, where.uuid, now=now)
    mark_read(actor=who, membership=place, number=place.conversation.last_number)


def test_who_has_not_read_after_a_while_is_told_once(school, thread, morning):
    say(school.class_teacher, thread, morning)
    assert tell_of_unopened(now=morning + timedelta(minutes=14)) == 0
    assert tell_of_unopened(now=morning + timedelta(minutes=15)) == 2
    assert tell_of_unopened(now=morning + timedelta(minutes=16)) == 0
    names = {name for name, _title in told()}
    assert names == {school.mother.name, school.father.name}
    (title,) = {title for _name, title in told()}
    assert "王老师" in title
    assert "跳绳" not in title
    assert Item.objects.get(kind=KIND).link == f"/conversations/{thread.uuid}/"


def test_who_has_read_is_not_told(school, thread, morning):
    say(school.class_teacher, thread, morning)
    read_all(school.mother, thread, morning)
    tell_of_unopened(now=morning + timedelta(minutes=20))
    assert [name for name, _title in told()] == [school.father.name]


def test_a_lively_thread_tells_no_more_than_twice_a_day(school, thread, morning):
    for minutes in (0, 30, 60):
        say(school.class_teacher, thread, morning + timedelta(minutes=minutes))
        tell_of_unopened(now=morning + timedelta(minutes=minutes + 15))
    assert len(told()) == 2  # mother and father, once each
    tell_of_unopened(now=morning + timedelta(hours=12, minutes=16))
    assert len(told()) == 4


def test_reading_the_thread_reads_the_item_and_what_comes_later_is_told_anew(school, thread, morning):
    say(school.class_teacher, thread, morning)
    tell_of_unopened(now=morning + timedelta(minutes=15))
    assert settle_opened(now=morning + timedelta(minutes=16)) == 0
    read_all(school.mother, thread, morning + timedelta(minutes=20))
    assert settle_opened(now=morning + timedelta(minutes=20)) == 1
    read = Recipient.objects.filter(item__kind=KIND, read_at__isnull=False)
    assert [copy.person_id for copy in read] == [school.mother.pk]
    say(school.class_teacher, thread, morning + timedelta(minutes=30))
    assert tell_of_unopened(now=morning + timedelta(minutes=45)) == 1


def test_staff_are_told_in_their_own_working_hours(school, thread, morning):
    evening = morning.replace(hour=21)
    say(school.mother, thread, evening)
    assert tell_of_unopened(now=evening + timedelta(minutes=20)) == 0  # nor the father of what the mother wrote
    weekday = str(evening.weekday())
    Rhythm.objects.create(person=school.class_teacher, school=school.school, hours={weekday: [["20:00", "22:00"]]})
    tell_of_unopened(now=evening + timedelta(minutes=21))
    assert told() == [(school.class_teacher.name, "张小雨妈妈给您发来消息")]


def test_what_was_withdrawn_is_not_told_of(school, thread, morning):
    written = say(school.class_teacher, thread, morning)
    withdraw_message(actor=school.class_teacher, message=thread.messages.get(pk=written.id), reason="", now=morning)
    assert tell_of_unopened(now=morning + timedelta(minutes=20)) == 0
    assert told() == []


def test_who_has_lost_the_right_is_not_told_and_what_they_were_told_is_settled(school, thread, morning):
    say(school.class_teacher, thread, morning)
    tell_of_unopened(now=morning + timedelta(minutes=15))
    edges = Guardianship.objects.select_related("student", "guardian")
    edge = edges.get(guardian=school.father, student=school.child_a)
    change_guardianship(actor=SystemActor("test"), edge=edge, changes={"restriction": "no_contact"})
    assert settle_opened(now=morning + timedelta(minutes=16)) == 1
    say(school.class_teacher, thread, morning + timedelta(minutes=20))
    tell_of_unopened(now=morning + timedelta(hours=13))
    assert [name for name, _title in told()].count(school.father.name) == 1
    assert not Nudge.objects.filter(person=school.father, item_id__isnull=False).exists()


def test_a_channel_is_named_and_costs_the_same_for_any_class(school, morning, django_assert_max_num_queries):
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=morning)
    say(school.class_teacher, channel, morning)
    with django_assert_max_num_queries(45):
        assert tell_of_unopened(now=morning + timedelta(minutes=15)) >= 2
    assert {title for _name, title in told()} == {"“三年级2班”有新消息"}
