"""Doors that open only to people who are signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from homeroom.kit.errors import NotVisible
from homeroom.school.public import module_is_on

from .requests import SignedInRequest

P = ParamSpec("P")


def signed_in(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase] | None = None, *, module: str = ""
) -> Any:
    """Send strangers to sign in, an account that has not chosen whom it acts as to that choice, and whoever must set
    up a second factor to doing so.

    With `module`, a school that has switched it off answers 404.
    """

    def wrap(view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase]) -> Any:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            asked = cast("Any", request)
            if asked.account is None:
                return _to(request, str(settings.LOGIN_URL))
            if asked.person is None:
                if asked.needs_second_factor:
                    return _to(request, reverse("mfa_activate_totp"))
                return _to(request, reverse("people:choose_person"))
            if module and not module_is_on(asked.person.school_id, module):
                raise NotVisible
            return view(cast("SignedInRequest", request), *args, **kwargs)

        guarded.needs_sign_in = True  # type: ignore[attr-defined]
        return guarded

    return wrap(view) if view is not None else wrap


def _to(request: HttpRequest, address: str) -> HttpResponse:
    here = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
    target = f"{address}?{urlencode({'next': here})}"
    if request.headers.get("HX-Request"):  # a fragment cannot show the sign-in page: the whole page goes there
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return redirect(target)
