"""Every page a role can reach by links: no accessibility violation and nothing hanging over, however it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Page, expect

from tests.browser import DESKTOP, SMALL_PHONE, axe, covered, too_wide
from tests.e2e.conftest import signed_in
from tests.server import Served, once

pytestmark = [pytest.mark.browser, pytest.mark.process]

# Downloads and the way out: nothing there to look at.
LEFT_OUT = {
    "delivery:text", "roster:template", "roster:export", "roster:corrections", "notices:export", "files:file",
    "files:thumbnail", "mfa_download_recovery_codes", "people:sign_out", "healthz", "readyz", "metrics",
    "api:openapi-json",
}  # fmt: skip
ALWAYS = {
    "stranger": ["/sign-in/", "/sign-in/help/", "/join/", "/i/no-such-invitation/", "/offline/", "/no-such-page/"],
    "mother": ["/feed/?q=运动鞋"],
    "class_teacher": [],
    "office": ["/demo/trial/"],
}
# Each page is fetched twice, by a phone in Chinese and a desktop in English, and looked at four times: elder mode and
# the window change under the page, as its own switch does it.
WAYS = {
    "zh-phone": {"language": "zh-hans", "viewport": SMALL_PHONE, "dark": False, "elder": False},
    "zh-phone-elder": {"language": "zh-hans", "viewport": SMALL_PHONE, "dark": False, "elder": True},
    "en-desktop-dark": {"language": "en", "viewport": DESKTOP, "dark": True, "elder": False},
    "en-phone-elder-dark": {"language": "en", "viewport": SMALL_PHONE, "dark": True, "elder": True},
}
FETCHES = {
    "zh-phone": ["zh-phone", "zh-phone-elder"],
    "en-desktop-dark": ["en-desktop-dark", "en-phone-elder-dark"],
}

# What stands in a page until what it fetches by itself has come.
AWAITED = '.htmx-request, [hx-trigger^="load"] > p > a, [data-shows-preview][aria-busy]'

NOTICES = """
from datetime import timedelta
from django.utils import timezone
from homeroom.conversations.public import open_family_thread, post_message
from homeroom.demo.public import member_named
from homeroom.groups.public import Audience, Part
from homeroom.kit.ids import new_id
from homeroom.delivery.public import reply
from homeroom.notices.public import Draft, publish_notice, save_draft
now = timezone.now()
teacher = member_named("class_teacher").person
place = teacher.current_roles[0].school_class
def write(title, level):
    to = Audience((Part("class", str(place.uuid)),))
    text = "<p>周三下午有体育课，请穿运动鞋。</p>"
    draft = Draft(title=title, text=text, level=level, deadline_at=now + timedelta(days=2), audience=to)
    return save_draft(actor=teacher, draft=draft, client_key=new_id(), now=now)
for title, level in (("周三穿运动鞋", "read"), ("研学告知书", "sign"), ("家长会", "reply"), ("请确认", "confirm")):
    notice = publish_notice(actor=teacher, notice=write(title, level), now=now)
reply(actor=member_named("mother").person, item=notice.item, text="收到，谢谢老师。", now=now)
write("还没写完", "read")
mother, child = (member_named(key).person for key in ("mother", "child_a"))
thread = open_family_thread(actor=mother, student=child, teacher=teacher, now=now)
for who in (mother, teacher):
    post_message(actor=who, conversation=thread, text="您好", client_key=new_id(), now=now)
"""


def route_of(path: str) -> str | None:
    """The name of the address; None for what is no page of ours."""
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return None


def links(page: Page) -> Iterator[str]:
    for href in page.eval_on_selector_all("a[href]", "all => all.map(a => [a.href, a.hasAttribute('download')])"):
        address, is_download = href
        if not is_download and urlsplit(address).netloc == urlsplit(page.url).netloc:
            parts = urlsplit(address)
            yield parts.path + (f"?{parts.query}" if parts.query else "")


def reachable(page: Page, start: list[str]) -> Iterator[str]:
    """One address for each kind of page that links lead to; the page shows it when it is given."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        path = waiting.pop(0)
        name = route_of(path) or path
        if name in found or name in LEFT_OUT or name.startswith("demo:become"):
            continue
        response = page.goto(origin + path)
        assert response is not None
        assert response.status < 500, path
        found.add(name)
        waiting += list(links(page))
        yield path


def again(page: Page, paths: list[str]) -> Iterator[str]:
    """The same addresses once more, each shown by the page when it is given."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
    for path in paths:
        page.goto(origin + path)
        yield path


@pytest.fixture(scope="session")
def filled(prepared, tmp_path_factory) -> Iterator[Served]:
    """The cast with a notice of each kind, served to all the tests here: they only look."""
    data = once(tmp_path_factory, "with-notices", lambda data: prepared.copy_to(data).python(NOTICES))
    served = Served(data).copy_to(tmp_path_factory.mktemp("every-page") / "data")
    with served:
        yield served
    served.kill()


def look(page: Page, way: Mapping[str, Any]) -> list[str]:
    """What is wrong with the page, shown this way."""
    page.set_viewport_size(way["viewport"])
    page.evaluate("elder => document.documentElement.toggleAttribute('data-elder', elder)", way["elder"])
    faults = axe(page) + covered(page)
    if too_wide(page) > 0:
        faults.append(f"hangs {too_wide(page)} px over the edge")
    return faults


@pytest.mark.parametrize("role", list(ALWAYS))
def test_every_page_is_for_everybody(role, filled, open_page, picture):
    stranger = role == "stranger"
    first = open_page(f"{filled.url}/sign-in/") if stranger else signed_in(open_page, filled, role)
    cookies = {cookie["name"]: cookie["value"] for cookie in first.context.cookies()}
    paths: list[str] = []
    faults = []
    for fetched, ways in FETCHES.items():
        way = WAYS[fetched]
        shown = {
            "homeroom_language": way["language"],
            "homeroom_elder": "0",
            "homeroom_theme": "dark" if way["dark"] else "light",
        }
        page = open_page(filled.url, viewport=way["viewport"], dark=way["dark"], cookies=cookies | shown)
        walk = again(page, paths) if paths else reachable(page, [*ALWAYS[role], *(() if stranger else ("/",))])
        seen = []
        for path in walk:
            seen.append(path)
            expect(page.locator(AWAITED)).to_have_count(0)
            assert page.locator(f"html[data-theme={shown['homeroom_theme']}]").count() == 1
            for name in ways:
                faults += [f"{name} {path}: {fault}" for fault in look(page, WAYS[name])]
                picture(page, f"{name} {(route_of(path) or path).replace('/', '_')}")
        paths = seen
    assert len(paths) >= 4, paths
    assert not faults, "\n".join(faults)
