"""A pupil's thread, a card, a recording and a handover, as people use them; with a test microphone and without one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import CHROMIUM, DESKTOP, PHONE, SMALL_PHONE, SWITCHES, axe, too_wide
from tests.server import Served

pytestmark = [pytest.mark.browser, pytest.mark.process]
Become = Callable[..., Page]
Picture = Callable[[Page, str], None]
THREAD = re.compile(r"/conversations/[0-9a-f-]{36}/")
MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


def write(page: Page, text: str) -> None:
    page.locator("#id_text").fill(text)
    page.locator("[data-send]").click()


def said(page: Page, text: str) -> Locator:
    return page.locator("li.msg[data-number]", has_text=text)


def clean(page: Page) -> None:
    assert axe(page) == []
    assert too_wide(page) == 0


@pytest.fixture(scope="module")
def speaking(chromium: Browser) -> Iterator[Browser]:
    """A browser that has a microphone: Chromium's own, which beeps."""
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*SWITCHES, *MICROPHONE])
    yield browser
    browser.close()


def test_a_pupil_writes_to_a_teacher_and_everybody_sees_who_reads(
    served: Served, become: Become, picture: Picture
) -> None:
    pupil = become("pupil", viewport=SMALL_PHONE)
    pupil.goto(f"{served.url}/conversations/new/")
    expect(pupil.locator("main")).to_contain_text("你的家长能看到这些会话，也可以发言")
    picture(pupil, "choose")
    clean(pupil)
    pupil.locator(".chat-choice", has_text="李老师").click()
    pupil.wait_for_url(THREAD)
    expect(pupil.locator(".chat-company")).to_contain_text("陈子涵妈妈")
    write(pupil, "李老师好，小报什么时候交？")
    expect(said(pupil, "小报什么时候交")).to_be_visible()
    picture(pupil, "phone")
    clean(pupil)

    teacher = become("subject_teacher", viewport=DESKTOP)
    teacher.goto(f"{served.url}/conversations/")
    teacher.locator(".chat-entry a", has_text="陈子涵同学").click()
    teacher.wait_for_url(THREAD)
    write(teacher, "下周三。")
    expect(said(pupil, "下周三")).to_be_visible()
    picture(teacher, "desktop")
    clean(teacher)

    mother = become("guardian_of_two", viewport=PHONE)
    mother.goto(teacher.url.split("#")[0])
    expect(said(mother, "下周三")).to_be_visible()
    expect(mother.locator(".chat-company")).to_contain_text("家长（可看、可发言）")

    leader = become("leader", viewport=DESKTOP)
    leader.goto(f"{served.url}/conversations/rules/")
    leader.locator("#id_pupils_primary").select_option("read")
    picture(leader, "rules")
    clean(leader)
    leader.locator("form.card button[type=submit], form.card button").last.click()
    leader.wait_for_url(re.compile(r"/conversations/$"))
    mother.reload()
    expect(mother.locator(".composer.is-closed")).to_be_visible()
    expect(mother.locator(".chat-company")).to_contain_text("家长（只看）")


PUBLISH = """
from django.utils import timezone
from homeroom.demo.models import Member
from homeroom.groups.public import Audience, Part
from homeroom.kit.ids import new_id
from homeroom.notices.public import Draft, publish_notice, save_draft
teacher = Member.objects.select_related("person__school").get(key="class_teacher").person
role = next(r for r in teacher.current_roles if r.school_class_id)
audience = Audience(any=(Part("class", str(role.school_class.uuid)),))
draft = Draft(title="周五秋游", text="<p>早上七点半校门口集合</p>", audience=audience)
saved = save_draft(actor=teacher, draft=draft, client_key=new_id(), now=timezone.now())
print(publish_notice(actor=teacher, notice=saved, now=timezone.now()).item.uuid)
"""


def test_a_message_carries_the_notice_it_is_about(served: Served, become: Become, picture: Picture) -> None:
    item = served.python(PUBLISH).strip().splitlines()[-1]
    mother = become("mother", viewport=SMALL_PHONE)
    mother.goto(f"{served.url}/feed/items/{item}/")
    mother.get_by_role("link", name="聊聊这件事").click()
    expect(mother.locator(".chat-choice").first).to_contain_text("由其发出")
    picture(mother, "whom")
    clean(mother)
    mother.locator(".chat-choice").first.click()
    mother.wait_for_url(THREAD)
    expect(mother.locator("[data-card] .live-card")).to_contain_text("周五秋游")
    picture(mother, "composer")
    write(mother, "几点回来？")
    sent = said(mother, "几点回来")
    expect(sent.locator("a.live-card")).to_contain_text("周五秋游")
    expect(mother.locator("[data-card]")).to_have_count(0)
    clean(mother)

    teacher = become("class_teacher", viewport=DESKTOP)
    teacher.goto(mother.url.split("?")[0].split("#")[0])
    card = said(teacher, "几点回来").locator("a.live-card")
    expect(card).to_have_attribute("href", f"/feed/sent/{item}/")
    picture(teacher, "teacher")
    write(teacher, "四点左右。")
    expect(said(mother, "四点左右")).to_be_visible()


