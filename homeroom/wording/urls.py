"""Addresses of wording."""

from __future__ import annotations

from django.urls import path

from . import pages

app_name = "wording"
urlpatterns = [
    path("me/replies/", pages.replies, name="replies"),
    path("me/replies/new/", pages.reply, name="new_reply"),
    path("me/replies/<uuid:uuid>/", pages.reply, name="reply"),
]
