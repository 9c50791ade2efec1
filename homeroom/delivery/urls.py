"""Addresses of the feed, of items, and of one's own wishes."""

from __future__ import annotations

from django.urls import path

from .pages import acting, feed, mine, overseeing

app_name = "delivery"

urlpatterns = [
    path("feed/", feed.feed, name="feed"),
    path("feed/cards/", feed.cards, name="cards"),
    path("feed/snoozed/", feed.snoozed, name="snoozed"),
    path("feed/items/<uuid:uuid>/", feed.item, name="item"),
    path("feed/items/<uuid:uuid>/text/", feed.text, name="text"),
    path("feed/items/<uuid:uuid>/read/", acting.read, name="read"),
    path("feed/items/<uuid:uuid>/confirm/", acting.confirm, name="confirm"),
    path("feed/items/<uuid:uuid>/sign/", acting.sign, name="sign"),
    path("feed/items/<uuid:uuid>/reply/", acting.reply, name="reply"),
    path("feed/items/<uuid:uuid>/snooze/", acting.snooze, name="snooze"),
    path("feed/items/<uuid:uuid>/unsnooze/", acting.unsnooze, name="unsnooze"),
    path("feed/sent/<uuid:uuid>/", overseeing.sent, name="sent"),
    path("feed/sent/<uuid:uuid>/answer/<uuid:person>/", overseeing.answer, name="answer"),
    path("feed/sent/<uuid:uuid>/no-answer/<uuid:person>/", overseeing.no_answer, name="no_answer"),
    path("feed/replies/", overseeing.replies, name="replies"),
    path("me/delivery/", mine.settings, name="settings"),
]
