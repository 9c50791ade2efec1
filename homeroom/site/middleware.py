"""The outermost and the innermost layer around every page: context for logs and figures, and words for trouble."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import lru_cache

import structlog
from csp.constants import HEADER
from csp.middleware import CheckableLazyObject, CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from prometheus_client import Histogram

from homeroom.kit.bodies import body_limit
from homeroom.kit.errors import Invalid, Trouble
from homeroom.kit.ids import new_id
from homeroom.kit.turns import must_wait
from homeroom.site import pages
from homeroom.site.turns import Seats, place_of

log = structlog.get_logger("homeroom.request")
GOOD_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
QUIET_ROUTES = {"healthz", "readyz", "metrics"}
ANY_NONCE = "any-nonce"
SEATS = Seats(settings.WEB_THREADS)
SERVED = Histogram(
    "homeroom_request_seconds",
    "Time a request spent in Django",
    ["route", "method", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


class TooLarge(Trouble):
    """More was sent than this address accepts; none of it was read."""

    status = 413
    code = "too_large"


class RequestContextMiddleware:
    """Gives each request an id (a trusted proxy's own when it sends one), logs it with its time, counts it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        told = request.META.get("HTTP_X_REQUEST_ID", "")  # dropped before this unless a trusted proxy wrote it
        request.request_id = told if GOOD_ID.fullmatch(told) else new_id().hex  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.request_id)  # type: ignore[attr-defined]
        response = self.get_response(request)
        elapsed = time.perf_counter() - started
        match = request.resolver_match
        route = match.route if match is not None else "-"
        method = request.method if request.method in METHODS else "-"
        SERVED.labels(route, method, str(response.status_code)).observe(elapsed)
        response.headers["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        if route not in QUIET_ROUTES and (match is not None or response.status_code >= 400):  # not for static files
            write = log.info if response.status_code < 500 else log.error
            write("request", method=method, route=route, status=response.status_code, ms=round(elapsed * 1000, 1))
        return response


class PolicyMiddleware(CSPMiddleware):
    """django-csp's header, put together once: from page to page only its nonce differs."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        nonce = getattr(request, "_csp_nonce", None)
        if HEADER not in response:  # a file has its own, stricter one
            response[HEADER] = _policy() if nonce is None else _policy(ANY_NONCE).replace(ANY_NONCE, nonce)
        response.headers.setdefault("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
        if nonce is None:  # asked for from here on, it would stand in the page and not in the header
            request.csp_nonce = CheckableLazyObject(self._csp_nonce_post_response)  # type: ignore[attr-defined]
        return response


@lru_cache(maxsize=2)
def _policy(nonce: str | None = None) -> str:
    return str(build_policy(nonce=nonce))


class TroubleMiddleware:
    """Turns trouble raised by a view into a page, a fragment or JSON with its status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        limit = request.META.get("homeroom.too_large")  # the bridge stopped reading at this many bytes
        if limit is None and request.META.get("CONTENT_LENGTH", "").isdigit():
            allowed = limit_for(request.path_info)
            limit = allowed if int(request.META["CONTENT_LENGTH"]) > allowed else None
        if "homeroom.no_room" in request.META:  # the bridge could not keep the body
            return pages.trouble(request, pages.Busy())
        if "%00" in request.META.get("QUERY_STRING", ""):  # PostgreSQL stores and compares no such text
            return pages.trouble(request, Invalid(_("Some of what was sent cannot be used.")))
        if limit is not None:
            message = _("That is too large. At most %(size)s can be sent here.") % {"size": _size(limit)}
            return pages.trouble(request, TooLarge(message))
        if request.method == "POST" and waits_at(request.path_info):
            return self._in_turn(request)
        return self.get_response(request)

    def _in_turn(self, request: HttpRequest) -> HttpResponseBase:
        """Where no bridge has let it wait, as under granian, whoever finds no free seat is told to come again."""
        turn = request.META.get("homeroom.turn")
        place = place_of(request.META.get("REMOTE_ADDR", ""))
        seated = turn is None and SEATS.take(place)
        try:
            if not (turn or seated):
                response = pages.trouble(request, pages.TooManyAtOnce())
                response.headers["Retry-After"] = "30"
                return response
            return self.get_response(request)
        finally:
            if seated:
                SEATS.leave(place)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Django asks here when a view raised."""
        return pages.response_to(request, exception)


def limit_for(path: str) -> int:
    """How many bytes a request to `path` may carry; an address that does not exist takes the usual limit."""
    try:
        return body_limit(resolve(path).func)
    except Resolver404:
        return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0


def waits_at(path: str) -> bool:
    """Whether those who post to `path` take turns."""
    try:
        return must_wait(resolve(path).func)
    except Resolver404:
        return False


def _size(limit: int) -> str:
    return f"{limit // 2**20} MB" if limit >= 2**20 else f"{max(limit // 1024, 1)} KB"
