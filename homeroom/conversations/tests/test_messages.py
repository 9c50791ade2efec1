"""What can be done with a message, and what stays of it."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from homeroom.conversations import access, queries
from homeroom.conversations.models import Draft, Membership, Message, MessageRevision, Reaction
from homeroom.conversations.pace import TooFast
from homeroom.conversations.services import (
    edit_message,
    mark_read,
    open_channel,
    open_family_thread,
    post_message,
    react,
    save_draft,
    withdraw_message,
)
from homeroom.conversations.services.posting import LONGEST, PER_MINUTE
from homeroom.files.services import store_upload
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible
from homeroom.kit.ids import new_id

NOW = timezone.now


@pytest.fixture
def thread(school):
    return open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=NOW())


def say(who, where, text="您好", now=None, **more):
    key = more.pop("client_key", None) or new_id()
    written = post_message(actor=who, conversation=where, text=text, client_key=key, now=now or NOW(), **more)
    return Message.objects.select_related("conversation").get(pk=written.id)


def place(who, where):
    return access.get_membership_for(who, where.uuid, now=NOW())


def shown(who, where):
    return queries.thread(place(who, where), now=NOW()).messages


def test_the_same_key_is_the_same_message(school, thread):
    key = new_id()
    first = say(school.mother, thread, client_key=key)
    again = say(school.mother, thread, "换了手机再发一次", client_key=key)
    assert again == first
    assert again.text == "您好"
    assert Message.objects.count() == 1
    assert say(school.father, thread, client_key=key).number == 2  # a key belongs to whoever made it


@pytest.mark.parametrize("text", ["", "   \n ", "字" * (LONGEST + 1)])
def test_too_little_or_too_much_is_said_and_nothing_is_stored(school, thread, text):
    with pytest.raises(Invalid):
        say(school.mother, thread, text)
    assert not Message.objects.exists()


def test_a_script_that_pastes_is_stopped_and_a_retry_is_not(school, thread):
    key = new_id()
    for _number in range(PER_MINUTE - 1):
        say(school.mother, thread)
    last = say(school.mother, thread, client_key=key)
    with pytest.raises(TooFast):
        say(school.mother, thread)
    assert say(school.mother, thread, client_key=key) == last
    assert Message.objects.count() == PER_MINUTE
    say(school.class_teacher, thread)
    say(school.mother, thread, now=NOW() + timedelta(minutes=2))


def test_unread_counts_are_one_number_on_all_devices(school, thread):
    for text in ("一", "二", "三"):
        say(school.mother, thread, text)
    now = NOW()
    assert queries.unread_of(school.class_teacher, now=now) == (True, 3)
    assert queries.unread_of(school.mother, now=now) == (True, 0)  # whoever writes has read
    assert mark_read(actor=school.class_teacher, membership=place(school.class_teacher, thread), number=2)
    assert not mark_read(actor=school.class_teacher, membership=place(school.class_teacher, thread), number=1)
    assert queries.unread_of(school.class_teacher, now=now) == (True, 1)
    assert mark_read(actor=school.class_teacher, membership=place(school.class_teacher, thread), number=10**9)
    assert Membership.objects.get(person=school.class_teacher).read_number == 3


def test_a_reader_is_told_read_or_not_and_never_when(school, thread):
    say(school.class_teacher, thread)
    assert queries.read_state(place(school.class_teacher, thread), working=True).words == "未读"
    mark_read(actor=school.father, membership=place(school.father, thread), number=1)
    assert queries.read_state(place(school.class_teacher, thread), working=False).words == "已读"
    say(school.mother, thread)
    assert queries.read_state(place(school.mother, thread), working=True).words == "未读"
    assert queries.read_state(place(school.mother, thread), working=False).words == ""  # staff are off duty


def test_an_edit_keeps_what_was_said(school, thread):
    message = say(school.mother, thread, "明天请假")
    edit_message(actor=school.mother, message=message, text="后天请假", now=NOW())
    (one,) = shown(school.class_teacher, thread)
    assert one.message.text == "后天请假"
    assert one.former[0][0] == "明天请假"
    assert one.message.changed_number == 1


def test_after_five_minutes_nothing_is_edited(school, thread):
    message = say(school.mother, thread, now=NOW() - timedelta(minutes=6))
    with pytest.raises(NotAllowed):
        edit_message(actor=school.mother, message=message, text="别的话", now=NOW())
    assert not MessageRevision.objects.exists()


@pytest.mark.parametrize("who", ["father", "class_teacher", "guardian_b"])
def test_only_the_author_edits_or_withdraws(school, thread, who):
    message = say(school.mother, thread)
    with pytest.raises((NotAllowed, NotVisible)):
        edit_message(actor=getattr(school, who), message=message, text="别的话", now=NOW())
    with pytest.raises((NotAllowed, NotVisible)):
        withdraw_message(actor=getattr(school, who), message=message, reason="不要", now=NOW())
    message.refresh_from_db()
    assert (message.text, message.withdrawn_at) == ("您好", None)


def test_a_withdrawn_message_leaves_a_trace_and_no_word(school, thread, client_for):
    message = say(school.mother, thread, "说错的话")
    withdraw_message(actor=school.mother, message=message, reason="发错群", now=NOW())
    page = client_for(school.class_teacher).get(f"/conversations/{thread.uuid}/").content.decode()
    assert "说错的话" not in page
    assert "张小雨妈妈撤回了这条消息" in page
    assert "发错群" in page
    assert "说错的话" not in client_for(school.father).get("/conversations/").content.decode()
    assert Message.objects.get().text == "说错的话"  # for whoever looks into a complaint


def test_a_teacher_withdraws_what_a_family_wrote_in_the_channel_only_with_a_reason(school):
    from homeroom.conversations.services import change_rules

    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=NOW())
    change_rules(actor=school.leader, school=school.school, open_replies=True, duty_phone="", now=NOW())
    message = say(school.mother, channel)
    with pytest.raises(Invalid):
        withdraw_message(actor=school.class_teacher, message=message, reason=" ", now=NOW())
    with pytest.raises(NotAllowed):
        withdraw_message(actor=school.father, message=message, reason="不好", now=NOW())
    withdraw_message(actor=school.class_teacher, message=message, reason="涉及他人", now=NOW())
    assert Message.objects.get().withdrawn_by == school.class_teacher


def test_reactions_are_put_on_and_taken_off(school, thread):
    message = say(school.class_teacher, thread)
    assert react(actor=school.mother, message=message, kind="ok", now=NOW())
    assert react(actor=school.father, message=message, kind="ok", now=NOW())
    (one,) = shown(school.mother, thread)
    assert [(sign.kind, sign.count, sign.mine) for sign in one.signs] == [("ok", 2, True)]
    assert not react(actor=school.mother, message=message, kind="ok", now=NOW())
    for who, kind in ((school.guardian_b, "ok"), (school.mother, "angry")):
        with pytest.raises((NotVisible, Invalid)):
            react(actor=who, message=message, kind=kind, now=NOW())
    assert Reaction.objects.count() == 1


def test_what_moved_is_found_by_its_number(school, thread):
    first, second = say(school.mother, thread), say(school.class_teacher, thread)
    react(actor=school.mother, message=second, kind="ok", now=NOW())
    edit_message(actor=school.mother, message=first, text="改了", now=NOW())
    at = place(school.father, thread)
    assert [one.message.number for one in queries.changed(at, after_change=0, up_to=2, now=NOW())] == [2, 1]
    assert [one.message.number for one in queries.changed(at, after_change=1, up_to=2, now=NOW())] == [1]
    assert queries.changed(at, after_change=1, up_to=0, now=NOW()) == []


def test_a_picture_is_seen_by_members_only(school, thread, client_for):
    def upload(who):
        content = b"%PDF-1.4\n%EOF\n"
        return store_upload(
            actor=who, name='"><script>alert(1)</script>.pdf', content=BytesIO(content), size=len(content), now=NOW()
        )

    file = upload(school.mother)
    assert client_for(school.class_teacher).get(f"/files/{file.uuid}/").status_code == 404
    with pytest.raises(NotAllowed):
        say(school.father, thread, files=[file.uuid])
    assert not Message.objects.exists()
    message = say(school.mother, thread, "", files=[file.uuid])
    assert client_for(school.class_teacher).get(f"/files/{file.uuid}/").status_code == 200
    for other in ("guardian_b", "leader", "teacher_elsewhere"):
        assert client_for(getattr(school, other)).get(f"/files/{file.uuid}/").status_code == 404
    page = client_for(school.class_teacher).get(f"/conversations/{thread.uuid}/").content.decode()
    assert "<script>alert" not in page
    withdraw_message(actor=school.mother, message=message, reason="", now=NOW())
    assert client_for(school.class_teacher).get(f"/files/{file.uuid}/").status_code == 404


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    'javascript:alert(1) http://x.cn/"onmouseover=alert(1)',
    "https://example.cn/'><svg onload=alert(1)>",
    "{{ 7*7 }} {% include 'x' %}",
    "\u202e反过来\u2066",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_text_wherever_it_is_shown(school, thread, client_for, text):
    message = say(school.mother, thread, text)
    say(school.class_teacher, thread, "引用", quoted=message.uuid)
    edit_message(actor=school.mother, message=message, text=text + "改", now=NOW())
    save_draft(actor=school.class_teacher, membership=place(school.class_teacher, thread), text=text, now=NOW())
    withdraw_message(
        actor=school.class_teacher, message=shown(school.mother, thread)[1].message, reason=text, now=NOW()
    )
    say(school.mother, thread, text)
    client = client_for(school.class_teacher)
    for address in ("/conversations/", f"/conversations/{thread.uuid}/", f"/conversations/messages/{message.uuid}/"):
        page = client.get(address).content.decode()
        for sign in ("<script>alert", "<img src=x", "<svg onload", '"onmouseover', "\u202e反过来"):
            assert sign not in page.replace(">\u202e反过来\u2066</textarea>", "")  # one's own draft is as one typed it
        assert "49" not in page or "{{" not in text or "{{ 7*7 }}" in page
    answer = client.get(f"/conversations/{thread.uuid}/messages/?after=0&change=0").json()
    assert "<script>alert" not in answer["html"]


def test_a_draft_is_kept_until_it_is_sent(school, thread, client_for):
    client = client_for(school.mother)
    address = f"/api/v1/conversations/{thread.uuid}"
    client.post(f"{address}/draft", json.dumps({"text": "还没写完"}), content_type="application/json")
    assert "还没写完" in client.get(f"/conversations/{thread.uuid}/").content.decode()
    assert "还没写完" not in client_for(school.father).get(f"/conversations/{thread.uuid}/").content.decode()
    client.post(f"/conversations/{thread.uuid}/send/", {"text": "写完了", "client_key": new_id()})
    assert not Draft.objects.exists()


def test_pages_are_bounded_and_lose_nothing(school, thread, client_for):
    for number in range(1, 101):
        say(school.mother, thread, f"第{number}条", now=NOW() - timedelta(minutes=200 - number))
    client = client_for(school.father)
    seen, before = [], None
    while True:
        query = f"?before={before}" if before else "?after=0"
        if before is None:
            page = queries.thread(place(school.father, thread), now=NOW())
        else:
            page = queries.thread(place(school.father, thread), now=NOW(), before=before)
        assert len(page.messages) <= queries.PAGE
        seen = [one.message.number for one in page.messages] + seen
        before = seen[0]
        assert client.get(f"/conversations/{thread.uuid}/messages/{query}").status_code == 200
        if not page.older:
            break
    assert seen == list(range(1, 101))


def test_statements_do_not_grow_with_messages_or_conversations(school, thread, client_for):
    client = client_for(school.class_teacher)

    def count(address):
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert client.get(address).status_code == 200
        return [query["sql"].split("WHERE")[0] for query in caught]

    def fill(where, teacher):
        first = say(school.mother, where)
        message = say(teacher, where, quoted=first.uuid)
        react(actor=school.mother, message=message, kind="ok", now=NOW())
        edit_message(actor=teacher, message=message, text="改了", now=NOW())
        say(school.mother, where)

    address = f"/conversations/{thread.uuid}/"
    fill(thread, school.class_teacher)
    client.get(address)
    few = count("/conversations/"), count(address)
    for _number in range(8):
        fill(thread, school.class_teacher)
    for child, by in (("sibling_a", "guardian_of_two"), ("twin_one", "guardian_of_twins")):
        other = open_family_thread(
            actor=getattr(school, by), student=getattr(school, child), teacher=school.class_teacher, now=NOW()
        )
        say(getattr(school, by), other)
    client.get(address)
    many = count("/conversations/"), count(address)
    assert many == few
    assert len(few[0]) <= 22
    assert len(few[1]) <= 36


def test_a_school_that_does_not_use_it_has_no_door(school, thread, client_for):
    from homeroom.school.services import switch_module

    say(school.class_teacher, thread)
    switch_module(actor=school.leader, school=school.school, module="conversations", is_on=False)
    client = client_for(school.mother)
    assert client.get("/conversations/").status_code == 404
    assert client.get("/api/v1/conversations").status_code == 404
    assert 'href="/conversations/"' not in client.get("/").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "until=2026-13-45T00:00:00Z",
        "until=2026-01-01T00:00:00",
        "until=0001-01-01T00:00:00%2B14:00",
        "until=x",
        "only=unread",
    ],
)
def test_whatever_is_typed_into_the_address_shows_a_page(school, thread, client_for, query):
    assert client_for(school.mother).get(f"/conversations/?{query}").status_code == 200


@pytest.mark.parametrize("query", ["before=x", "before=-1", f"before={10**30}", "before=²", "quote=x", "before=0"])
def test_a_thread_shows_whatever_is_typed_behind_it(school, thread, client_for, query):
    say(school.mother, thread)
    assert client_for(school.mother).get(f"/conversations/{thread.uuid}/?{query}").status_code == 200


@pytest.mark.parametrize("grade", ["²", "x", str(10**30)])
def test_a_staff_room_of_no_grade_is_not_opened(school, client_for, grade):
    assert client_for(school.leader).post("/conversations/room/", {"grade": grade}).status_code == 404
