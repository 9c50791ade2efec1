"""The design system in Chromium: readable, reachable and alive in every language, theme and size."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from homeroom.ui import public
from tests.browser import DESKTOP, PHONE, SMALL_PHONE, axe, too_wide

pytestmark = pytest.mark.browser

ELDER = {"homeroom_elder": "1"}
LARGEST = {"homeroom_elder": "1", "homeroom_text": "xl"}
ENGLISH = {"homeroom_language": "en"}


@pytest.fixture
def components(live_server, open_page, monkeypatch) -> Callable[..., Page]:
    """`components(viewport=…, cookies=…)`: the page that shows every component."""
    monkeypatch.setattr(public, "_component_viewers", [lambda request: True])
    return lambda **options: open_page(f"{live_server.url}/ui/", **options)


@pytest.mark.parametrize(
    ("viewport", "cookies", "dark"),
    [
        (SMALL_PHONE, {}, False),
        (PHONE, ENGLISH, True),
        (SMALL_PHONE, ELDER, False),
        (SMALL_PHONE, {**LARGEST, **ENGLISH}, True),
        (DESKTOP, {}, True),
        (DESKTOP, {**ELDER, **ENGLISH}, False),
    ],
)
def test_every_component_is_accessible_and_fits(components, viewport, cookies, dark):
    page = components(viewport=viewport, cookies=cookies, dark=dark)
    assert axe(page) == []
    assert too_wide(page) <= 0


def test_elder_mode_has_large_text_and_large_targets(components):
    page = components(viewport=SMALL_PHONE, cookies=ELDER)
    small = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(node => [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim()))
            .filter(node => node.checkVisibility() && !node.closest('.sr, svg, .icon-list'))
            .filter(node => parseFloat(getComputedStyle(node).fontSize) < 24)
            .map(node => node.className + ': ' + node.textContent.trim())"""
    )
    assert small == []
    assert targets_smaller_than(page, 60) == []


def test_targets_on_a_phone_are_large_enough(components):
    assert targets_smaller_than(components(viewport=SMALL_PHONE), 44) == []


def targets_smaller_than(page: Page, pixels: int) -> list[str]:
    """Controls lower than `pixels`; a checkbox counts with its label, a link inside a sentence not at all."""
    return page.evaluate(
        """pixels => [...document.querySelectorAll(
                'button, summary, select, textarea, label.check, label.switch, a.b, a.chip, .nav a, input.input')]
            .filter(node => node.checkVisibility() && !node.closest('.sr'))
            .filter(node => node.getBoundingClientRect().height < pixels - 0.5)
            .map(node => node.outerHTML.slice(0, 80))""",
        pixels,
    )


def test_elder_mode_switches_at_once_and_stays(components):
    page = components()
    page.get_by_role("button", name="长辈版").click()
    expect(page.locator("html[data-elder]")).to_have_count(1)
    page.reload()
    expect(page.get_by_role("button", name="长辈版")).to_have_attribute("aria-pressed", "true")


def test_the_language_switches_without_a_script(components, chromium, live_server):
    context = chromium.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{live_server.url}/offline/")
    page.goto(f"{live_server.url}/ui/")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Elder mode")).to_be_visible()
    context.close()


def test_dark_can_be_chosen_over_a_light_system(components):
    page = components()
    page.locator(".account summary").click()
    page.get_by_role("button", name="深色").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 23, 21)"


def test_a_draft_survives_a_reload_and_can_be_discarded(components):
    page = components()
    page.get_by_label("正文").fill("明天开运动会")
    page.reload()
    expect(page.get_by_label("正文")).to_have_value("明天开运动会")
    page.get_by_role("button", name="丢弃草稿").click()
    expect(page.get_by_label("正文")).to_have_value("")
    page.reload()
    expect(page.get_by_label("正文")).to_have_value("")


def test_characters_left_are_told_when_it_gets_tight(components):
    page = components()
    page.get_by_label("正文").fill("字" * 195)
    expect(page.get_by_text("还可输入 5 字")).to_be_visible()


def test_a_dialog_takes_the_focus_and_gives_it_back(components):
    page = components()
    opener = page.get_by_role("button", name="打开对话框")
    opener.click()
    dialog = page.get_by_role("dialog", name="撤回这条通知？")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_menu_closes_with_escape_and_with_a_click_elsewhere(components):
    page = components()
    account = page.locator(".account summary")
    account.click()
    page.keyboard.press("Escape")
    expect(page.locator(".account[open]")).to_have_count(0)
    expect(account).to_be_focused()
    account.click()
    page.mouse.click(6, 500)
    expect(page.locator(".account[open]")).to_have_count(0)


def test_losing_the_connection_is_said(components):
    page = components()
    page.context.set_offline(True)
    expect(page.get_by_text("网络已断开")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("网络已断开")).to_be_hidden()


def test_the_offline_page_is_shown_without_a_connection(live_server, open_page):
    page = open_page(f"{live_server.url}/offline/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    page.goto(f"{live_server.url}/sign-in/")
    expect(page.get_by_role("heading", name="没有网络")).to_be_visible()
    assert axe(page) == []
