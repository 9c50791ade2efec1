"""Addresses of questions."""

from __future__ import annotations

from django.urls import path

from .pages import asking, handling, knowledge, overseeing, proposing, question

app_name = "questions"
urlpatterns = [
    path("questions/", asking.question_list, name="list"),
    path("questions/mine/", asking.mine, name="mine"),
    path("questions/ask/", asking.ask, name="ask"),
    path("questions/ask/found/", asking.found, name="found"),
    path("questions/ask/helped/<uuid:answer>/", asking.helped, name="helped"),
    path("questions/propose/", proposing.propose, name="propose"),
    path("questions/proposals/<uuid:uuid>/", proposing.proposal, name="proposal"),
    path("questions/proposals/<uuid:uuid>/decline/", proposing.decline, name="decline"),
    path("questions/overview/", overseeing.overview, name="overview"),
    path("questions/overview/events.csv", overseeing.export, name="export"),
    path("questions/ratings/", overseeing.ratings, name="ratings"),
    path("questions/setup/", overseeing.setup, name="setup"),
    path("questions/answers/", knowledge.answers, name="answers"),
    path("questions/answers/new/", knowledge.answer_form, name="new_answer"),
    path("questions/answers/<uuid:uuid>/", knowledge.answer_form, name="edit_answer"),
    path("questions/<uuid:uuid>/", question.question, name="question"),
    path("questions/<uuid:uuid>/write/", question.write, name="write"),
    path("questions/<uuid:uuid>/confirm/", question.confirm, name="confirm"),
    path("questions/<uuid:uuid>/again/", question.again, name="again"),
    path("questions/<uuid:uuid>/withdraw/", question.withdraw, name="withdraw"),
    path("questions/<uuid:uuid>/rate/", question.rate, name="rate"),
    path("questions/<uuid:uuid>/answer/", handling.answer, name="answer"),
    path("questions/<uuid:uuid>/resume/", handling.resume, name="resume"),
    path("questions/<uuid:uuid>/assign/", handling.assign, name="assign"),
    path("questions/<uuid:uuid>/note/", handling.note, name="note"),
    path("questions/<uuid:uuid>/watch/", handling.watch, name="watch"),
    path("questions/<uuid:uuid>/route/", handling.route, name="route"),
    path("questions/<uuid:uuid>/merge/", handling.merge, name="merge"),
    path("questions/<uuid:uuid>/tasks/", handling.add_task, name="add_task"),
    path("questions/<uuid:uuid>/tasks/<int:task>/", handling.task, name="task"),
]
