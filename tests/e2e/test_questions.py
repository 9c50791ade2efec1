"""A question from asking to five faces, and a complaint no teacher sees, with the people side by side."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import DESKTOP, SMALL_PHONE, axe, too_wide
from tests.server import Served

pytestmark = [pytest.mark.browser, pytest.mark.process]
Open = Callable[..., Page]
Picture = Callable[[Page, str], None]
ASKED = "数学练习册第36页最后一题要做吗？"
PAGE = re.compile(r"/questions/[0-9a-f-]{36}/")
OF_THE_SCHOOL = """
from django.utils import timezone
from homeroom.demo.public import member_named
from homeroom.questions.services import save_answer
save_answer(
    actor=member_named("office").person, answer=None, question="几点放学？", variants=[],
    text="周一至周四17:30，周五17:00。",
    source="作息时间表", topic=None, valid_from=None, valid_until=None, approved=True, now=timezone.now(),
)
"""

TALKED = """
from django.utils import timezone
from homeroom.conversations.public import open_family_thread, post_message
from homeroom.demo.public import member_named
from homeroom.kit.ids import new_id
from homeroom.people.public import children_of
from homeroom.people.models import Person
now, mother = timezone.now(), member_named("mother").person
child = Person.objects.get(pk=children_of(mother)[0].person_id)
thread = open_family_thread(
    actor=mother, student=child, teacher=member_named("class_teacher").person, now=now
)
post_message(
    actor=mother, conversation=thread, text="老师好，数学练习册丢了一本，还能再领吗？", client_key=new_id(), now=now
)
"""


@pytest.fixture
def open_at(served: Served, become: Open) -> Open:
    """`open_at("mother", "/questions/")`: somebody's browser at an address."""

    def opened(key: str, path: str, **options: object) -> Page:
        page = become(key, **options)
        page.goto(served.url + path)
        return page

    return opened


def test_a_question_from_asking_to_five_faces(served: Served, open_at: Open, picture: Picture) -> None:
    mother = open_at("mother", "/questions/ask/", viewport=SMALL_PHONE)
    teacher = open_at("class_teacher", "/questions/", viewport=DESKTOP)

    mother.locator("#id_text").fill(ASKED)
    suggested = mother.locator("#found [data-topic]", has_text="作业")
    suggested.click()  # a person confirms what was suggested
    expect(mother.locator("#id_topic")).not_to_have_value("")
    picture(mother, "asking")
    mother.get_by_role("button", name="提交问题").click()
    mother.wait_for_url(PAGE)

    row = teacher.locator("#rows article", has_text=ASKED)
    expect(row).to_be_visible()  # by itself: the socket said so
    row.locator("a.item-link").click()
    teacher.locator("#id_text").fill("要做，写出思路就可以。我会在周五前回复全班的订正情况给您。")
    teacher.get_by_role("button", name="答复", exact=True).click()
    expect(teacher.locator("#id_text")).to_have_value("")  # what the school took is no draft any more
    teacher.get_by_role("button", name="设为承诺").click()
    picture(teacher, "answered with a promise")
    assert axe(teacher) == []

    expect(mother.locator("#live")).to_contain_text("写出思路就可以")
    expect(mother.locator("#live .promises")).to_contain_text("周五前回复")
    assert axe(mother) == []
    assert too_wide(mother) <= 0
    mother.get_by_role("button", name="解决了").click()
    expect(mother.locator("#live")).to_contain_text("还有承诺事项待兑现")
    mother.locator('input[name="score"][value="5"]').check()
    mother.locator("#id_comment").fill("回复很快")
    picture(mother, "five faces")
    mother.locator("#rate").get_by_role("button", name="发送").click()

    teacher.reload()
    teacher.locator("#tasks").get_by_role("button", name="完成").click()
    expect(teacher.locator("#live")).to_contain_text("已结束")
    expect(mother.locator("#live")).to_contain_text("已结束")
    teacher.goto(f"{served.url}/questions/ratings/")
    expect(teacher.locator("main")).to_contain_text("回复很快")


def test_a_complaint_reaches_the_leader_and_no_teacher(served: Served, open_at: Open, picture: Picture) -> None:
    mother = open_at("mother", "/questions/ask/", viewport=SMALL_PHONE)
    teacher = open_at("class_teacher", "/questions/?from=team", viewport=DESKTOP)
    leader = open_at("leader", "/questions/", viewport=DESKTOP)
    mother.locator("#id_text").fill("班主任当众批评孩子，我要投诉。")
    mother.locator("#id_topic").select_option(label="投诉建议")
    mother.get_by_role("button", name="提交问题").click()
    mother.wait_for_url(PAGE)
    expect(leader.locator("#rows article", has_text="当众批评")).to_be_visible()
    leader.locator("#rows article a.item-link", has_text="当众批评").click()
    expect(leader.locator("main")).to_contain_text("任何老师都看不到")
    picture(leader, "complaint")
    address = mother.url
    assert teacher.goto(address).status == 404
    teacher.goto(f"{served.url}/questions/?from=team")
    expect(teacher.locator("main")).not_to_contain_text("当众批评")


