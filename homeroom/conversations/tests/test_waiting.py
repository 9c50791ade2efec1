"""Threads that wait for an answer, and answering them in one sitting."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from homeroom.conversations import access
from homeroom.conversations.models import Conversation, Message
from homeroom.conversations.services import open_channel, open_family_thread, post_message, withdraw_message
from homeroom.conversations.services.away import answer_for_the_away
from homeroom.conversations.services.keeping_time import set_away
from homeroom.conversations.services.scheduling import cancel_scheduled, schedule_message
from homeroom.conversations.services.settling import need_no_answer
from homeroom.conversations.waiting import waiting_threads
from homeroom.kit.errors import NotAllowed
from homeroom.kit.ids import new_id
from homeroom.people.models import Guardianship
from homeroom.wording.public import save_reply

NOW = timezone.now


def talk(school, guardian, child):
    return open_family_thread(actor=guardian, student=child, teacher=school.class_teacher, now=NOW())


@pytest.fixture
def thread(school):
    return talk(school, school.mother, school.child_a)


@pytest.fixture
def other(school):
    return talk(school, school.guardian_of_two, school.sibling_a)


def say(who, where, text="老师您好", ago=0):
    post_message(actor=who, conversation=where, text=text, client_key=new_id(), now=NOW() - timedelta(minutes=ago))


def waits(who):
    return [row.conversation.pk for row in waiting_threads(who, now=NOW())]


def place(who, where):
    return access.get_membership_for(who, where.uuid, now=NOW())


def test_who_has_waited_longest_comes_first(school, thread, other):
    say(school.guardian_of_two, other, ago=30)
    say(school.mother, thread, ago=50)
    say(school.mother, thread, "还在吗", ago=1)
    assert waits(school.class_teacher) == [thread.pk, other.pk]
    assert waits(school.substitute) == [thread.pk, other.pk]
    assert waits(school.subject_teacher) == []


def test_an_answer_ends_it_and_another_question_begins_it_anew(school, thread):
    say(school.mother, thread, ago=9)
    say(school.substitute, thread, "收到", ago=8)
    assert waits(school.class_teacher) == []
    say(school.father, thread, "还有一件事", ago=7)
    (row,) = waiting_threads(school.class_teacher, now=NOW())
    assert row.line == "还有一件事"


def test_no_answer_needed_holds_for_what_was_written_up_to_then(school, thread):
    say(school.mother, thread, "谢谢老师", ago=9)
    need_no_answer(actor=school.class_teacher, membership=place(school.class_teacher, thread), number=1)
    assert waits(school.class_teacher) == []
    assert waits(school.substitute) == []
    say(school.mother, thread, "对了")
    assert waits(school.class_teacher) == [thread.pk]


def test_what_was_written_while_deciding_still_waits(school, thread):
    say(school.mother, thread, "谢谢老师", ago=9)
    membership = place(school.class_teacher, thread)
    say(school.mother, thread, "明天请假")
    need_no_answer(actor=school.class_teacher, membership=membership, number=1)
    assert waits(school.class_teacher) == [thread.pk]


def test_a_family_decides_nothing(school, thread):
    say(school.mother, thread)
    with pytest.raises(NotAllowed):
        need_no_answer(actor=school.mother, membership=place(school.mother, thread), number=1)
    assert Conversation.objects.get().settled_number == 0


def test_an_answer_that_is_scheduled_counts(school, thread):
    say(school.mother, thread)
    row = schedule_message(
        actor=school.class_teacher, conversation=thread, text="好的", client_key=new_id(),
        send_at=NOW() + timedelta(hours=1), now=NOW(),
    )  # fmt: skip
    assert waits(school.class_teacher) == []
    cancel_scheduled(actor=school.class_teacher, scheduled=row, now=NOW())
    assert waits(school.class_teacher) == [thread.pk]


def test_an_automatic_line_is_no_answer(school, thread):
    set_away(
        actor=school.class_teacher, starts_on=school.today, ends_on=None, text="外出", substitute=None,
        now=NOW() - timedelta(hours=1),
    )  # fmt: skip
    say(school.mother, thread)
    answer_for_the_away(now=NOW())
    assert Message.objects.filter(automatic=True).exists()
    assert waits(school.class_teacher) == [thread.pk]


def test_a_message_taken_back_waits_for_nothing(school, thread):
    say(school.mother, thread)
    withdraw_message(actor=school.mother, message=Message.objects.get(), reason="", now=NOW())
    assert waits(school.class_teacher) == []


def test_channels_do_not_wait(school, thread):
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=NOW())
    say(school.subject_teacher, channel)
    assert waits(school.class_teacher) == []


def families(school, many):
    edges = Guardianship.objects.filter(
        student__in=school.pupils_a, restriction="", sees_records=True, guardian__account__isnull=False
    ).select_related("guardian__school", "student__school")
    made = {}
    for edge in edges:
        if edge.student_id not in made and len(made) < many:
            made[edge.student_id] = talk(school, edge.guardian, edge.student)
            say(edge.guardian, made[edge.student_id], ago=60 - len(made))
    return list(made.values())


def test_the_statements_do_not_grow_with_what_waits(school, client_for):
    teacher = client_for(school.class_teacher)

    def statements():
        teacher.get("/conversations/waiting/")  # the first look also notes what was read
        with CaptureQueriesContext(connection) as caught:
            assert teacher.get("/conversations/waiting/").status_code == 200
        return len(caught)

    families(school, 1)
    few = statements()
    made = families(school, 4)
    assert len(made) >= 3
    assert statements() <= few <= 35


def test_a_sitting(school, client_for, thread, other):
    say(school.mother, thread, "明天可以晚到吗？", ago=50)
    say(school.guardian_of_two, other, "谢谢老师", ago=30)
    teacher = client_for(school.class_teacher)
    first = teacher.get("/conversations/waiting/").content.decode()
    assert "明天可以晚到吗？" in first
    assert "1 / 2" in first
    assert f"at={other.uuid}" in first  # the way to the next
    second = teacher.get(f"/conversations/waiting/?at={other.uuid}").content.decode()
    assert "谢谢老师" in second
    assert "2 / 2" in second
    say(school.class_teacher, thread, "可以")
    settled = teacher.post("/conversations/waiting/?done=1", {"conversation": other.uuid, "number": 1, "next": ""})
    assert settled["Location"] == "/conversations/waiting/?done=2"
    assert "都回复完了" in teacher.get(settled["Location"]).content.decode()
    assert client_for(school.mother).get("/conversations/waiting/").status_code == 404
    assert teacher.get("/conversations/waiting/count/").json() == {"waiting": 0}


def test_replies_are_filled_for_the_thread(school, client_for, thread):
    save_reply(actor=school.class_teacher, name="请假", text="{{家长}}您好，{{孩子}}（{{班级}}）的请假收到。{{老师}}")
    say(school.mother, thread)
    teacher = client_for(school.class_teacher)
    (one,) = teacher.get(f"/conversations/{thread.uuid}/replies/").json()["replies"]
    assert one["text"] == "张小雨妈妈您好，张小雨（三年级2班）的请假收到。王老师"
    assert client_for(school.mother).get(f"/conversations/{thread.uuid}/replies/").json() == {"replies": []}
