"""Short questions about one's own child: answered from rows, or said not to be kept; never made up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from homeroom.delivery.public import Asked, confirm, send_item
from homeroom.home import known  # noqa: F401  (enters what can be looked up)
from homeroom.home.lookup import Lookup, answers_to, lookups, recognised, register_lookup
from homeroom.kit.ids import new_id
from homeroom.people.public import children_of
from homeroom.questions.services import Asking, ask_question
from homeroom.school.models import Topic


@pytest.fixture
def sent(school):
    """A slip to sign about 张小雨, sent a minute ago."""
    return send_item(
        actor=school.class_teacher, school=school.school, kind="plain", source_id=None, sender=school.class_teacher,
        title="秋游回执", lead="请签字", level="confirm", recipients=[Asked(school.mother.pk, school.child_a.pk)],
        now=timezone.now() - timedelta(minutes=1),
    )  # fmt: skip


def answered(person, text: str):
    return answers_to(person, text, children_of(person), now=timezone.now())


@pytest.mark.parametrize(
    ("text", "keys"),
    [("我孩子这周的通知", ["notices"]), ("小雨还有什么没签字", ["to_do"]), ("有没有未回复的问题", ["questions"]),
     ("班主任是谁", ["teachers"]), ("值班电话多少", ["duty"]), ("期中成绩出来了吗", ["scores"]),
     ("今天校车几点到", ["bus"]), ("明天上什么课", ["timetable"]), ("请假怎么还没批", ["attendance"]),
     ("今天午餐吃什么", ["meals"]), ("天气怎么样", []), ("", [])],
)  # fmt: skip
def test_what_a_text_asks_for(text, keys) -> None:
    assert [one.key for one in recognised(text)][:1] == keys


def test_what_is_still_to_do_is_listed_and_gone_when_it_is_done(school, sent) -> None:
    (one,) = answered(school.mother, "小雨还有什么没签字")
    assert [line[0] for line in one.lines] == ["秋游回执"]
    confirm(actor=school.mother, item=sent, now=timezone.now())
    (one,) = answered(school.mother, "小雨还有什么没签字")
    assert one.lines == []


def test_this_weeks_messages_and_ones_open_questions(school, sent) -> None:
    topic = Topic.objects.get(school=school.school, name="作业")
    asking = Asking(student=school.child_a.uuid, topic=topic.uuid, text="哪几页？", key=new_id())
    ask_question(actor=school.mother, asking=asking, now=timezone.now())
    assert [line[0] for line in answered(school.mother, "这周的通知")[0].lines] == ["秋游回执"]
    (mine,) = answered(school.mother, "我的提问")
    assert [line[0] for line in mine.lines] == ["哪几页？"]
    assert answered(school.father, "我的提问")[0].lines == []


def test_each_child_is_answered_for_and_a_named_one_alone(school) -> None:
    children = children_of(school.guardian_of_two)
    both = answered(school.guardian_of_two, "班主任是谁")
    assert [one.child.person_id for one in both] == [child.person_id for child in children]
    named = answered(school.guardian_of_two, f"{children[1].name}的班主任是谁")
    assert [one.child.person_id for one in named] == [children[1].person_id]


def test_what_the_school_does_not_keep_is_said_so_until_a_module_enters_it(school, monkeypatch) -> None:
    monkeypatch.setattr("homeroom.home.lookup._lookups", {one.key: one for one in lookups()})
    (one,) = answered(school.mother, "期中成绩")
    assert one.lines is None
    register_lookup(Lookup("scores", "成绩", ("成绩",), lambda person, child, now: [("数学 92", "", "")]))
    (one,) = answered(school.mother, "期中成绩")
    assert one.lines == [("数学 92", "", "")]


def test_the_page_leads_to_a_person_where_nothing_is_known(school, client_for) -> None:
    page = client_for(school.mother).get("/lookup/?q=期中成绩").content.decode()
    assert "学校暂未在这里登记" in page
    assert "/questions/ask/?text=" in page
    assert "/questions/ask/?text=" in client_for(school.mother).get("/lookup/?q=天气").content.decode()


def test_beside_a_form_only_what_was_recognised_is_shown(school, client_for) -> None:
    client = client_for(school.mother)
    assert "<article" not in client.post("/lookup/", {"text": "天气"}).content.decode()
    fragment = client.post("/lookup/", {"text": "班主任是谁"}).content.decode()
    assert "<html" not in fragment
    assert "<article" in fragment


@pytest.mark.parametrize("who", ["office", "leader"])
def test_whoever_has_no_child_looks_up_nothing(school, client_for, who) -> None:
    assert client_for(getattr(school, who)).get("/lookup/?q=班主任").status_code == 404