@pytest.mark.parametrize(("language", "elder"), [("zh-Hans", False), ("en", False), ("zh-Hans", True)])
def test_a_voice_is_recorded_listened_to_and_put_in_writing(
    served: Served, speaking: Browser, picture: Picture, language: str, elder: bool
) -> None:
    context = speaking.new_context(
        viewport=SMALL_PHONE,  # type: ignore[arg-type]
        is_mobile=True,
        has_touch=True,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    page = context.new_page()
    page.goto(f"{served.url}/demo/")
    page.locator('form[action$="/demo/as/mother/"] button').click()
    page.wait_for_url(f"{served.url}/")
    if elder:
        page.locator('button[name="elder"]').first.click()
        expect(page.locator("html[data-elder]")).to_be_attached()
    if language == "en":
        page.get_by_role("button", name="English").first.click()
        expect(page.locator("html[lang=en]")).to_be_attached()
    page.goto(f"{served.url}/conversations/new/")
    page.locator(".chat-choice").first.click()
    page.wait_for_url(THREAD)
    page.locator("[data-begin]").click()
    expect(page.locator("[data-running]")).to_be_visible()
    expect(page.locator("[data-clock]")).to_contain_text("0:02 / 1:00")
    picture(page, f"recording-{language}-{elder}")
    clean(page)
    page.locator("[data-finish]").click()
    row = page.locator(".composer-voice voice-player")
    expect(row).to_be_visible()
    picture(page, f"ready-{language}-{elder}")
    page.locator("[data-send]").click()
    player = page.locator("li.msg[data-number] voice-player")
    expect(player.locator(".voice-time")).to_have_text(re.compile(r"0:00 / 0:0[2-4]"))
    play = player.get_by_role("button")
    box = play.bounding_box()
    assert box is not None
    assert box["height"] >= (60 if elder else 44)
    play.click()
    expect(play).to_have_text("Pause" if language == "en" else "暂停")
    expect(player.locator(".voice-time")).to_have_text(re.compile(r"0:0[1-4] / "))
    expect(play).to_have_text("Play" if language == "en" else "播放")
    clean(page)

    page.locator("li.msg[data-number] .msg-more").last.click()
    page.locator("#transcript_text").fill("老师，明天请半天假")
    page.locator('form[action$="/transcript/"] button').click()
    expect(page.locator(".msg-spoken")).to_contain_text("明天请半天假")
    picture(page, f"written-{language}-{elder}")
    clean(page)
    context.close()


def test_without_leave_to_use_the_microphone_the_page_says_so_in_words(
    served: Served, become: Become, picture: Picture
) -> None:
    page = become("mother", viewport=SMALL_PHONE)
    page.goto(f"{served.url}/conversations/new/")
    page.locator(".chat-choice").first.click()
    page.wait_for_url(THREAD)
    page.locator("[data-begin]").click()
    expect(page.locator("[data-said]")).to_contain_text(re.compile("麦克风"))
    picture(page, "refused")
    clean(page)
    write(page, "那就打字吧")
    expect(said(page, "那就打字吧")).to_be_visible()


def test_the_office_hands_a_thread_over_and_the_family_reads_so(
    served: Served, become: Become, picture: Picture
) -> None:
    mother = become("mother", viewport=SMALL_PHONE)
    mother.goto(f"{served.url}/conversations/new/")
    mother.locator(".chat-choice", has_text="王老师").first.click()
    mother.wait_for_url(THREAD)
    address = mother.url.split("#")[0]
    write(mother, "以前说的话")
    expect(said(mother, "以前说的话")).to_be_visible()

    office = become("office", viewport=DESKTOP)
    office.goto(f"{served.url}/conversations/")
    office.get_by_role("link", name="交接会话").click()
    picture(office, "teachers")
    clean(office)
    office.locator("a.chat-choice", has_text="王老师").click()
    li = office.locator("select[name=successor] option", has_text="李老师").get_attribute("value")
    office.locator("select[name=successor]").select_option(li)
    office.locator("textarea[name=note]").fill("小雨晕车，请安排前排")
    picture(office, "plan")
    clean(office)
    office.get_by_role("button", name="交接", exact=True).click()
    expect(office.locator("main")).to_contain_text("没有需要交接的会话")

    expect(mother.locator(".msg-handover")).to_contain_text("李老师")
    mother.reload()
    picture(mother, "told")
    clean(mother)
    successor = become("subject_teacher", viewport=SMALL_PHONE)
    successor.goto(address)
    expect(successor.locator("li.msg[data-number]")).to_have_count(1)
    expect(said(successor, "请安排前排")).to_be_visible()
    write(successor, "小雨妈妈好，我是李老师。")
    expect(said(mother, "我是李老师")).to_be_visible()
