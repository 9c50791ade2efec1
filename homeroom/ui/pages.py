"""Pages of the frame itself."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from . import icons, public


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Store language, theme, elder mode or text size on the device and go back to where the person was."""
    current: public.Preferences = request.preferences  # type: ignore[attr-defined]
    chosen = current.changed(request.POST.dict())
    if request.headers.get("Accept") == "application/json":
        response: HttpResponse = HttpResponse(status=204)
    else:
        target = request.POST.get("next", "/")
        if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
            target = "/"
        response = HttpResponseRedirect(target)
    chosen.store(response)
    if chosen != current:
        public.preferences_changed(request, chosen)
    return response


@require_GET
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """The web app manifest, in the device's language."""
    image = {"type": "image/png"}
    data = {
        "name": _("Homeroom"),
        "short_name": _("Homeroom"),
        "description": _("Home and school, in one place"),
        "lang": "zh-Hans-CN" if request.preferences.language == "zh-hans" else "en",  # type: ignore[attr-defined]
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f3f5f4",
        "theme_color": "#0f7a5f",
        "icons": [
            {"src": static("ui/logo.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": static("ui/app-192.png"), "sizes": "192x192", **image},
            {"src": static("ui/app-512.png"), "sizes": "512x512", **image},
            {"src": static("ui/app-maskable-512.png"), "sizes": "512x512", "purpose": "maskable", **image},
        ],
    }
    return HttpResponse(json.dumps(data, ensure_ascii=False), content_type="application/manifest+json")


@require_GET
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker: keeps the offline page and hashed static files, never a page with anyone's data."""
    language = request.preferences.language  # type: ignore[attr-defined]
    needed = ("ui/app.css", "ui/app.js", "ui/i18n.js", "ui/toast.js", f"ui/messages/{language}.js", "ui/logo.svg")
    keep = json.dumps([static(path) for path in needed])
    version = hashlib.sha256(keep.encode()).hexdigest()[:8]  # another build, another cache: the old one is deleted
    response = render(
        request,
        "ui/sw.js",
        {"offline_url": "/offline/", "keep": keep, "version": version, "static_url": settings.STATIC_URL},
        content_type="text/javascript",
    )
    response["Service-Worker-Allowed"] = "/"
    return response


@require_GET
@cache_control(no_cache=True)
def offline(request: HttpRequest) -> HttpResponse:
    """What the service worker shows when there is no connection. The same for everybody."""
    return render(request, "ui/offline.html")


@require_GET
def components(request: HttpRequest) -> HttpResponse:
    """Every component, to look at in both languages, both themes and elder mode."""
    if not (settings.DEBUG or public.components_shown(request)):
        raise Http404
    now = timezone.now()
    rows = [
        {
            "name": _("Zhang Xiaoyu"),
            "href": "#tables",
            "guardian": _("Mother"),
            "state": _("Read"),
            "minutes": 12,
            "act": "",
        },
        {
            "name": _("Zhang Xiaotian"),
            "href": "#tables",
            "guardian": _("Father"),
            "state": "",
            "minutes": 1_240,
            "act": "",
        },
    ]
    context = {
        "icon_names": icons.names(),
        "table_rows": rows,
        "now": now - timedelta(minutes=5),
        "earlier": now - timedelta(hours=3),
        "yesterday": now - timedelta(days=1),
        "due_at": now + timedelta(days=1),
        "styles": ["components"],
    }
    return render(request, "ui/components_page.html", context)
