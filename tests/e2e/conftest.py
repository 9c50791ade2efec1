"""One served small demonstration for journeys that break nothing; pictures of what they saw go to SCREENSHOTS."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import PHONE
from tests.server import Served

SCREENSHOTS = Path(os.environ.get("SCREENSHOTS") or tempfile.gettempdir()) / "homeroom-screenshots"
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """Data to copy from; never served itself."""
    return Served(tmp_path_factory.mktemp("homeroom") / "prepared").prepare()


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

    def sign_in(key: str, *, at: str = "/", viewport: dict[str, int] = PHONE, **options: object) -> Page:
        page = open_page(f"{served.url}/demo/", viewport=viewport, **options)
        page.locator(f'form[action$="/demo/as/{key}/"] button').click()
        page.wait_for_url(f"{served.url}/")
        if at != "/":
            page.goto(served.url + at)
        return page

    return sign_in


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """`picture(page, "what is seen")`: a screenshot for people to look at."""

    def take(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        test = request.node.name.removeprefix("test_")[:60].replace("/", "-")
        page.screenshot(path=SCREENSHOTS / f"{test}--{name}.png", full_page=True)

    return take
