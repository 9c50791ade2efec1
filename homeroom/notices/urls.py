"""Addresses of notices."""

from __future__ import annotations

from django.urls import path

from .pages import composing, following

app_name = "notices"
urlpatterns = [
    path("notices/", following.notice_list, name="list"),
    path("notices/new/", composing.compose, name="new"),
    path("notices/save/", composing.save, name="save"),
    path("notices/templates/", composing.templates, name="templates"),
    path("notices/templates/<str:key>/", composing.template, name="template"),
    path("notices/<uuid:uuid>/", following.notice, name="notice"),
    path("notices/<uuid:uuid>/edit/", composing.edit, name="edit"),
    path("notices/<uuid:uuid>/check/", composing.check, name="check"),
    path("notices/<uuid:uuid>/discard/", composing.discard, name="discard"),
    path("notices/<uuid:uuid>/funnel/", following.funnel, name="funnel"),
    path("notices/<uuid:uuid>/people/", following.people, name="people"),
    path("notices/<uuid:uuid>/people/<int:copy_id>/", following.history, name="history"),
    path("notices/<uuid:uuid>/remind/", following.remind, name="remind"),
    path("notices/<uuid:uuid>/correct/", following.correct, name="correct"),
    path("notices/<uuid:uuid>/recall/", following.recall, name="recall"),
    path("notices/<uuid:uuid>/again/", following.use_again, name="again"),
    path("notices/<uuid:uuid>/replies/<uuid:person>/", following.answer, name="answer"),
    path("notices/<uuid:uuid>/fee/", following.fee, name="fee"),
    path("notices/<uuid:uuid>/paper/", following.paper, name="paper"),
    path("notices/<uuid:uuid>/export.<str:form>", following.export, name="export"),
]
