"""A conversation over real sockets: what is said arrives whole, once and in order, and only where it may be heard."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from homeroom.conversations import faces, presence
from homeroom.conversations.models import Conversation, Membership, Message
from homeroom.conversations.services import (
    edit_message,
    follow_roster,
    open_channel,
    open_family_thread,
    post_message,
    react,
    show_presence,
    withdraw_message,
)  # fmt: skip
from homeroom.eventlog import announcing
from homeroom.kit.ids import new_id
from homeroom.people.models import Guardianship
from homeroom.realtime.tests.live import Live, Page, live_gateway, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now


@pytest.fixture
def live(transactional_db: None) -> Iterator[Live]:
    faces.forget()
    with live_gateway() as gateway:
        yield gateway


@pytest.fixture
def thread(school) -> Conversation:
    return open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=NOW())


def ready(live: Live, person, **after: int) -> Page:
    page = live.page(sign_in(person.account)).hello(**after)
    page.until("ready")
    return page


def say(who, where: Conversation, text: str, **more: Any) -> Message:
    written = post_message(actor=who, conversation=where, text=text, client_key=new_id(), now=NOW(), **more)
    return Message.objects.get(pk=written.id)


def heard(page: Page, stream: str) -> dict[str, Any]:
    """The next event of this stream."""
    while True:
        frame = page.next()
        assert "closed" not in frame, frame
        if frame["t"] == "event" and frame["s"] == stream:
            return frame


def test_a_message_arrives_with_all_that_shows_it(live, school, thread):
    page = ready(live, school.class_teacher)
    message = say(school.mother, thread, "老师好 <b>明天</b> https://example.org/a")
    frame = heard(page, f"c{thread.pk}")
    assert frame["n"] == 1
    told = frame["d"]
    assert told["html"].startswith("老师好 &lt;b&gt;明天&lt;/b&gt; <a href=")
    assert told["who"] == {"zh-hans": ["张小雨妈妈", "张", told["who"]["zh-hans"][2]], "en": told["who"]["en"]}
    assert told["by"] == str(school.mother.uuid)
    assert told["id"] == str(message.uuid)
    assert told["side"] == "family"
    assert told["clock"] == f"{timezone.localtime(message.sent_at):%H:%M}"
    assert "ask" not in told


def test_what_another_process_says_is_found(live, school, thread, monkeypatch):
    """SQLite shows that the file changed, PostgreSQL notifies; nobody in this process tells the gateway."""
    from homeroom.realtime import gateway

    monkeypatch.setattr(announcing, "_wakes", [])
    monkeypatch.setattr(gateway, "_stir", lambda streams: None)
    page = ready(live, school.class_teacher)
    first = say(school.mother, thread, "一")
    assert heard(page, f"c{thread.pk}")["n"] == 1
    say(school.mother, thread, "二")
    assert heard(page, f"c{thread.pk}")["n"] == 2
    edit_message(actor=school.mother, message=first, text="一！", now=NOW())
    assert heard(page, f"x{thread.pk}")["d"]["html"] == "一！"


def test_what_was_missed_comes_by_number_once(live, school, thread):
    for text in "一二三四":
        say(school.mother, thread, text)
    page = live.page(sign_in(school.father.account)).hello(**{f"c{thread.pk}": 2})
    frames = page.until("ready")
    assert [(frame["n"], frame["d"]["html"]) for frame in frames[:-1]] == [(3, "三"), (4, "四")]
    assert frames[-1]["streams"][f"c{thread.pk}"] == 4


def test_changes_move_by_numbers_and_only_the_newest_of_a_message_is_told(live, school, thread):
    first, second = say(school.mother, thread, "一"), say(school.mother, thread, "二")
    edit_message(actor=school.mother, message=first, text="壹", now=NOW())
    edit_message(actor=school.mother, message=first, text="弌", now=NOW())
    page = live.page(sign_in(school.class_teacher.account)).hello(**{f"x{thread.pk}": 0})
    *missed, last = page.until("ready")
    assert [(frame["n"], frame["a"], frame["d"]["html"]) for frame in missed] == [(2, 1, "弌")]
    assert last["streams"][f"x{thread.pk}"] == 2
    react(actor=school.father, message=second, kind="ok", now=NOW())
    frame = heard(page, f"x{thread.pk}")
    assert (frame["n"], frame["a"]) == (3, 2)
    assert frame["d"]["signs"][0]["by"] == [str(school.father.uuid)]
    withdraw_message(actor=school.mother, message=first, reason="写错了", now=NOW())
    gone = heard(page, f"x{thread.pk}")["d"]
    assert gone["gone"]["reason"] == "写错了"
    assert "html" not in gone
    assert "former" not in gone


def test_a_member_hears_nothing_from_before_they_joined(live, school, thread):
    old = say(school.mother, thread, "以前的话")
    Membership.objects.filter(conversation=thread, person=school.father).update(since_number=1)
    answer = say(school.mother, thread, "现在的话", quoted=old.uuid)
    page = live.page(sign_in(school.father.account)).hello(**{f"c{thread.pk}": 0, f"x{thread.pk}": 0})
    frames = page.until("ready")[:-1]
    assert [frame["n"] for frame in frames] == [2]
    assert "quote" not in frames[0]["d"]
    assert frames[0]["d"]["ask"]  # whether the reader may see the original is asked over HTTP
    edit_message(actor=school.mother, message=old, text="以前的话。", now=NOW())
    edit_message(actor=school.mother, message=answer, text="现在的话。", now=NOW())
    frame = heard(page, f"x{thread.pk}")
    assert (frame["n"], frame["d"]["html"]) == (2, "现在的话。")


def test_a_quote_everybody_can_read_comes_along_and_one_of_the_channel_does_not(live, school, thread):
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=NOW())
    page = ready(live, school.class_teacher)
    notice = say(school.class_teacher, channel, "明天春游")
    assert heard(page, f"c{channel.pk}")["n"] == 1
    first = say(school.mother, thread, "<i>几点</i>集合？", quoted=notice.uuid)
    told = heard(page, f"c{thread.pk}")["d"]
    assert "quote" not in told
    assert told["ask"]
    say(school.class_teacher, thread, "八点", quoted=first.uuid)
    quote = heard(page, f"c{thread.pk}")["d"]["quote"]
    assert (quote["n"], quote["line"], quote["who"]["zh-hans"][0]) == (1, "<i>几点</i>集合？", "张小雨妈妈")


def test_who_is_removed_hears_nothing_more_from_that_second(live, school, thread):
    father, teacher = ready(live, school.father), ready(live, school.class_teacher)
    say(school.mother, thread, "一")
    assert heard(father, f"c{thread.pk}")["n"] == 1
    Guardianship.objects.filter(guardian=school.father, student=school.child_a).update(
        ends_on=timezone.localdate() - timedelta(days=1)
    )
    assert follow_roster([thread], now=NOW()) == 1
    say(school.mother, thread, "二")
    assert heard(teacher, f"c{thread.pk}")["n"] == 1
    assert heard(teacher, f"c{thread.pk}")["n"] == 2  # the teacher's own socket was left alone
    assert father.next() == {"closed": 4403}
    back = live.page(sign_in(school.father.account)).hello(**{f"c{thread.pk}": 1, f"x{thread.pk}": 0})
    assert back.next()["streams"] == {f"p{school.father.pk}": 0}
    say(school.mother, thread, "三")
    assert heard(teacher, f"c{thread.pk}")["n"] == 3


def test_a_right_that_ends_by_its_date_ends_at_that_instant(live, school, thread):
    Membership.objects.filter(conversation=thread, person=school.father).update(ends_at=NOW() + timedelta(seconds=1))
    father = ready(live, school.father)
    assert father.next() == {"closed": 4403}
    assert f"c{thread.pk}" not in ready_streams(live, school.father)


def ready_streams(live: Live, person) -> dict[str, int]:
    page = live.page(sign_in(person.account)).hello()
    return dict(page.until("ready")[-1]["streams"])


def test_who_joins_is_told_to_come_back_and_hears_what_is_said_then(live, school):
    page = ready(live, school.class_teacher)
    thread = open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=NOW())
    assert page.next() == {"closed": 4403}
    page = ready(live, school.class_teacher)
    say(school.mother, thread, "您好")
    assert heard(page, f"c{thread.pk}")["n"] == 1


# --- what is done over the socket


def act(page: Page, do: str, key: Any = None, **data: Any) -> dict[str, Any]:
    """Do something and wait for its answer."""
    key = str(key or new_id())
    page.send(t="act", id=key, do=do, d=data)
    while True:
        frame = page.next()
        assert "closed" not in frame, frame
        if frame["t"] in {"acked", "refused"} and frame["id"] == key:
            return frame


def test_a_message_is_sent_stored_answered_and_heard_by_all(live, school, thread):
    mother, teacher = ready(live, school.mother), ready(live, school.class_teacher)
    key = new_id()
    assert act(mother, "conversations.send", key, to=f"c{thread.pk}", text="老师好")["d"] == {"number": 1}
    stored = Message.objects.get()
    assert (stored.text, stored.author_id, stored.client_key) == ("老师好", school.mother.pk, key)
    assert heard(teacher, f"c{thread.pk}")["d"]["html"] == "老师好"
    assert Membership.objects.get(conversation=thread, person=school.mother).read_number == 1


def test_the_same_key_from_two_devices_gives_one_message(live, school, thread):
    phone, desk, teacher = ready(live, school.mother), ready(live, school.mother), ready(live, school.class_teacher)
    key = new_id()
    for device in (phone, desk, phone):
        assert act(device, "conversations.send", key, to=f"c{thread.pk}", text="只一次")["d"] == {"number": 1}
    assert act(desk, "conversations.send", to=f"c{thread.pk}", text="第二句")["d"] == {"number": 2}
    assert Message.objects.count() == 2
    assert [heard(teacher, f"c{thread.pk}")["n"] for _each in range(2)] == [1, 2]


def test_what_may_not_be_sent_is_refused_and_nothing_is_stored(live, school, thread):
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=NOW())
    mother, stranger = ready(live, school.mother), ready(live, school.guardian_b)
    assert act(stranger, "conversations.send", to=f"c{thread.pk}", text="我也说")["why"] == "http"
    assert act(mother, "conversations.send", to=f"c{channel.pk}", text="频道")["why"] == "http"
    assert act(mother, "conversations.send", to=f"c{thread.pk}", text="  ")["why"] == "http"
    assert act(mother, "conversations.send", key="no uuid", to=f"c{thread.pk}", text="x")["why"] == "http"
    assert act(mother, "conversations.send", to=f"c{thread.pk}")["why"] == "http"
    assert act(mother, "no.such.thing", to=f"c{thread.pk}", text="x")["why"] == "http"
    assert not Message.objects.exists()


def test_a_right_taken_away_counts_though_the_answer_was_kept(live, school, thread):
    father = ready(live, school.father)
    assert act(father, "conversations.send", to=f"c{thread.pk}", text="一")["t"] == "acked"
    Membership.objects.filter(conversation=thread, person=school.father).update(left_at=NOW())
    Conversation.objects.filter(pk=thread.pk).update(membership_version=99)  # as though the cut had not arrived yet
    assert act(father, "conversations.send", to=f"c{thread.pk}", text="二")["why"] == "http"
    assert Message.objects.count() == 1


def test_reading_on_one_device_counts_on_the_other_and_never_backwards(live, school, thread):
    for text in "一二三":
        say(school.mother, thread, text)
    desk, phone = ready(live, school.class_teacher), ready(live, school.class_teacher)
    mine = f"p{school.class_teacher.pk}/c{thread.pk}"
    assert hinted(phone, mine) == {"read": 0}  # a page that comes is told where it stands
    assert act(desk, "conversations.read", to=f"c{thread.pk}", n=2)["t"] == "acked"
    assert hinted(phone, mine) == {"read": 2}
    assert act(desk, "conversations.read", to=f"c{thread.pk}", n=1)["t"] == "acked"
    assert act(desk, "conversations.read", to=f"c{thread.pk}", n=99)["t"] == "acked"
    assert hinted(phone, mine) == {"read": 3}
    assert Membership.objects.get(conversation=thread, person=school.class_teacher).read_number == 3


def hinted(page: Page, key: str) -> dict[str, Any]:
    """The next hint under this key."""
    while True:
        frame = page.next()
        assert "closed" not in frame, frame
        if frame["t"] == "hint" and key in frame["d"]:
            return dict(frame["d"][key])


def test_names_of_files_and_quotes_go_as_text_and_only_the_servers_html_as_html(live, school, thread):
    page = ready(live, school.class_teacher)
    evil = '<img src=x onerror=alert(1)>"><script>'
    first = say(school.mother, thread, evil)
    assert heard(page, f"c{thread.pk}")["d"]["html"] == ("&lt;img src=x onerror=alert(1)&gt;&quot;&gt;&lt;script&gt;")
    say(school.mother, thread, "引用", quoted=first.uuid)
    assert heard(page, f"c{thread.pk}")["d"]["quote"]["line"] == evil  # a page puts it in as text, not as HTML


def test_typing_is_shown_where_both_have_it_on_and_staff_only_at_work(live, school, thread, monkeypatch):
    presence.forget()
    monkeypatch.setattr(presence.Calendar, "is_working", lambda calendar, at: True)
    mother, teacher = ready(live, school.mother), ready(live, school.class_teacher)
    key = f"c{thread.pk}/{school.mother.uuid}"
    mother.send(t="act", id="", do="conversations.here", d={"to": f"c{thread.pk}", "typing": True})
    shown = hinted(teacher, key)
    assert (shown["here"], shown["typing"], shown["who"]["zh-hans"][0]) == (True, True, "张小雨妈妈")
    show_presence(actor=school.mother, is_on=False)
    mother.send(t="act", id="", do="conversations.here", d={"to": f"c{thread.pk}", "typing": False})
    teacher.send(t="act", id="", do="conversations.here", d={"to": f"c{thread.pk}", "typing": True})
    show_presence(actor=school.mother, is_on=True)
    monkeypatch.setattr(presence.Calendar, "is_working", lambda calendar, at: False)
    presence.forget()
    mother.send(t="act", id="", do="conversations.here", d={"to": f"c{thread.pk}", "typing": True})
    say(school.father, thread, "在吗？")
    # Everything said before the message was asked of the same thread, so a hint would have come before it.
    for page in (mother, teacher):
        frame = page.next()
        assert (frame["t"], frame["s"]) == ("event", f"c{thread.pk}")
