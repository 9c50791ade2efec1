"""Addresses of files."""

from __future__ import annotations

from django.urls import path

from . import pages

app_name = "files"
urlpatterns = [
    path("files/", pages.upload, name="upload"),
    path("files/<uuid:uuid>/", pages.give, name="file"),
    path("files/<uuid:uuid>/thumbnail/", pages.thumbnail, name="thumbnail"),
]
