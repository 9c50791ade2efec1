"""Puts the device's preferences on the request and its language into effect."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

from . import preferences


class PreferencesMiddleware:
    """Sets `request.preferences`, and activates its language for as long as the request lasts."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = preferences.read(request.COOKIES)
        request.preferences = chosen  # type: ignore[attr-defined]
        with translation.override(chosen.language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", chosen.language)
        if response.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ("Cookie",))
        return response
