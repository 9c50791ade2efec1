"""Chromium for tests: fixtures `chromium` and `open_page`, and `axe(page)`, which names every accessibility violation.

`tests/conftest.py` hands the fixtures to every test below it; a second import would start a second browser.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).resolve().parent.parent / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1440, "height": 900}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the whole run; every page gets a context of its own."""
    # Playwright's own event loop runs on the test's thread, which Django takes for an async view.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """`open_page(url, viewport=PHONE, cookies={…}, dark=False)`: a page whose script errors fail the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_one(
        url: str,
        *,
        viewport: Mapping[str, int] = PHONE,
        cookies: Mapping[str, str] | None = None,
        dark: bool = False,
        **options: Any,
    ) -> Page:
        phone = viewport["width"] < 700
        context = chromium.new_context(
            viewport=dict(viewport),  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
            is_mobile=phone,
            has_touch=phone,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            **options,
        )
        contexts.append(context)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in (cookies or {}).items()])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None,
        )
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not errors, f"the page's scripts failed: {errors}"


@cache
def _axe_source() -> str:
    return AXE.read_text(encoding="utf-8")


def axe(page: Page) -> list[str]:
    """Every accessibility violation on the page, one readable line each; empty when there is none.

    axe-core is evaluated by the debugger's way, which a content security policy does not stop.
    """
    window = page.viewport_size
    assert window is not None
    # The whole page at once: what the bar at the foot covers now can be scrolled free, and is no violation.
    page.set_viewport_size({**window, "height": max(window["height"], page.evaluate("document.body.scrollHeight"))})
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe_source())
    violations = page.evaluate(
        "rules => axe.run({runOnly: rules, resultTypes: ['violations']}).then(result => result.violations)", RULES
    )
    page.set_viewport_size(window)
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"]
    ]


def too_wide(page: Page) -> int:
    """How many pixels the page is wider than its window; 0 when nothing hangs over."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


TAPPED = ", ".join(f"main {tag}" for tag in ("a[href]", "button", "summary", "input", "select", "textarea"))
COVERED = """tapped => [...document.querySelectorAll(tapped)]
  .filter(one => !one.disabled && one.checkVisibility({visibilityProperty: true, opacityProperty: true}))
  .flatMap(one => {
    one.scrollIntoView({block: "center", inline: "center", behavior: "instant"})
    const [box] = one.getClientRects()
    if (!box || box.width < 4 || box.height < 4) return []
    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
    const label = one.closest("label")
    if (!hit || one.contains(hit) || hit.contains(one) || label?.contains(hit)) return []
    return [`${one.outerHTML.slice(0, 80)} lies under ${hit.outerHTML.slice(0, 80)}`]
  })"""


def covered(page: Page) -> list[str]:
    """What can be seen and not be tapped, because something else lies over its middle."""
    found: list[str] = page.evaluate(COVERED, TAPPED)
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    return found
