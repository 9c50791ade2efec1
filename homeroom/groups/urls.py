"""Addresses of saved groups and of the audience picker's fragments."""

from __future__ import annotations

from django.urls import path

from . import pages

app_name = "groups"
urlpatterns = [
    path("groups/", pages.group_list, name="list"),
    path("groups/new/", pages.edit, name="new"),
    path("groups/<uuid:uuid>/", pages.edit, name="edit"),
    path("groups/<uuid:uuid>/archive/", pages.archive, name="archive"),
    path("groups/audience/preview/", pages.preview, name="preview"),
    path("groups/audience/find/", pages.find, name="find"),
]
