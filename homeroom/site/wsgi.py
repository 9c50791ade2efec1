"""The WSGI application: Django behind the one place where a proxy's headers are believed or thrown away."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "homeroom.site.settings")

from django.core.wsgi import get_wsgi_application

from homeroom.kit.proxies import settle_environ

django_application = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, seeing the real client address and scheme whichever server called it."""
    settle_environ(environ)
    return django_application(environ, start_response)
