"""The JSON API under /api/v1/: one router a module, one shape of error.

Everyone must be signed in, by the session cookie with the CSRF token in `X-CSRFToken`; an operation that is open to
strangers says `auth=None` beside its path. An error is `{"error": {"code", "message", "fields"}}`, in the reader's
language.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import APIKeyCookie

from homeroom.kit.errors import NotVisible, Trouble

WITH_ENDPOINTS = [
    "people", "school", "realtime", "delivery", "notices", "conversations", "groups", "wording", "search", "files",
    "roster", "home",
]  # fmt: skip


class SignedIn(APIKeyCookie):
    """The person of the session cookie; ninja checks the CSRF token for cookie sign-in by itself."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return getattr(request, "person", None)


api = NinjaAPI(
    title="Homeroom",
    version="1",
    urls_namespace="api",
    auth=SignedIn(),
    docs_url="docs" if settings.DEBUG else None,
)


def error_body(code: str, message: str, fields: dict[str, str] | None = None) -> dict[str, Any]:
    """What every refused request answers."""
    return {"error": {"code": code, "message": message, "fields": fields or {}}}


@api.exception_handler(Trouble)
def _trouble(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    fields = {name: str(text) for name, text in trouble.fields.items()}
    return api.create_response(request, error_body(trouble.code, str(trouble), fields), status=trouble.status)


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return _trouble(request, NotVisible())


@api.exception_handler(AuthenticationError)
def _not_signed_in(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return api.create_response(request, error_body("not_signed_in", _("Please sign in first.")), status=401)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return api.create_response(request, error_body("http_error", str(error)), status=error.status_code)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = {
        ".".join(str(part) for part in wrong["loc"][2:] or wrong["loc"]): str(wrong["msg"]) for wrong in error.errors
    }
    message = _("Some of what was sent cannot be used.")
    return api.create_response(request, error_body("invalid", message, fields), status=422)


for _module in WITH_ENDPOINTS:
    if find_spec(f"homeroom.{_module}.endpoints"):
        api.add_router("", import_module(f"homeroom.{_module}.endpoints").router, tags=[_module])
