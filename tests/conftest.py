"""Fixtures of every test that opens Chromium: imported once, so that there is one browser for the whole run."""

from __future__ import annotations

from tests.browser import chromium, open_page

__all__ = ["chromium", "open_page"]
