"""A served small demonstration for each journey; with SCREENSHOTS=FOLDER pictures of what was seen go there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import PHONE
from tests.server import Served

SCREENSHOTS = os.environ.get("SCREENSHOTS")
expect.set_options(timeout=15_000)


@pytest.fixture
def served(prepared: Served, tmp_path: Path) -> Iterator[Served]:
    """The cast of the demonstration, served for this test alone."""
    copy = prepared.copy_to(tmp_path / "data")
    with copy:
        yield copy
    copy.kill()


@pytest.fixture
def become(served: Served, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """`become("mother")` is a page of a browser of its own, signed in by the demonstration's own button."""
    return lambda key, **options: signed_in(open_page, served, key, **options)


def signed_in(
    open_page: Callable[..., Page], served: Served, key: str, *, viewport: dict[str, int] = PHONE, **options: object
) -> Page:
    page = open_page(f"{served.url}/demo/", viewport=viewport, **options)
    page.locator(f'form[action$="/demo/as/{key}/"] button').click()
    page.wait_for_url(f"{served.url}/")
    return page


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """`picture(page, "what is seen")`: a screenshot for people to look at, when they asked for it."""

    def take(page: Page, name: str) -> None:
        if not SCREENSHOTS:
            return
        test = request.node.name.removeprefix("test_")[:60].replace("/", "-")
        page.screenshot(path=Path(SCREENSHOTS) / f"{test}--{name}.png", full_page=True)

    return take
