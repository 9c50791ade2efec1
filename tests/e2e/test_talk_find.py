"""Somebody looks for what was said, and the thread opens there; beside it stands what is known of the child."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import DESKTOP, SMALL_PHONE, axe, too_wide

from .test_conversations import begin, said, write

pytestmark = [pytest.mark.browser, pytest.mark.process]


def test_a_word_is_found_and_the_thread_opens_there(served, become, picture):
    mother = become("mother", viewport=SMALL_PHONE)
    begin(mother, served.url, "王老师")
    for text in ("老师好，小雨今天咳嗽，麻烦您提醒她多喝水。", "体温三十六度八。", "谢谢老师！"):
        write(mother, text)
        expect(said(mother, text)).to_be_visible()
    mother.goto(f"{served.url}/conversations/")
    mother.locator(".chat-list-head a", has_text="搜索").click()
    mother.wait_for_url(re.compile("/conversations/search/"))
    expect(mother.locator("#id_q")).to_be_focused()
    assert axe(mother) == []
    mother.keyboard.type("体温")
    expect(mother.locator(".find-hits mark")).to_have_text("体温", timeout=10_000)
    picture(mother, "phone")
    assert axe(mother) == []
    assert not too_wide(mother)
    mother.locator(".find-hits a").first.press("Enter")
    mother.wait_for_url(re.compile(r"\?at=2#m2$"))
    expect(mother.locator("#m2")).to_be_in_viewport()
    mother.locator("a.chat-about").click()
    mother.wait_for_url(re.compile("/context/"))
    expect(mother.locator("h1")).to_contain_text("张小雨")
    assert axe(mother) == []

    teacher = become("class_teacher", viewport=DESKTOP)
    teacher.goto(f"{served.url}/conversations/search/?q=老师&who=张小雨妈妈")
    expect(teacher.locator(".find-hits li")).to_have_count(2)
    picture(teacher, "desktop")
    assert axe(teacher) == []
    teacher.locator(".find-hits a").first.click()
    expect(teacher.locator(".chat-context .context-part").first).to_be_visible()
    picture(teacher, "beside")
    assert axe(teacher) == []
