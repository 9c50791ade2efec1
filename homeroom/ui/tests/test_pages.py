"""Preferences, the home-screen app and the offline page."""

from __future__ import annotations

import json
import re

import brotli
import pytest
from django.templatetags.static import static as static_url
from django.test import Client, RequestFactory, override_settings
from django.utils import translation

from homeroom.ui import public, static
from homeroom.ui.preferences import Preferences, read


@pytest.fixture
def browser() -> Client:
    return Client()


def test_without_a_choice_pages_are_chinese_whatever_the_browser_speaks(browser):
    page = browser.get("/offline/", headers={"accept-language": "en-US"})
    assert '<html lang="zh-Hans-CN"' in page.content.decode()
    assert page["Content-Language"] == "zh-hans"


@pytest.mark.django_db
def test_no_proxy_keeps_a_page(browser, monkeypatch):
    monkeypatch.setattr(public, "_component_viewers", [lambda request: True])
    page = browser.get("/ui/")
    assert page["Cache-Control"] == "private, no-cache"
    assert "Cookie" in page["Vary"]


def test_a_choice_stays_on_the_device(browser):
    answer = browser.post("/ui/preferences/", {"language": "en", "elder": "1", "next": "/offline/"})
    assert (answer.status_code, answer["Location"]) == (302, "/offline/")
    page = browser.get("/offline/").content.decode()
    assert '<html lang="en"' in page
    assert re.search(r"<html[^>]* data-elder", page)
    assert translation.get_language() == "zh-hans"  # the request's language ends with the request


def test_an_unknown_choice_changes_nothing():
    chosen = Preferences().changed({"language": "xx", "theme": "pink", "text": "9", "elder": "yes"})
    assert chosen == Preferences()
    assert read({"homeroom_theme": '"><script>'}) == Preferences()


def test_after_a_choice_nobody_is_sent_to_another_site(browser):
    answer = browser.post("/ui/preferences/", {"theme": "dark", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_a_script_gets_an_empty_answer(browser):
    answer = browser.post("/ui/preferences/", {"theme": "dark"}, headers={"accept": "application/json"})
    assert (answer.status_code, answer.cookies["homeroom_theme"].value) == (204, "dark")


def test_a_choice_is_told_to_those_who_asked(browser, monkeypatch):
    heard = []
    monkeypatch.setattr(public, "_listeners", [lambda request, chosen: heard.append(chosen.language)])
    browser.post("/ui/preferences/", {"language": "en"})
    browser.post("/ui/preferences/", {"language": "en"})  # no change: nothing to tell
    assert heard == ["en"]


def test_the_manifest_speaks_the_devices_language(browser):
    assert json.loads(browser.get("/manifest.webmanifest").content)["name"] == "家校桥"
    browser.cookies["homeroom_language"] = "en"
    assert json.loads(browser.get("/manifest.webmanifest").content)["name"] == "Homeroom"


def test_the_service_worker_keeps_no_page_but_the_offline_one(browser):
    answer = browser.get("/sw.js")
    script = answer.content.decode()
    assert answer["Content-Type"].startswith("text/javascript")
    assert "cache.put" not in script  # nothing is added to the cache after installing
    kept = json.loads(re.search(r"const FILES = (\[.*?\]);", script)[1])
    assert all(path.startswith("/static/") for path in kept)


def test_the_offline_page_holds_nothing_personal(browser):
    page = browser.get("/offline/").content.decode()
    assert "csrfmiddlewaretoken" not in page
    assert "没有网络" in page


@pytest.mark.django_db
def test_the_page_of_components_is_not_for_everyone(browser):
    assert browser.get("/ui/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_component_can_be_looked_at(language, settings):
    client = Client()
    client.cookies["homeroom_language"] = language
    with override_settings(DEBUG=True):
        page = client.get("/ui/").content.decode()
    assert "undefined" not in page.lower()
    assert page.count("<h1") == 1


def test_modules_are_found_by_bare_names():
    imports = json.loads(static.import_map("zh-hans"))["imports"]
    assert imports["ui/toast"].startswith("/static/ui/toast")
    assert imports["ui/messages"].startswith("/static/ui/messages/zh-hans")
    assert "ui/sw" not in imports


def test_a_page_allows_no_script_without_its_nonce(browser):
    answer = browser.get("/offline/")
    policy = answer["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]
    page = answer.content.decode()
    assert "unsafe" not in policy
    assert f'<script type="importmap" nonce="{nonce}">' in page
    assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*\bnonce=)", page) == []
    assert re.findall(r"\s(?:style|on\w+)=[\"']", page) == []


def test_menus_are_sorted_and_only_for_whom_they_are(monkeypatch):
    monkeypatch.setattr(public, "_menu", {})
    public.register_menu(public.MenuEntry("b", "乙", "home", "ui:offline", order=2, badge=lambda request: 3))
    public.register_menu(public.MenuEntry("a", "甲", "home", "ui:components", order=1))
    public.register_menu(public.MenuEntry("c", "丙", "home", "ui:offline", shown=lambda request: False))
    public.register_menu(public.MenuEntry("d", "丁", "home", "nowhere:at_all"))
    request = RequestFactory().get("/offline/")
    request.person = object()
    assert [(item.name, item.badge, item.current) for item in public.menu_for(request)] == [
        ("a", 0, False),
        ("b", 3, True),
    ]
    request.person = None
    assert public.menu_for(request) == []


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip, br", "br"), ("gzip", "gzip"), ("identity", None)])
def test_pages_travel_compressed(browser, accepted, encoding):
    answer = browser.get("/offline/", headers={"accept-encoding": accepted})
    assert answer.get("Content-Encoding") == encoding
    assert int(answer.get("Content-Length", len(answer.content))) == len(answer.content)
    if encoding == "br":
        assert "没有网络" in brotli.decompress(answer.content).decode()


def test_the_compressed_size_does_not_tell_what_is_on_the_page(browser):
    sizes = {len(browser.get("/offline/", headers={"accept-encoding": "br"}).content) for _ in range(12)}
    assert len(sizes) > 3


@pytest.mark.django_db
def test_one_page_has_one_token_for_all_its_forms(browser):
    page = browser.get("/sign-in/").content.decode()
    tokens = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert len(tokens) > 2
    assert len(set(tokens)) == 1
    assert f'"X-CSRFToken": "{tokens[0]}"' in page


def test_a_page_brings_its_style_to_a_device_that_has_none(client, db):
    answer = client.get("/sign-in/")
    nonce = re.search(r"style-src 'self' 'nonce-([^']+)'", answer["Content-Security-Policy"])[1]
    page = answer.content.decode()
    assert f'<style nonce="{nonce}" data-version="{static.style_version()}">' in page
    assert static_url("ui/app.css") not in page
    assert "Link" not in answer.headers


def test_the_style_sheets_name_no_files():
    for sheet in static.SHEETS.rglob("*.css"):
        assert "url(" not in sheet.read_text(encoding="utf-8"), sheet.name


def test_a_whole_page_names_its_style_sheet_in_the_headers_and_a_fragment_does_not(client, db):
    client.cookies[static.STYLE_COOKIE] = static.style_version()
    page = client.get("/sign-in/")
    assert page.headers["Link"] == f"<{static_url('ui/app.css')}>; rel=preload; as=style"
    assert f'href="{static_url("ui/app.css")}"' in page.content.decode()
    assert "Link" not in client.get("/sign-in/", headers={"HX-Request": "true"}).headers
