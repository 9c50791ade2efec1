"""Preferences: how one device shows the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase

THEMES = ("auto", "light", "dark")
TEXT_SIZES = ("m", "l", "xl")
YEAR = 60 * 60 * 24 * 365

THEME_COOKIE = "homeroom_theme"
ELDER_COOKIE = "homeroom_elder"
TEXT_COOKIE = "homeroom_text"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What one device chose. Elder mode sets larger text of its own, which `text` still scales up to 30 pt."""

    language: str = "zh-hans"
    theme: str = "auto"
    elder: bool = False
    text: str = "m"

    def changed(self, values: Mapping[str, Any]) -> Preferences:
        """These preferences with every usable one of `values`; an unknown value changes nothing."""
        changes: dict[str, Any] = {}
        if values.get("language") in dict(settings.LANGUAGES):
            changes["language"] = values["language"]
        if values.get("theme") in THEMES:
            changes["theme"] = values["theme"]
        if values.get("text") in TEXT_SIZES:
            changes["text"] = values["text"]
        if values.get("elder") in ("0", "1"):
            changes["elder"] = values["elder"] == "1"
        return replace(self, **changes)

    def store(self, response: HttpResponseBase) -> None:
        """Write them to the device for a year."""
        values = {
            settings.LANGUAGE_COOKIE_NAME: self.language,
            THEME_COOKIE: self.theme,
            ELDER_COOKIE: "1" if self.elder else "0",
            TEXT_COOKIE: self.text,
        }
        for name, value in values.items():
            # Not for scripts or other sites; the elements that switch at once change the page, the server the cookie.
            response.set_cookie(
                name, value, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=True
            )


def read(cookies: Mapping[str, str]) -> Preferences:
    """The preferences in `cookies`; anything missing or unknown is the default.

    The browser's Accept-Language is not asked: many phones in Chinese families speak English to their makers, and the
    language switch stands on the first screen.
    """
    return Preferences(language=settings.LANGUAGE_CODE).changed(
        {
            "language": cookies.get(settings.LANGUAGE_COOKIE_NAME),
            "theme": cookies.get(THEME_COOKIE),
            "elder": cookies.get(ELDER_COOKIE),
            "text": cookies.get(TEXT_COOKIE),
        }
    )
