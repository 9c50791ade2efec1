"""Pages for trouble: every refusal and failure ends as a page, an htmx fragment or JSON in the reader's language."""

from __future__ import annotations

import errno
import sys
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from homeroom.kit.errors import NotAllowed, NotVisible, Trouble

log = structlog.get_logger("homeroom.trouble")
HEADINGS = {
    400: _("This request could not be read"),
    401: _("Please sign in"),
    403: _("Not allowed"),
    404: _("Not found"),
    409: _("Changed in the meantime"),
    413: _("Too large"),
    422: _("This could not be done"),
    429: _("Too many attempts"),
    500: _("Something went wrong here"),
    503: _("Just a moment, please"),
}
BARE_PAGE = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{heading}</title>
<main><h1>{heading}</h1><p>{message}</p><p><small>{request_id}</small></p></main></html>
"""
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Unreadable(Trouble):
    status = 400
    code = "bad_request"
    default_message = _("The browser sent something that could not be read. Go back, reload the page and try again.")


class PageTooOld(NotAllowed):
    code = "csrf"
    default_message = _("This page was open too long, or cookies are switched off. Reload it and send again.")


class OurFault(Trouble):
    status = 500
    code = "server_error"
    default_message = _("The mistake is ours and was noted. Please try again in a while.")


class Busy(Trouble):
    """The database could not take a write: locked, full or gone. The transaction was rolled back."""

    status = 503
    code = "busy"
    default_message = _("Nothing was saved, because the server could not write just now. Please try again in a minute.")


class TooManyAtOnce(Trouble):
    """Too many of one address do something that is slow on purpose."""

    status = 429
    code = "too_many_at_once"
    default_message = _(
        "Very many people are signing in at this moment. Nothing is wrong with your password: go back and try again in"
        " half a minute."
    )


def as_trouble(exception: BaseException | None) -> Trouble | None:
    """What the user can be told about `exception`; None when it is a defect."""
    if isinstance(exception, Trouble):
        return exception
    if isinstance(exception, RequestDataTooBig):
        trouble = Unreadable()
        trouble.status = 413
        return trouble
    if isinstance(exception, OperationalError) or (isinstance(exception, OSError) and exception.errno in NO_ROOM):
        log.error("could not write", exc_info=exception)
        return Busy()
    return None


def response_to(request: HttpRequest, exception: BaseException | None) -> HttpResponse | None:
    """The answer to an exception a view raised; None leaves it to Django's handlers."""
    trouble_ = as_trouble(exception)
    return trouble(request, trouble_) if trouble_ is not None else None


def _wants_json(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json")


def trouble(request: HttpRequest, what: Trouble) -> HttpResponse:
    """`what` as JSON for the API, as a fragment or a toast for htmx, as a page for everyone else."""
    status, message = what.status, str(what)
    fragment = bool(request.headers.get("HX-Request")) and not request.headers.get("HX-Boosted")
    response: HttpResponse
    if _wants_json(request):
        fields = {name: str(text) for name, text in what.fields.items()}
        response = JsonResponse({"error": {"code": what.code, "message": message, "fields": fields}}, status=status)
    elif fragment and status != 422:  # htmx swaps nothing in; ui/app.js shows the message as a toast
        response = JsonResponse({"message": message}, status=status)
    else:
        context = {
            "status": status,
            "code": what.code,
            "heading": str(HEADINGS.get(status, HEADINGS[422])),
            "message": message,
            "fields": what.fields,
            "request_id": getattr(request, "request_id", ""),
        }
        response = HttpResponse(_render(request, context, fragment=fragment), status=status)
    if status == 503:
        response.headers["Retry-After"] = "30"
    response.headers["Cache-Control"] = "no-store"
    return response


def _render(request: HttpRequest, context: dict[str, Any], *, fragment: bool) -> str:
    try:
        return render_to_string("site/trouble_fragment.html" if fragment else "site/trouble.html", context, request)
    except Exception:
        # The page itself may need what is broken (the database, for the menu), so this one needs nothing.
        log.exception("trouble page failed")
        heading, message = escape(context["heading"]), escape(context["message"])
        if fragment:
            return f'<p role="alert">{message}</p>'
        return BARE_PAGE.format(
            language=escape(get_language() or "zh-hans"),
            heading=heading,
            message=message,
            request_id=escape(context["request_id"]),
        )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler400: a request Django could not trust."""
    if isinstance(exception, SuspiciousOperation):
        log.warning("suspicious request", kind=type(exception).__name__)
    return trouble(request, as_trouble(exception) or Unreadable())


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler403."""
    told = str(exception) if isinstance(exception, PermissionDenied) else ""
    return trouble(request, NotAllowed(told or None))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW."""
    log.info("csrf refused", reason=reason)
    return trouble(request, PageTooOld())


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler404: what does not exist and what is not for you look the same."""
    return trouble(request, NotVisible())


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: also reached by trouble raised outside a view, such as a session that could not be saved."""
    exception = sys.exc_info()[1]
    known = as_trouble(exception)
    if known is None:
        log.error("unexpected error", exc_info=exception)
    return trouble(request, known or OurFault())
