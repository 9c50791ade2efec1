"""A guardian and a teacher talk, live, through a dead network; a class channel; with and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import DESKTOP, SMALL_PHONE, axe, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.process]
THREAD = re.compile(r"/conversations/[0-9a-f-]{36}/")


def begin(page: Page, url: str, choice: str) -> str:
    """Begin a conversation by the page that offers whom to write to; returns its address."""
    page.goto(f"{url}/conversations/new/")
    page.locator(".chat-choice", has_text=choice).first.click()
    page.wait_for_url(THREAD)
    return page.url.split("#")[0]


def write(page: Page, text: str) -> None:
    page.locator("#id_text").fill(text)
    page.locator("[data-send]").click()


def said(page: Page, text: str) -> Locator:
    return page.locator("li.msg[data-number]", has_text=text)


def test_a_guardian_and_a_teacher_talk_through_a_dead_network(served, become, picture):
    mother = become("mother", viewport=SMALL_PHONE)
    teacher = become("class_teacher", viewport=DESKTOP)
    address = begin(mother, served.url, "王老师")
    write(mother, "老师好，小雨今天咳嗽，麻烦您提醒她多喝水。")
    expect(said(mother, "多喝水")).to_be_visible()
    picture(mother, "phone")

    teacher.goto(f"{served.url}/conversations/")
    expect(teacher.locator(".chat-entry .badge").first).to_contain_text("1")
    picture(teacher, "list")
    teacher.locator(".chat-entry a", has_text="张小雨").click()
    teacher.wait_for_url(THREAD)
    expect(said(teacher, "多喝水").locator(".msg-who")).to_have_text("张小雨妈妈")
    expect(teacher.locator("[data-composer]")).to_be_visible()
    write(teacher, "好的，我会留意。")
    expect(said(mother, "我会留意")).to_be_visible(timeout=5_000)

    # The network dies: what is written waits on the page, over a reload, and goes out once.
    mother.context.set_offline(True)
    write(mother, "谢谢老师！")
    write(mother, "放学我早点来接。")
    expect(mother.locator("li.is-pending")).to_have_count(2)
    expect(mother.locator("li.is-pending").first).to_contain_text("还没有发出")
    write(teacher, "不客气。")
    expect(said(teacher, "不客气")).to_be_visible()
    picture(mother, "offline")
    mother.context.set_offline(False)
    mother.reload()
    for text in ("谢谢老师", "早点来接", "不客气"):
        expect(said(mother, text)).to_have_count(1)
        expect(said(teacher, text)).to_have_count(1)
    expect(mother.locator("li.is-pending")).to_have_count(0)
    stored = served.python(
        "from homeroom.conversations.models import Message\n"
        "print(list(Message.objects.order_by('number').values_list('number', flat=True)))"
    )
    assert stored.strip().splitlines()[-1] == "[1, 2, 3, 4, 5]"

    # Edited within five minutes, quoted, reacted to, withdrawn: each shows to the other without a reload.
    teacher.locator("li.msg.mine", has_text="我会留意").locator(".msg-more").click()
    teacher.locator("#edit_text").fill("好的，我会留意，午休后给您回话。")
    teacher.locator('form[action$="/edit/"] button').click()
    expect(said(mother, "午休后给您回话").locator(".msg-former summary")).to_be_visible()
    said(mother, "午休后给您回话").locator(".msg-more").click()
    picture(mother, "actions")
    assert axe(mother) == []
    mother.locator('button[name="kind"][value="thanks"]').click()
    expect(said(teacher, "午休后给您回话").locator(".sign")).to_contain_text("1")
    said(mother, "不客气").locator(".msg-more").click()
    mother.locator("[data-quote-this]").click()
    write(mother, "辛苦了。")
    expect(said(teacher, "辛苦了").locator(".msg-quote")).to_contain_text("不客气")
    said(mother, "谢谢老师").locator(".msg-more").click()
    mother.locator('form[action$="/withdraw/"] button').click()
    expect(teacher.locator(".msg-gone")).to_contain_text("张小雨妈妈撤回了这条消息")
    expect(said(teacher, "谢谢老师")).to_have_count(0)

    # A draft is the same on another device.
    with mother.expect_response("**/draft"):
        mother.locator("#id_text").fill("还有一件事")
    other = become("mother", viewport=DESKTOP)
    other.goto(address)
    expect(other.locator("#id_text")).to_have_value("还有一件事")

    for page, name in ((mother, "phone after"), (teacher, "desktop after")):
        assert axe(page) == []
        assert too_wide(page) == 0
        picture(page, name)


def test_who_loses_the_right_to_see_has_nothing_left_on_the_page(served, become):
    mother, father = become("mother"), become("father")
    begin(mother, served.url, "王老师")
    write(mother, "只说给能看的人。")
    expect(said(mother, "只说给能看的人")).to_be_visible()
    father.goto(mother.url.split("#")[0])
    expect(said(father, "只说给能看的人")).to_be_visible()
    served.python(
        "from homeroom.kit.access import SystemActor\n"
        "from homeroom.people.models import Guardianship\n"
        "from homeroom.people.services.guardianship import change_guardianship\n"
        "edge = Guardianship.objects.select_related('student', 'guardian').get(guardian__name='张伟强')\n"
        "change_guardianship(actor=SystemActor('test'), edge=edge, changes={'restriction': 'no_contact'})"
    )
    father.wait_for_url(re.compile(r"/conversations/$"), timeout=10_000)
    expect(father.locator(".chat-entry")).to_have_count(0)
    write(mother, "他看不到这句。")
    expect(said(mother, "他看不到这句")).to_be_visible()


def test_a_class_channel_is_answered_privately(served, become, picture):
    teacher = become("class_teacher", viewport=DESKTOP)
    begin(teacher, served.url, "班级频道")
    write(teacher, "明天的春游照常，请穿运动鞋。")
    expect(said(teacher, "请穿运动鞋")).to_be_visible()
    mother = become("mother")
    mother.goto(f"{served.url}/conversations/")
    mother.locator(".chat-entry a", has_text="三年级2班").click()
    mother.wait_for_url(THREAD)
    expect(mother.locator("[data-composer]")).to_have_count(0)
    picture(mother, "channel")
    mother.locator("form button", has_text="私下回复").click()
    mother.wait_for_url(re.compile(r"quote="))
    expect(mother.locator("[data-quote-text]")).to_contain_text("请穿运动鞋")
    write(mother, "小雨脚扭了，可以不去吗？")
    expect(said(mother, "小雨脚扭了").locator(".msg-quote")).to_contain_text("请穿运动鞋")
    teacher.goto(f"{served.url}/conversations/")
    expect(teacher.locator(".chat-entry", has_text="张小雨")).to_contain_text("小雨脚扭了")


def test_everything_is_there_without_scripts(served, become):
    mother = become("mother", java_script_enabled=False)
    begin(mother, served.url, "李老师")
    write(mother, "数学作业第三题没看懂。")
    expect(said(mother, "第三题")).to_be_visible()
    said(mother, "第三题").locator(".msg-more").click()
    mother.locator("#edit_text").fill("数学作业第四题没看懂。")
    mother.locator('form[action$="/edit/"] button').click()
    expect(said(mother, "第四题")).to_be_visible()


@pytest.mark.parametrize("look", ["dark", "elder", "plain"])
def test_the_pages_are_for_everybody(served, become, picture, look):
    page = become("mother", viewport=SMALL_PHONE, dark=look == "dark")
    begin(page, served.url, "王老师")
    write(page, "您好，<b>请问</b> https://example.cn/?a=1&b=2 这个链接能打开吗？")
    expect(said(page, "<b>请问</b>")).to_be_visible()
    if look == "elder":
        page.locator('button[name="elder"]').first.click()
        expect(page.locator("html[data-elder]")).to_be_attached()
    for address in ("/conversations/new/", "/conversations/", page.url.removeprefix(served.url).split("#")[0]):
        page.goto(served.url + address)
        assert axe(page) == [], address
        assert too_wide(page) == 0, address
        picture(page, f"{look}{address.replace('/', '-')[:24]}")