def test_the_schools_own_answer_spares_a_question(served: Served, open_at: Open, picture: Picture) -> None:
    served.python(OF_THE_SCHOOL)
    mother = open_at("mother", "/questions/ask/", viewport=SMALL_PHONE)
    mother.locator("#id_text").fill("请问今天几点放学？")
    shown = mother.locator("#found .answer")
    expect(shown).to_contain_text("周五17:00")
    expect(shown).to_contain_text("依据：作息时间表")
    assert axe(mother) == []
    picture(mother, "the school's answer")
    shown.get_by_role("button", name="解决了，不用提交").click()
    mother.wait_for_url(re.compile("/questions/mine/"))
    expect(mother.locator("main")).to_contain_text("还没有提问")


def test_what_was_typed_is_there_after_having_to_sign_in_again(served: Served, open_at: Open) -> None:
    mother = open_at("mother", "/questions/ask/")
    mother.locator("#id_text").fill(ASKED)
    mother.locator("#id_topic").select_option(label="作业")
    mother.context.clear_cookies(name=re.compile("session"))
    mother.get_by_role("button", name="提交问题").click()
    mother.wait_for_url(re.compile("/sign-in/"))
    mother.goto(f"{served.url}/demo/")
    mother.locator('form[action$="/demo/as/mother/"] button').click()
    mother.wait_for_url(f"{served.url}/")
    mother.goto(f"{served.url}/questions/ask/")
    expect(mother.locator("#id_text")).to_have_value(ASKED)


def test_asking_and_answering_work_without_script(served: Served, open_at: Open) -> None:
    mother = open_at("mother", "/questions/ask/", java_script_enabled=False)
    mother.locator("#id_text").fill("没有脚本也能提问吗？")
    mother.get_by_role("button", name="先看看学校有没有现成答复").click()
    expect(mother.locator("#id_text")).to_have_value("没有脚本也能提问吗？")
    mother.locator("#id_topic").select_option(label="作业")
    mother.get_by_role("button", name="提交问题").click()
    mother.wait_for_url(PAGE)
    teacher = open_at("class_teacher", "/questions/", java_script_enabled=False)
    teacher.locator("a.item-link", has_text="没有脚本").click()
    teacher.locator("#id_text").fill("能。")
    teacher.get_by_role("button", name="答复", exact=True).click()
    mother.reload()
    mother.get_by_role("button", name="解决了").click()
    expect(mother.locator("#live")).to_contain_text("已结束")


WROTE = "老师好，数学练习册丢了一本，还能再领吗？"


def test_a_message_becomes_a_question_proposed_by_the_teacher(served: Served, open_at: Open, picture: Picture) -> None:
    served.python(TALKED)
    teacher = open_at("class_teacher", "/conversations/", viewport=DESKTOP)
    teacher.locator(".chat-entry a", has_text="张小雨").first.click()
    teacher.locator(".msg", has_text="练习册").locator("[data-message]").click()
    teacher.get_by_role("link", name="建议家长提问").click()
    expect(teacher.locator("#id_text")).to_have_value(WROTE)
    expect(teacher.locator("#id_topic")).not_to_have_value("")  # suggested, and chosen by sending
    picture(teacher, "proposing")
    assert axe(teacher) == []
    teacher.get_by_role("button", name="发给家长确认").click()

    mother = open_at("mother", "/", viewport=SMALL_PHONE)
    mother.get_by_role("link", name="要把这件事提交为提问吗").first.click()
    expect(mother.locator("#id_text")).to_have_value(WROTE)
    picture(mother, "deciding")
    assert axe(mother) == []
    assert too_wide(mother) <= 0
    mother.get_by_role("button", name="提交问题").click()
    mother.wait_for_url(PAGE)
    mother.locator(".cited a").click()  # back to the message
    mother.locator(".msg", has_text="练习册").locator("[data-message]").click()
    expect(mother.locator(".message-actions")).to_contain_text("提问：")


def test_what_the_school_keeps_is_looked_up_beside_the_form(served: Served, open_at: Open, picture: Picture) -> None:
    mother = open_at("mother", "/questions/ask/", viewport=SMALL_PHONE)
    mother.locator("#id_text").fill("我们班主任是谁？")
    expect(mother.locator("#found .known")).to_contain_text("班级老师")
    picture(mother, "looked up")
    assert axe(mother) == []
    mother.goto(f"{served.url}/lookup/?q=期中成绩")
    expect(mother.locator("main")).to_contain_text("学校暂未在这里登记")
    assert axe(mother) == []
    assert too_wide(mother) <= 0
    mother.get_by_role("link", name="向老师提问").click()
    expect(mother.locator("#id_text")).to_have_value("期中成绩")


def test_the_figures_say_what_they_mean(served: Served, open_at: Open, picture: Picture) -> None:
    leader = open_at("leader", "/questions/overview/", viewport=DESKTOP)
    meaning = leader.locator(".figure details", has_text="一半的首次答复")
    expect(meaning.locator(".details-body")).to_be_hidden()
    meaning.locator("summary").click()
    expect(meaning.locator(".details-body")).to_be_visible()
    picture(leader, "figures")
    assert axe(leader) == []
    teacher = open_at("class_teacher", "/questions/ratings/", viewport=SMALL_PHONE)
    expect(teacher.locator("main")).to_contain_text("我的月度指标")
    assert axe(teacher) == []
    assert too_wide(teacher) <= 0
