"""Every page a role can reach by links: no accessibility violation and nothing hanging over, however it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.browser import DESKTOP, SMALL_PHONE, axe, too_wide

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
WAYS = {
    "zh-phone": {"language": "zh-hans", "viewport": SMALL_PHONE, "dark": False, "elder": "0"},
    "en-desktop-dark": {"language": "en", "viewport": DESKTOP, "dark": True, "elder": "0"},
    "zh-elder-phone": {"language": "zh-hans", "viewport": SMALL_PHONE, "dark": False, "elder": "1"},
    "en-phone-elder-dark": {"language": "en", "viewport": SMALL_PHONE, "dark": True, "elder": "1"},
}

NOTICES = """
from datetime import timedelta
from django.utils import timezone
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


def reachable(page: Page, start: list[str]) -> list[str]:
    """One address for each kind of page that links lead to."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
    found: dict[str, str] = {}
    waiting = list(start)
    while waiting:
        path = waiting.pop(0)
        name = route_of(path) or path
        if name in found or name in LEFT_OUT or name.startswith("demo:become"):
            continue
        response = page.goto(origin + path)
        assert response is not None
        assert response.status < 500, path
        found[name] = path
        waiting += list(links(page))
    return list(found.values())


def look(page: Page, origin: str, path: str) -> list[str]:
    page.goto(origin + path)
    page.wait_for_load_state("networkidle")
    faults = [f"{path} {fault}" for fault in axe(page)]
    if page.viewport_size and page.viewport_size["width"] < 700 and too_wide(page) > 0:
        faults.append(f"{path} hangs {too_wide(page)} px over the edge")
    return faults


@pytest.mark.parametrize("role", list(ALWAYS))
def test_every_page_is_for_everybody(role, served, become, open_page, picture):
    served.python(NOTICES)
    first = open_page(f"{served.url}/sign-in/") if role == "stranger" else become(role)
    start = [*ALWAYS[role], *(() if role == "stranger" else ("/",))]
    paths = reachable(first, start)
    assert len(paths) >= 4, paths
    session = first.context.storage_state()
    cookies = {cookie["name"]: cookie["value"] for cookie in session["cookies"]}
    faults = []
    for name, way in WAYS.items():
        shown = {
            "homeroom_language": way["language"],
            "homeroom_elder": way["elder"],
            "homeroom_theme": "dark" if way["dark"] else "light",
        }
        page = open_page(served.url, viewport=way["viewport"], dark=way["dark"], cookies=cookies | shown)
        for path in paths:
            faults += [f"{name}: {fault}" for fault in look(page, served.url, path)]
            picture(page, f"{name} {(route_of(path) or path).replace('/', '_')}")
        assert page.locator("html[data-elder]").count() == int(way["elder"])
    assert not faults, "\n".join(faults)
