"""Addresses of the demonstration."""

from __future__ import annotations

from django.urls import path

from . import pages

app_name = "demo"
urlpatterns = [
    path("demo/", pages.choose_role, name="roles"),
    path("demo/as/<slug:key>/", pages.become, name="become"),
    path("demo/trial/", pages.start_trial, name="trial"),
    path("demo/trial/end/", pages.stop_trial, name="end_trial"),
]
