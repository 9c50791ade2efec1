"""Words that hit, open answers that wait, a report with its decision and an appeal; folding a family away."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import DESKTOP, SMALL_PHONE, axe, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.process]
CASE = re.compile(r"/moderation/[0-9a-f-]{36}/$")

OPEN = (
    "from django.utils import timezone\n"
    "from homeroom.conversations.services import change_rules, open_channel\n"
    "from homeroom.demo.models import Member\n"
    "by = {m.key: m.person for m in Member.objects.select_related('person')}\n"
    "now = timezone.now()\n"
    "teacher = by['class_teacher']\n"
    "wanted = dict(open_replies=True, read_first=True, duty_phone='')\n"
    "change_rules(actor=by['leader'], school=teacher.school, now=now, **wanted)\n"
    "place = next(r.school_class for r in teacher.current_roles if r.kind == 'class_teacher')\n"
    "print(open_channel(actor=teacher, school_class=place, now=now).uuid)"
)


def write(page: Page, text: str) -> None:
    page.locator("#id_text").fill(text)
    page.locator("[data-send]").click()


def test_a_channel_stays_civil(served, become, picture):
    channel = served.python(OPEN).strip().splitlines()[-1]
    address = f"{served.url}/conversations/{channel}/"
    mother, teacher = become("mother", viewport=SMALL_PHONE), become("class_teacher", viewport=DESKTOP)

    # A word that hits: told before anything is sent, the text stays.
    mother.goto(address)
    write(mother, "别吵了，一群白痴")
    expect(mother.locator(".chat-words")).to_contain_text("白痴")
    expect(mother.locator("#id_text")).to_have_value("别吵了，一群白痴")
    picture(mother, "words")
    assert axe(mother) == []
    assert not too_wide(mother)
    mother.locator(".chat-words button", has_text="修改").click()
    write(mother, "请大家好好说话")

    # It waits for the teacher; only its author sees it.
    waits = mother.locator("[data-held]", has_text="请大家好好说话")
    expect(waits).to_contain_text("等老师看过后发出")
    mother.reload()
    expect(waits).to_be_visible()
    expect(mother.locator("#id_text")).to_have_value("")
    father = become("father", viewport=SMALL_PHONE)
    father.goto(address)
    expect(father.locator("[data-empty]")).to_be_visible()
    expect(father.get_by_text("请大家好好说话")).to_have_count(0)

    # The teacher lets it through: it is there for all, under its author's name, without a reload.
    teacher.goto(f"{served.url}/conversations/moderation/")
    picture(teacher, "queue")
    assert axe(teacher) == []
    teacher.locator(".case a.item-link").click()
    teacher.wait_for_url(CASE)
    assert axe(teacher) == []
    teacher.get_by_label("消息已发出").check()
    teacher.locator("textarea[name=reason]").fill("说得好")
    teacher.get_by_role("button", name="确定处理").click()
    teacher.wait_for_url(re.compile(r"/conversations/moderation/$"))
    said = mother.locator("li.msg[data-number]", has_text="请大家好好说话")
    expect(said).to_have_count(1)
    expect(waits).to_have_count(0)
    theirs = father.locator("li.msg[data-number]", has_text="请大家好好说话")
    expect(theirs.locator(".msg-who")).to_have_text("张小雨妈妈")

    # Somebody reports it; the teacher withdraws it with a reason; its author appeals; a leader restores it.
    other = become("guardian_of_two", viewport=SMALL_PHONE)
    other.goto(address)
    other.locator("li.msg .msg-more").first.click()
    other.locator('a[href$="/report/"]').click()
    other.wait_for_url(re.compile(r"/report/$"))
    picture(other, "report")
    assert axe(other) == []
    assert not too_wide(other)
    other.get_by_label("伤人、辱骂").check()
    other.get_by_role("button", name="举报这条消息").click()
    other.wait_for_url(re.compile(channel))
    teacher.goto(f"{served.url}/conversations/moderation/")
    teacher.locator(".case a.item-link").click()
    teacher.wait_for_url(CASE)
    teacher.get_by_label("消息已撤下").check()
    teacher.locator("textarea[name=reason]").fill("换个平和的说法")
    teacher.get_by_role("button", name="确定处理").click()
    expect(mother.locator("li.msg[data-number]")).to_contain_text("换个平和的说法")
    case = served.python("from homeroom.conversations.models import Case; print(Case.objects.latest('pk').uuid)")
    page = f"{served.url}/conversations/moderation/{case.strip().splitlines()[-1]}/"
    mother.goto(page)
    mother.locator("textarea[name=text]").fill("我没有针对谁")
    picture(mother, "appeal")
    assert axe(mother) == []
    mother.get_by_role("button", name="提出申诉").click()
    leader = become("leader", viewport=DESKTOP)
    leader.goto(page)
    picture(leader, "decision")
    leader.get_by_label("消息保留").check()
    leader.locator("textarea[name=reason]").fill("没有问题")
    leader.get_by_role("button", name="确定处理").click()
    leader.wait_for_url(re.compile(r"/conversations/moderation/$"))
    mother.goto(address)
    expect(said.locator(".msg-text")).to_have_text("请大家好好说话")

    # The other family folds her away: nobody is told, and one tap shows it again.
    other.goto(address)
    other.locator("li.msg .msg-more").first.click()
    other.locator('a[href$="/report/"]').click()
    other.wait_for_url(re.compile(r"/report/$"))
    other.get_by_role("button", name="屏蔽这个家庭").click()
    other.wait_for_url(re.compile(rf"/conversations/{channel}/$"))
    expect(other.locator(".msg-folded")).to_be_visible()
    expect(other.locator("li.msg .msg-text")).to_be_hidden()
    other.locator(".msg-folded").click()
    expect(other.locator("li.msg .msg-text")).to_be_visible()


def test_a_schools_own_words(served, become, picture):
    leader = become("leader", viewport=SMALL_PHONE)
    leader.goto(f"{served.url}/school/words/")
    picture(leader, "words")
    assert axe(leader) == []
    assert not too_wide(leader)
    leader.get_by_role("link", name="新建词表").click()
    leader.wait_for_url(re.compile(r"/list/$"))
    assert axe(leader) == []
    leader.locator("input[name=name]").fill("放学")
    leader.locator("input[name=why]").fill("请私下联系")
    leader.locator("input[name=file]").set_input_files(
        {"name": "words.csv", "mimeType": "text/csv", "buffer": "奶茶,乃茶\n外卖\n".encode("gb18030")}
    )
    leader.get_by_role("button", name="保存").click()
    leader.wait_for_url(re.compile(r"/school/words/$"))
    leader.locator("textarea[name=text]").fill("放学一起喝乃茶")
    leader.get_by_role("button", name="试一试").click()
    expect(leader.locator(".alert.warn")).to_contain_text("请私下联系")
    mother = become("mother", viewport=SMALL_PHONE)
    mother.goto(f"{served.url}/conversations/new/")
    mother.locator(".chat-choice", has_text="王老师").first.click()
    write(mother, "给孩子点了外卖")
    expect(mother.locator(".chat-words")).to_contain_text("请私下联系")
    mother.locator(".chat-words button", has_text="照原样发送").click()
    expect(mother.locator("li.msg[data-number]", has_text="外卖")).to_be_visible()
