"""The first address."""

from __future__ import annotations

from django.urls import path

from .context import about_child
from .lookup_page import lookup
from .pages import home

app_name = "home"

urlpatterns = [
    path("", home, name="home"),
    path("lookup/", lookup, name="lookup"),
    path("context/<uuid:uuid>/", about_child, name="context"),
]
