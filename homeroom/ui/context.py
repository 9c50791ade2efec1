"""What every page gets besides its view's own context."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from markupsafe import Markup

from . import public, static
from .preferences import Preferences


class Shell:
    """The frame around a page. Everything is computed when the template asks, so a fragment pays for nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def preferences(self) -> Preferences:
        return getattr(self.request, "preferences", None) or Preferences()

    @property
    def language(self) -> str:
        return self.preferences.language

    @property
    def html_language(self) -> str:
        """`zh-Hans-CN` for Chinese, so that a phone set to Japanese still draws Chinese forms."""
        return "zh-Hans-CN" if self.language == "zh-hans" else self.language

    @property
    def account(self) -> Any:
        return getattr(self.request, "account", None)

    @property
    def person(self) -> Any:
        return getattr(self.request, "person", None)

    @cached_property
    def _named(self) -> tuple[str, str]:
        return public.person_named(self.person)

    @property
    def person_name(self) -> str:
        return self._named[0]

    @property
    def person_note(self) -> str:
        return self._named[1]

    @cached_property
    def nonce(self) -> str:
        return str(getattr(self.request, "csp_nonce", ""))

    @cached_property
    def menu(self) -> list[public.MenuItem]:
        return public.menu_for(self.request)

    @cached_property
    def account_menu(self) -> list[public.MenuItem]:
        return public.account_menu_for(self.request)

    @cached_property
    def banners(self) -> Sequence[public.Banner]:
        return public.banners_for(self.request)

    @property
    def page_ends(self) -> Sequence[str]:
        return public.page_ends_for(self.request)

    @property
    def knows_style(self) -> bool:
        """Whether the device keeps the style sheet; if not, the page brings it along and is readable a trip sooner."""
        return static.knows_style(self.request)

    @property
    def style_version(self) -> str:
        return static.style_version()

    def style_text(self, sheets: Sequence[str]) -> Markup:
        return static.style_text(tuple(sheets))

    @property
    def import_map(self) -> str:
        return static.import_map(self.language)

    @property
    def here(self) -> str:
        return self.request.get_full_path()


class Token:
    """The request's CSRF token, made at first use and the same in every form of the page.

    Django masks it anew for each form, which costs 50 random bytes a card that no compression takes away.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def text(self) -> str:
        return get_token(self._request)

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> str:
        return self.text


class TokenField:
    """The token as a hidden field: `{{ csrf_input }}`."""

    def __init__(self, token: Token) -> None:
        self._token = token

    @cached_property
    def _html(self) -> str:
        return f'<input type="hidden" name="csrfmiddlewaretoken" value="{self._token}">'

    def __str__(self) -> str:
        return self._html

    def __html__(self) -> str:
        return self._html


def page(request: HttpRequest) -> dict[str, Any]:
    """`shell` (see Shell), and the CSRF token. Few names, so that no view's own context is overwritten."""
    token = Token(request)
    return {"shell": Shell(request), "csrf_token": token, "csrf_input": TokenField(token)}
