"""The real settings, plus a few addresses a test needs to make trouble at."""

from homeroom.site.settings import *  # noqa: F403
from homeroom.site.settings import DATABASES

ROOT_URLCONF = "homeroom.site.tests.serving_urls"
DATABASES["default"]["OPTIONS"]["timeout"] = 1  # type: ignore[index]
