"""Addresses of a school's red lines."""

from __future__ import annotations

from django.urls import path

from . import pages

app_name = "redlines"
urlpatterns = [
    path("school/words/", pages.words, name="words"),
    path("school/words/list/", pages.edit, name="new"),
    path("school/words/list/<uuid:uuid>/", pages.edit, name="edit"),
    path("school/words/list/<uuid:uuid>/remove/", pages.remove, name="remove"),
]
