"""Out of hours a family is told when its teacher answers; a teacher lets replies wait, and answers in one sitting."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import DESKTOP, PHONE, axe, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.process]
THREAD = re.compile(r"/conversations/[0-9a-f-]{36}/")

# What a school has before anybody writes: nobody works now, somebody is on duty, and replies are kept.
ARRANGE = """
from datetime import timedelta
from django.utils import timezone
from homeroom.conversations.models import DutyShift, Rhythm
from homeroom.people.models import Person
from homeroom.wording.public import save_reply
here = Person.objects.filter(school__name="阳光小学").select_related("school")
teacher, office = here.get(account__username="wang"), here.get(account__username="xuxiulan")
local = timezone.localtime()
other = str((local.weekday() + 3) % 7)
Rhythm.objects.update_or_create(person=teacher, defaults={
    "school": teacher.school, "hours": {other: [["08:00", "11:30"]]}, "usual_minutes": 100, "replies": 9,
    "counted_on": local.date()})
DutyShift.objects.create(school=teacher.school, person=office, phone="15400000112", takes_messages=True,
    starts_on=local.date() - timedelta(days=1), ends_on=local.date() + timedelta(days=3))
save_reply(actor=teacher, name="收到请假", text="{{家长}}您好，{{孩子}}的请假已收到。", shortcut="qj")
save_reply(actor=teacher, name="谢谢", text="谢谢您！")
"""


def begin(page: Page, url: str, text: str) -> str:
    """Write to Mrs Wang; returns the thread's address."""
    page.goto(f"{url}/conversations/new/")
    page.locator(".chat-choice", has_text="王老师").first.click()
    page.wait_for_url(THREAD)
    page.locator("#id_text").fill(text)
    page.locator("[data-send]").click()
    expect(page.locator("li.msg[data-number]", has_text=text)).to_be_visible()
    return page.url.split("#")[0]


def looks_right(page: Page) -> None:
    assert axe(page) == []
    assert not too_wide(page)


def test_a_family_is_told_and_a_teacher_answers_in_one_sitting(served, become, picture):
    served.python(ARRANGE)
    mother, other = become("mother", viewport=PHONE), become("guardian_of_two", viewport=PHONE)
    thread = begin(mother, served.url, "小雨明天请半天假。")
    mother.goto(thread)
    note = mother.locator(".calm")
    expect(note).to_contain_text("现在不是王老师的工作时间")
    expect(note).to_contain_text("王老师通常在工作时间 2 小时内回复")
    note.locator("summary").click()
    expect(note.locator('a[href="tel:15400000112"]')).to_be_visible()
    looks_right(mother)
    picture(mother, "calm")
    note.get_by_role("button", name="给值班人员留言").click()
    mother.wait_for_url(lambda address: THREAD.search(address) is not None and thread not in address)
    mother.locator("#id_text").fill("孩子还没到家，请帮忙看看。")
    mother.locator("[data-send]").click()
    expect(mother.locator("li.msg[data-number]")).to_have_count(1)

    begin(other, served.url, "老师，作业本忘在学校了。")
    teacher = become("class_teacher", viewport=DESKTOP)
    teacher.goto(f"{served.url}/conversations/waiting/")
    expect(teacher.locator(".sitting-place")).to_contain_text("1 / 2")
    expect(teacher.locator("h1")).to_contain_text("张小雨")
    looks_right(teacher)
    picture(teacher, "sitting")

    # By keyboard to the next and back; what is begun is kept.
    teacher.locator("#id_text").fill("我去教室看看")
    teacher.keyboard.press("Alt+ArrowDown")
    expect(teacher.locator(".sitting-place")).to_contain_text("2 / 2")
    teacher.locator("h1").click()
    teacher.keyboard.press("k")
    expect(teacher.locator(".sitting-place")).to_contain_text("1 / 2")
    expect(teacher.locator("#id_text")).to_have_value("我去教室看看")

    # "/" offers replies by pinyin letters; Escape closes, Enter inserts.
    teacher.locator("#id_text").fill("")
    teacher.locator("#id_text").press("/")
    field = teacher.get_by_role("combobox")
    expect(field).to_be_focused()
    expect(teacher.get_by_role("option")).to_have_count(2)
    looks_right(teacher)
    teacher.keyboard.press("Escape")
    expect(field).to_be_hidden()
    teacher.locator("#id_text").fill("")
    teacher.locator("#id_text").press("/")
    expect(teacher.get_by_role("option")).to_have_count(2)
    teacher.keyboard.type("sdq")
    expect(teacher.get_by_role("option")).to_have_count(1)
    teacher.keyboard.press("Enter")
    expect(teacher.locator("#id_text")).to_have_value("张小雨妈妈您好，张小雨的请假已收到。")
    teacher.locator("[data-send]").click()
    teacher.wait_for_url(re.compile("done=1"))
    expect(teacher.locator(".sitting-place")).to_contain_text("2 / 2")
    mother.goto(thread)
    expect(mother.locator("li.msg", has_text="请假已收到")).to_be_visible()

    # The other one needs no answer.
    teacher.get_by_role("button", name="无需回复").click()
    expect(teacher.get_by_text("都回复完了")).to_be_visible()


def test_a_reply_waits_and_goes_out(served, become, picture):
    mother = become("mother", viewport=PHONE)
    thread = begin(mother, served.url, "明天要带什么？")
    teacher = become("class_teacher", viewport=PHONE)
    teacher.goto(thread)
    teacher.locator("#id_text").fill("明天请带水彩笔。")
    teacher.locator("[data-later]").click()
    teacher.wait_for_url(re.compile("/later/"))
    expect(teacher.locator("#id_text")).to_have_value("明天请带水彩笔。")
    looks_right(teacher)
    picture(teacher, "later")
    teacher.get_by_role("button", name="定时发送").click()
    teacher.wait_for_url(THREAD)
    waits = teacher.locator("scheduled-here")
    expect(waits).to_contain_text("明天请带水彩笔。")
    expect(teacher.locator("#id_text")).to_have_value("")
    looks_right(teacher)
    picture(teacher, "scheduled")
    expect(mother.locator("li.msg", has_text="水彩笔")).to_have_count(0)
    waits.get_by_role("button", name="立即发送").click()
    expect(teacher.locator("li.msg[data-number]", has_text="水彩笔")).to_be_visible()
    expect(teacher.locator("scheduled-here")).to_have_count(0)
    expect(mother.locator("li.msg[data-number]", has_text="水彩笔")).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("address", ["/me/hours/", "/me/replies/", "/me/replies/new/", "/conversations/scheduled/"])
def test_the_pages_look_right(served, become, address):
    for viewport in (PHONE, DESKTOP):
        teacher = become("class_teacher", viewport=viewport)
        teacher.goto(served.url + address)
        looks_right(teacher)
