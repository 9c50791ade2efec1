"""Whatever happened, search finds what a reader of every message would find, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeroom.conversations import access
from homeroom.conversations.entering import LOOK_AT_ALL, LOOK_BACK, Tail, enter_new
from homeroom.conversations.finding import Asked, find, pieces
from homeroom.conversations.models import Findable, Membership, Message
from homeroom.conversations.services import (
    edit_message,
    follow_roster,
    open_channel,
    open_family_thread,
    open_staff_room,
    post_message,
    withdraw_message,
)
from homeroom.kit.errors import NotAllowed, NotVisible
from homeroom.kit.ids import new_id
from homeroom.people.models import Enrolment, Guardianship
from homeroom.search import passages
from homeroom.search.models import Passage
from homeroom.search.public import normal, words_of

NOW = timezone.now


@pytest.fixture
def thread(school):
    return open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=NOW())


@pytest.fixture(params=["few places", "many places"])
def both_ways(request, monkeypatch):
    """Followed by places, and by words."""
    if request.param == "many places":
        monkeypatch.setattr(passages, "FEW_PLACES", dict.fromkeys(passages.FEW_PLACES, 0))


def say(who, where, text="您好", now=None):
    written = post_message(actor=who, conversation=where, text=text, client_key=new_id(), now=now or NOW())
    return Message.objects.select_related("conversation").get(pk=written.id)


def found(reader, q="", **more):
    page = find(reader, Asked(q=q, **more), now=NOW())
    return [hit.message.text for hit in page.hits]


def enter():
    return enter_new(Tail(), now=NOW())


def test_words_of_two_characters_and_of_one_are_found_newest_first(school, thread, both_ways):
    for text in ("老师您好，孩子发烧了", "请老师提醒喝水", "收到", "ＡＢＣ１２３ Homework"):
        say(school.mother, thread, text)
    assert enter() == 4
    assert found(school.class_teacher, "老师") == ["请老师提醒喝水", "老师您好，孩子发烧了"]
    assert found(school.class_teacher, "师") == ["请老师提醒喝水", "老师您好，孩子发烧了"]
    assert found(school.father, "老师 发烧") == ["老师您好，孩子发烧了"]
    assert found(school.father, "abc123") == found(school.father, "ＨＯＭＥwork") == ["ＡＢＣ１２３ Homework"]
    for nothing in ("师老", "发烧 喝水", "", "！？", '"', "老师 OR 收到", "in1", "by1", "%"):
        assert found(school.father, nothing) == []


@pytest.mark.parametrize("who", ["guardian_b", "leader", "teacher_elsewhere", "subject_teacher", "office"])
def test_nobody_finds_what_is_said_where_they_are_not(school, thread, client_for, both_ways, who):
    say(school.mother, thread, "只给王老师看")
    enter()
    assert found(getattr(school, who), "王老师") == []
    assert found(getattr(school, who), who="张小雨妈妈") == []
    client = client_for(getattr(school, who))
    assert "只给" not in client.get("/conversations/search/?q=老师").content.decode()
    assert client.get("/api/v1/conversations/search?q=老师").json()["results"] == []


def test_who_joins_finds_nothing_from_before_and_who_leaves_finds_nothing(school, both_ways):
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=NOW())
    say(school.class_teacher, channel, "秋游通知一")
    enter()
    assert found(school.mother, "秋游") == ["秋游通知一"]
    edge = Guardianship.objects.get(guardian=school.mother, student=school.child_a)
    edge.ends_on = school.today - timedelta(days=1)
    edge.save()
    follow_roster([channel], now=NOW())
    assert found(school.mother, "秋游") == []
    say(school.class_teacher, channel, "秋游通知二")
    edge.ends_on = None
    edge.save()
    follow_roster([channel], now=NOW())
    say(school.class_teacher, channel, "秋游通知三")
    enter()
    assert found(school.mother, "秋游") == ["秋游通知三"]
    assert found(school.father, "秋游") == ["秋游通知三", "秋游通知二", "秋游通知一"]


def test_an_edit_and_a_withdrawal_follow_at_once(school, thread, both_ways):
    message = say(school.mother, thread, "明天请假")
    enter()
    edit_message(actor=school.mother, message=message, text="后天请假", now=NOW())
    assert found(school.father, "明天") == []
    assert found(school.father, "后天") == ["后天请假"]
    withdraw_message(actor=school.mother, message=message, reason="", now=NOW())
    assert found(school.father, "后天") == []
    assert not Passage.objects.exists()


def test_what_was_edited_or_withdrawn_before_it_was_entered(school, thread):
    first, second = say(school.mother, thread, "一会儿到"), say(school.mother, thread, "路上堵车")
    edit_message(actor=school.mother, message=first, text="马上就到", now=NOW())
    withdraw_message(actor=school.mother, message=second, reason="", now=NOW())
    enter()
    assert found(school.father, "一会") == found(school.father, "堵车") == []
    assert found(school.father, "马上") == ["马上就到"]


def test_the_index_holds_no_word_of_what_was_taken_out(school, thread):
    message = say(school.mother, thread, "确诊肺炎")
    enter()
    withdraw_message(actor=school.mother, message=message, reason="", now=NOW())
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT rowid FROM search_passage_fts WHERE search_passage_fts MATCH '肺炎'")
            assert cursor.fetchall() == []
    assert not Passage.objects.exists()


def test_filters(school, thread, both_ways):
    other = open_family_thread(
        actor=school.class_teacher, student=school.twin_one, teacher=school.class_teacher, now=NOW()
    )
    room = open_staff_room(actor=school.leader, grade=None, now=NOW())
    long_ago = NOW() - timedelta(days=60)
    say(school.mother, thread, "体温正常（旧）", now=long_ago)
    say(school.mother, thread, "体温正常")
    say(school.class_teacher, thread, "体温记下了")
    say(school.class_teacher, other, "体温表请交")
    say(school.leader, room, "体温汇总")
    enter()
    teacher, child = school.class_teacher, school.child_a.name
    assert found(teacher, "体温") == ["体温汇总", "体温表请交", "体温记下了", "体温正常", "体温正常（旧）"]
    assert found(teacher, "体温", child=child) == ["体温记下了", "体温正常", "体温正常（旧）"]
    assert found(teacher, "体温", who="我") == ["体温表请交", "体温记下了"]
    assert found(teacher, "体温", who=f"{child}妈妈") == ["体温正常", "体温正常（旧）"]
    assert found(teacher, "体温", who=f"{child}爸爸") == found(teacher, "体温", who="没有这个人") == []
    assert found(school.father, "体温", who="王老师") == ["体温记下了"]
    assert found(teacher, "", who="我") == ["体温表请交", "体温记下了"]
    assert found(teacher, "体温", kind="staff") == ["体温汇总"]
    assert found(teacher, "体温", kind="family", since=school.today) == ["体温表请交", "体温记下了", "体温正常"]
    assert found(teacher, "体温", until=school.today - timedelta(days=30)) == ["体温正常（旧）"]
    span = {"since": school.today - timedelta(days=61), "until": school.today - timedelta(days=59)}
    assert found(teacher, "体温", **span) == ["体温正常（旧）"]
    assert found(teacher, "体温", since=date(2000, 1, 1), until=date(2200, 12, 31))[0] == "体温汇总"


def test_pages_go_on_where_the_last_one_ended(school, thread, both_ways):
    for number in range(1, 51):
        say(school.mother, thread, f"第{number}条作业", now=NOW() - timedelta(minutes=100 - number))
    enter()
    seen, before = [], None
    while True:
        page = find(school.father, Asked(q="作业"), now=NOW(), before=before)
        seen += [hit.message.number for hit in page.hits]
        before = page.before
        if before is None:
            break
    assert seen == list(range(50, 0, -1))


def test_a_late_commit_is_found_again(school, thread):
    """An id below those already seen: within seconds by its own conversation, after an hour by a look at all."""
    tail, now = Tail(), NOW()
    say(school.mother, thread, "甲")
    assert enter_new(tail, now=now) == 1
    say(school.mother, thread, "乙")
    assert enter_new(tail, now=now + timedelta(seconds=1)) == 1
    assert enter_new(tail, now=now + LOOK_BACK) == 0
    assert enter_new(tail, now=now + LOOK_BACK * 2) == 0
    Findable.objects.update(number=1)  # as if it had come while nobody looked
    assert enter_new(tail, now=now + LOOK_BACK * 2 + timedelta(seconds=1)) == 0
    assert enter_new(tail, now=now + LOOK_AT_ALL) == 1


# --- any history against a reader of every message

TEXTS = ["老师您好", "孩子发烧了，请假", "请老师放心", "师老不分", "作业已交 Abc", "谢谢老师！老师辛苦"]
QUERIES = ["老师", "师", "发烧", "abc", "老师 您好", "请假 老师", "师老", "滑雪"]


@dataclass
class Act:
    kind: str
    who: int
    what: int


acts = st.builds(
    Act, st.sampled_from(["say", "say", "say", "edit", "withdraw", "leave", "join", "enter"]), st.integers(0, 3),
    st.integers(0, 5),
)  # fmt: skip


def naive(person, query):
    """Every message the person may read, read one by one."""
    words = words_of(query)
    visible = access.readable(person, now=NOW()).filter(withdrawn_at__isnull=True).order_by("-pk")
    return [row.text for row in visible if words and all(word in normal(row.text) for word in words)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(acts, max_size=25))
def test_search_equals_reading_everything(school, history, monkeypatch):
    from django.db import transaction

    with transaction.atomic():
        _lived(school, history, monkeypatch)
        transaction.set_rollback(True)


def _lived(school, history, monkeypatch):
    people = [school.mother, school.father, school.class_teacher, school.guardian_of_two]
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=NOW())
    private = open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=NOW())
    tail, clock, messages = Tail(), NOW(), []
    for step, act in enumerate(history):
        who = people[act.who]
        where = private if act.what % 2 else channel
        if act.kind == "say":
            speaker = who if where is private and who in people[:2] else school.class_teacher
            if Membership.objects.filter(person=speaker, conversation=where, left_at__isnull=True).exists():
                messages.append(say(speaker, where, TEXTS[act.what]))
        elif act.kind in {"edit", "withdraw"} and messages:
            message = messages[act.what % len(messages)]
            try:
                if act.kind == "edit":
                    edit_message(actor=message.author, message=message, text=TEXTS[act.what - 1], now=NOW())
                else:
                    withdraw_message(actor=message.author, message=message, reason="", now=NOW())
            except (NotAllowed, NotVisible):
                continue  # a refusal is part of the history
        elif act.kind in {"leave", "join"} and who is not school.class_teacher:
            edges = Guardianship.objects.filter(guardian=who)
            edges.update(ends_on=school.today - timedelta(days=1) if act.kind == "leave" else None)
            follow_roster([channel, private], now=NOW())
        elif act.kind == "enter":
            enter_new(tail, now=clock + timedelta(seconds=step))
    enter_new(tail, now=clock + timedelta(hours=2))
    for few in (100, 0):
        monkeypatch.setattr(passages, "FEW_PLACES", dict.fromkeys(passages.FEW_PLACES, few))
        for person in people:
            for query in QUERIES:
                assert found(person, query)[:20] == naive(person, query)[:20], (person.name, query)


# --- pages


def test_the_page_marks_the_words_and_opens_the_thread_there(school, thread, client_for):
    for number in range(1, 101):
        say(
            school.mother,
            thread,
            "体温正常" if number == 30 else f"第{number}天",
            now=NOW() - timedelta(minutes=200 - number),
        )
    say(school.class_teacher, thread, "<script>alert(1)</script> 体温")
    enter()
    client = client_for(school.father)
    page = client.get("/conversations/search/?q=体温").content.decode()
    assert "<mark>体温</mark>正常" in page
    assert "<script>alert" not in page
    assert f"/conversations/{thread.uuid}/?at=30#m30" in page
    around = client.get(f"/conversations/{thread.uuid}/?at=30").content.decode()
    assert 'id="m30"' in around
    assert 'id="m50"' in around
    assert 'id="m51"' not in around
    newest = client.get(f"/conversations/{thread.uuid}/?at=100").content.decode()
    assert 'id="m101"' in newest


def test_the_json_says_the_same(school, thread, client_for):
    for number in range(25):
        say(school.mother, thread, f"第{number}次测体温", now=NOW() - timedelta(minutes=60 - number))
    enter()
    client = client_for(school.father)
    first = client.get("/api/v1/conversations/search?q=体温").json()
    second = client.get(f"/api/v1/conversations/search?q=体温&before={first['before']}").json()
    numbers = [row["number"] for row in first["results"] + second["results"]]
    assert numbers == list(range(25, 0, -1))
    assert second["before"] is None
    assert first["results"][0]["author"] == "张小雨妈妈"
    assert client_for(school.guardian_b).get("/api/v1/conversations/search?q=体温").json()["results"] == []


@pytest.mark.parametrize(
    "query", ["", "q=x&since=2026-02-31", "q=x&since=0001-01-01&until=9999-12-31", "q=x&before=²", "q=x&kind=none",
              "q=x&before=99999999999999999999", "who=%00", "q=%00", "child='", "q=" + "长" * 500, "at=-1"],
)  # fmt: skip
def test_whatever_is_typed_shows_a_page(school, thread, client_for, query):
    assert client_for(school.mother).get(f"/conversations/search/?{query}").status_code in {200, 400, 422}


@pytest.mark.parametrize("at", ["0", "-1", "x", "9" * 18, "1"])
def test_a_thread_opens_at_whatever_number_is_typed(school, thread, client_for, at):
    say(school.mother, thread)
    assert client_for(school.mother).get(f"/conversations/{thread.uuid}/?at={at}").status_code == 200


def test_statements_do_not_grow_with_hits(school, thread, client_for):
    client = client_for(school.class_teacher)
    threads = [thread]
    for student in Enrolment.objects.filter(school_class=school.class_a).order_by("pk")[:6]:
        threads.append(
            open_family_thread(
                actor=school.class_teacher, student=student.student, teacher=school.class_teacher, now=NOW()
            )
        )
    say(school.class_teacher, thread, "体温正常")
    enter()

    def count():
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/conversations/search/?q=体温").status_code == 200
        return len(caught)

    count()
    few = count()
    for where in threads:
        say(school.class_teacher, where, "体温正常")
    enter()
    count()
    assert count() <= few
    assert few <= 18


def test_pieces_mark_every_occurrence_and_keep_the_text():
    parts = pieces("前面很长很长很长很长很长很长的一段话，体温３７度，体温", ["体温", "37"])
    assert "".join(text for text, hit in parts if hit) == "体温３７体温"
    assert parts[0] == ("…", False)
    assert json.dumps(pieces("甲乙", [])) == json.dumps([["甲乙", False]])
    assert pieces("", ["体温"]) == []
