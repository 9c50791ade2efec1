"""Is it alive, is it ready, and how is it doing: three addresses for machines."""

from __future__ import annotations

import hmac
import shutil
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from homeroom.kit.models import Heartbeat
from homeroom.kit.proxies import is_trusted
from homeroom.site import roles

LEAST_FREE = 200 * 2**20
STALE_AFTER = timedelta(seconds=60)
_migrated = False  # once true it stays true: a running process cannot lose migrations


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is looked at, so a restart is never caused by a slow database."""
    return HttpResponse("ok\n", content_type="text/plain")


def readiness() -> dict[str, str]:
    """Each thing a request needs, as `ok` or as what is wrong with it."""
    global _migrated  # noqa: PLW0603
    found = {}
    try:
        if not _migrated:
            plan = MigrationExecutor(connection)
            _migrated = not plan.migration_plan(plan.loader.graph.leaf_nodes())
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        found["database"] = "ok"
        found["migrations"] = "ok" if _migrated else "pending: run homeroom migrate"
        if _migrated:
            beat = Heartbeat.objects.filter(name="jobs").values_list("beat_at", flat=True).first()
            fresh = beat is not None and abs(timezone.now() - beat) < STALE_AFTER
            found["jobs"] = "ok" if fresh else "no sign of life from a process that runs jobs"
    except DatabaseError as error:
        found["database"] = f"not reachable ({type(error).__name__})"
    free = shutil.disk_usage(settings.DATA).free
    found["disk"] = "ok" if free >= LEAST_FREE else f"only {free // 2**20} MiB free"
    return found


def readyz(request: HttpRequest) -> JsonResponse:
    """Whether this process should get requests: 200 or 503, and why.

    Stale jobs count only where this process runs them: a web process is no worse for another one's trouble.
    """
    found = readiness()
    wrong = {name for name, state in found.items() if state != "ok"}
    if not roles.runs_jobs:
        wrong.discard("jobs")
    return JsonResponse({"ready": not wrong, **found}, status=503 if wrong else 200)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures of this process, for trusted addresses or whoever has the token METRICS_TOKEN."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    direct = "X-Forwarded-For" not in request.headers and is_trusted(request.META["REMOTE_ADDR"])
    if not direct and not (token and hmac.compare_digest(given.encode(), token.encode())):
        raise Http404
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
