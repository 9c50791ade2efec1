"""Ways round a moderator, a mute and a switched-off module that do not lead anywhere."""

from __future__ import annotations

import io
import struct
from datetime import timedelta

import msgspec
import pytest
from django.utils import timezone

from homeroom.conversations import live
from homeroom.conversations.log import Messages
from homeroom.conversations.models import Case, Membership, Message
from homeroom.conversations.services import (
    change_rules,
    edit_message,
    follow_roster,
    open_channel,
    open_family_thread,
    post_message,
)
from homeroom.conversations.services.moderating import decide_case, report_message
from homeroom.conversations.services.unopened import tell_of_unopened
from homeroom.conversations.writing import Posting, write
from homeroom.delivery.public import Item
from homeroom.files.sound import length_ms
from homeroom.kit.errors import NotAllowed, Trouble
from homeroom.kit.ids import new_id
from homeroom.school.models import ModuleSwitch

NOW = timezone.now


@pytest.fixture
def channel(school):
    change_rules(actor=school.leader, school=school.school, open_replies=True, duty_phone="", now=NOW())
    return open_channel(actor=school.class_teacher, school_class=school.class_a, now=NOW())


def said(who, where, text="谢谢老师"):
    where.refresh_from_db()
    written = post_message(actor=who, conversation=where, text=text, client_key=new_id(), now=NOW())
    return Message.objects.select_related("conversation").get(pk=written.id)


def read_first(school):
    change_rules(
        actor=school.leader, school=school.school, open_replies=True, read_first=True, duty_phone="", now=NOW()
    )


def muted(school, message, days):
    report_message(actor=school.guardian_of_two, message=message, reason="other", text="", now=NOW())
    case = Case.objects.get(message=message)
    decide_case(actor=school.class_teacher, case=case, outcome="stand", reason="按约定", mute_days=days, now=NOW())


def until(who, where):
    return Membership.objects.get(conversation=where, person=who, left_at__isnull=True).muted_until


def test_what_a_moderator_let_through_is_not_changed_afterwards(school, channel):
    message = said(school.mother, channel)
    read_first(school)
    with pytest.raises(NotAllowed):
        edit_message(actor=school.mother, message=message, text="完全另一回事", now=NOW())
    message.refresh_from_db()
    assert message.text == "谢谢老师"


def test_who_was_checked_before_the_rule_came_is_not_written_past_it(school, channel):
    before = channel.membership_version
    read_first(school)
    posting = Posting(
        conversation_id=channel.pk, membership_version=before, school_id=school.school.pk, author_id=school.mother.pk,
        text="抢在前面", client_key=new_id(), sent_at=NOW(),
    )  # fmt: skip
    (outcome,) = write([posting])
    assert isinstance(outcome, Trouble)
    assert not Message.objects.filter(text="抢在前面").exists()


def test_a_shorter_decision_does_not_end_a_longer_one(school, channel):
    one, other = said(school.mother, channel, "第一条"), said(school.mother, channel, "第二条")
    muted(school, one, 30)
    muted(school, other, 1)
    assert until(school.mother, channel) > NOW() + timedelta(days=29)


def test_leaving_and_coming_back_does_not_unmute(school, channel):
    muted(school, said(school.mother, channel), 7)
    place = Membership.objects.get(conversation=channel, person=school.mother)
    Membership.objects.filter(pk=place.pk).update(left_at=NOW())
    follow_roster([channel], now=NOW())
    assert Membership.objects.filter(conversation=channel, person=school.mother).count() == 2
    assert until(school.mother, channel) == place.muted_until


def test_what_a_school_has_switched_off_is_neither_heard_nor_told(school):
    morning = NOW()
    thread = open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=morning)
    said(school.class_teacher, thread)
    assert Messages().streams_of([school.mother.pk])
    ModuleSwitch.objects.create(school=school.school, module="conversations", is_on=False)
    assert Messages().streams_of([school.mother.pk]) == []
    assert tell_of_unopened(now=morning + timedelta(hours=1)) == 0
    assert not Item.objects.filter(kind="messages").exists()


@pytest.mark.parametrize("number", [10**30, -1])
def test_a_number_beyond_all_messages_is_no_read_mark(number):
    with pytest.raises(msgspec.DecodeError):
        live._decode_read(b'{"to":"c1","n":%d}' % number)


def test_a_box_does_not_read_beyond_its_end():
    header = struct.pack(">I4s", 32, b"mdhd") + bytes(12) + struct.pack(">II", 1000, 0) + bytes(4)
    greedy = struct.pack(">I4sII", 16, b"trun", 0x100, 0xFFFFFFFF)
    assert length_ms(io.BytesIO(header + greedy * 1000), "audio/mp4") is None
