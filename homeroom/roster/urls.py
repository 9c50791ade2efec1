"""Addresses of the roster import."""

from __future__ import annotations

from django.urls import include, path

from . import pages

own = [
    path("school/roster/", pages.upload, name="upload"),
    path("school/roster/template/", pages.template, name="template"),
    path("school/roster/export/", pages.export, name="export"),
    path("school/roster/<uuid:run_id>/", pages.run, name="run"),
    path("school/roster/<uuid:run_id>/progress/", pages.progress, name="progress"),
    path("school/roster/<uuid:run_id>/columns/", pages.columns, name="columns"),
    path("school/roster/<uuid:run_id>/answers/", pages.answers, name="answers"),
    path("school/roster/<uuid:run_id>/apply/", pages.apply, name="apply"),
    path("school/roster/<uuid:run_id>/roll-back/", pages.roll_back, name="roll_back"),
    path("school/roster/<uuid:run_id>/discard/", pages.discard, name="discard"),
    path("school/roster/<uuid:run_id>/corrections/", pages.corrections, name="corrections"),
]

urlpatterns = [path("", include((own, "roster")))]
