"""The modules' jobs are found here, and wake-ups for them leave the process here; `runner` runs them."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import structlog
from django.conf import settings

from homeroom.kit import jobs

log = structlog.get_logger("homeroom.jobs")


def load_module_jobs() -> None:
    """Import every module's jobs.py, which registers what is in it, and say how wake-ups travel."""
    for module in settings.MODULES:
        if module != "homeroom.site" and find_spec(f"{module}.jobs"):
            import_module(f"{module}.jobs")
    if not settings.TESTING:
        jobs.set_waker(wake_elsewhere)


def wake_elsewhere(name: str) -> None:
    """Tell whichever process runs jobs to look at `name`."""
    try:
        queue()[1](name)
    except Exception:
        log.exception("wake-up lost; the job's period makes it good", job=name)


@lru_cache(maxsize=1)
def queue() -> Any:
    """Huey's queue of names and the task in it, opened at first use.

    The queue may lose its memory (a file without fsync, or Redis): it holds nothing but names of jobs to look at.
    """
    from huey import RedisHuey, SqliteHuey  # brings redis along: a third of a second most commands need not spend

    if settings.REDIS_URL:
        huey = RedisHuey("homeroom", url=settings.REDIS_URL, blocking=False, results=False)
    else:
        huey = SqliteHuey("homeroom", filename=str(settings.DATA / "wake.db"), fsync=False, results=False)
    return huey, huey.task(name="want")(_want)


def _want(name: str) -> None:
    from homeroom.site.runner import here

    here.want(name)
