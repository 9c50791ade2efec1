"""Addresses of the frame itself: preferences, home-screen app, offline page, and the living page of components."""

from __future__ import annotations

from django.urls import path

from . import pages

app_name = "ui"
urlpatterns = [
    path("ui/", pages.components, name="components"),
    path("ui/preferences/", pages.preferences, name="preferences"),
    path("manifest.webmanifest", pages.manifest, name="manifest"),
    path("sw.js", pages.service_worker, name="service_worker"),
    path("offline/", pages.offline, name="offline"),
]
