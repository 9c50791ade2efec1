"""Addresses that write, wait or take uploads, for tests of the serving process."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from homeroom.kit.bodies import accepts
from homeroom.kit.models import CacheEntry
from homeroom.site.urls import *  # noqa: F403
from homeroom.site.urls import urlpatterns as usual


def write(request: HttpRequest) -> HttpResponse:
    """Ten rows in one transaction, 20 KB each."""
    name = request.GET["name"]
    with transaction.atomic():
        for number in range(10):
            CacheEntry.objects.create(cache_key=f"{name}-{number}", value="x" * 20_000, expires=timezone.now())
    return HttpResponse("written")


def held(request: HttpRequest) -> HttpResponse:
    """Answers when whoever has the pipe `by` open for writing lets go of it; opening it waits for this page."""
    Path(request.GET["by"]).read_bytes()
    return HttpResponse("done")


@accepts(megabytes=20)
@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.body) if request.content_type == "text/plain" else len(request.FILES)))


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("张小明 13800138000")


def where(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.META['REMOTE_ADDR']} {request.scheme}")


urlpatterns = [
    path("test/write", write),
    path("test/held", held),
    path("test/upload", upload),
    path("test/broken/<str:secret>", broken),
    path("test/where", where),
    *usual,
]
