"""Addresses of conversations."""

from __future__ import annotations

from django.urls import path

from .pages import beginning, duty, finding, handing, inbox, later, messages, my_hours, pupils, voice, waiting
from .pages.moderation import appeal, case, fold, folded, mine, queue, report, take_back

app_name = "conversations"
urlpatterns = [
    path("conversations/", inbox.conversation_list, name="list"),
    path("conversations/new/", beginning.new, name="new"),
    path("conversations/search/", finding.search, name="search"),
    path("conversations/start/", beginning.start, name="start"),
    path("conversations/channel/", beginning.channel, name="channel"),
    path("conversations/pupil/", pupils.pupil, name="pupil"),
    path("conversations/handover/", handing.handover, name="handover"),
    path("conversations/handover/<int:pk>/take-back/", handing.take_back, name="take_back"),
    path("conversations/room/", beginning.room, name="room"),
    path("conversations/rules/", beginning.rules, name="rules"),
    path("conversations/moderation/", queue, name="moderation"),
    path("conversations/moderation/<uuid:uuid>/", case, name="case"),
    path("conversations/moderation/<uuid:uuid>/appeal/", appeal, name="case_appeal"),
    path("conversations/moderation/<uuid:uuid>/take-back/", take_back, name="case_take_back"),
    path("conversations/folded/", folded, name="folded"),
    path("conversations/messages/<uuid:uuid>/report/", report, name="report"),
    path("conversations/messages/<uuid:uuid>/fold/", fold, name="fold"),
    path("conversations/<uuid:uuid>/held/", mine, name="held"),
    path("conversations/duty/", duty.duty, name="duty"),
    path("conversations/scheduled/", later.scheduled, name="scheduled"),
    path("conversations/scheduled/<uuid:uuid>/", later.one_scheduled, name="one_scheduled"),
    path("conversations/waiting/", waiting.sitting, name="waiting"),
    path("conversations/waiting/count/", waiting.waiting_count, name="waiting_count"),
    path("me/hours/", my_hours.my_hours, name="my_hours"),
    path("conversations/<uuid:uuid>/", inbox.thread, name="thread"),
    path("conversations/<uuid:uuid>/calm/", later.calm_note, name="calm"),
    path("conversations/<uuid:uuid>/later/", later.later, name="later"),
    path("conversations/<uuid:uuid>/replies/", waiting.canned, name="canned"),
    path("conversations/<uuid:uuid>/messages/", inbox.fragment, name="messages"),
    path("conversations/<uuid:uuid>/send/", inbox.send, name="send"),
    path("conversations/messages/<uuid:uuid>/", messages.message, name="message"),
    path("conversations/voice/", voice.keep, name="voice"),
    path("conversations/messages/<uuid:uuid>/transcript/", voice.transcript, name="transcript"),
    path("conversations/messages/<uuid:uuid>/edit/", messages.edit, name="edit"),
    path("conversations/messages/<uuid:uuid>/withdraw/", messages.withdraw, name="withdraw"),
    path("conversations/messages/<uuid:uuid>/react/", messages.react, name="react"),
]
