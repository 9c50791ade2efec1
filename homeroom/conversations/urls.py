"""Addresses of conversations."""

from __future__ import annotations

from django.urls import path

from .pages import beginning, handing, inbox, messages, pupils

app_name = "conversations"
urlpatterns = [
    path("conversations/", inbox.conversation_list, name="list"),
    path("conversations/new/", beginning.new, name="new"),
    path("conversations/start/", beginning.start, name="start"),
    path("conversations/channel/", beginning.channel, name="channel"),
    path("conversations/pupil/", pupils.pupil, name="pupil"),
    path("conversations/handover/", handing.handover, name="handover"),
    path("conversations/handover/<int:pk>/take-back/", handing.take_back, name="take_back"),
    path("conversations/room/", beginning.room, name="room"),
    path("conversations/rules/", beginning.rules, name="rules"),
    path("conversations/<uuid:uuid>/", inbox.thread, name="thread"),
    path("conversations/<uuid:uuid>/messages/", inbox.fragment, name="messages"),
    path("conversations/<uuid:uuid>/send/", inbox.send, name="send"),
    path("conversations/messages/<uuid:uuid>/", messages.message, name="message"),
    path("conversations/messages/<uuid:uuid>/edit/", messages.edit, name="edit"),
    path("conversations/messages/<uuid:uuid>/withdraw/", messages.withdraw, name="withdraw"),
    path("conversations/messages/<uuid:uuid>/react/", messages.react, name="react"),
]
