"""Every address: each module writes its own, whole, in its urls.py; this is the list of those modules."""

from __future__ import annotations

from importlib.util import find_spec

from django.conf import settings
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path

from homeroom.site import health, pages
from homeroom.site.api import api

WITH_PAGES = [
    "home",  # first: the page asked for most is found at once
    "people",
    "school",
    "ui",
    "delivery",
    "notices",
    "questions",
    "conversations",
    "groups",
    "wording",
    "search",
    "redlines",
    "files",
    "roster",
    "demo",
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", api.urls),
    *[path("", include(f"homeroom.{module}.urls")) for module in WITH_PAGES if find_spec(f"homeroom.{module}.urls")],
    *(staticfiles_urlpatterns() if settings.DEBUG else []),
]

handler400 = pages.bad_request
handler403 = pages.forbidden
handler404 = pages.not_found
handler500 = pages.server_error
