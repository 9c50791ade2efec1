"""For those in charge: the overview, its file, ratings, routes and reply times."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from homeroom.kit import sheets
from homeroom.kit.access import require
from homeroom.kit.errors import NotVisible, Trouble
from homeroom.people.models import Person
from homeroom.people.public import labels, signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.questions import access, figures, forms, queries, services, showing
from homeroom.questions.models import Circle, Rating, Route, ServiceLevel, TopicLevel
from homeroom.questions.states import Act, State
from homeroom.school.models import Grade, Subject, Topic
from homeroom.school.public import topics_of

from .asking import MODULE

SPANS = {"30": timedelta(days=30), "7": timedelta(days=7), "120": timedelta(days=120)}
EXPORT_AT_MOST = 20_000
TIMES = ("first_reply", "next_reply", "resolution")


def _span(request: SignedInRequest) -> str:
    days = request.GET.get("days", "30")
    return days if days in SPANS else "30"


@require_GET
@signed_in(module=MODULE)
def overview(request: SignedInRequest) -> HttpResponse:
    """What is asked, what is late, who owes how much."""
    if not access.oversees(request.person):
        raise NotVisible
    now, days = timezone.now(), _span(request)
    rows, _next = queries.desk(request.person, view="late", now=now)
    last = request.GET.get("month") == "last"
    period = figures.month(request.person, last=last)
    context = {
        "period": period,
        "last": last,
        "figures": figures.in_charge(request.person, period=period, now=now),
        "whole": queries.overview(request.person, since=now - SPANS[days], now=now),
        "days": days,
        "late": rows[:10],
        "words": showing,
    }
    return render(request, "questions/overview.html", context)


@require_GET
@signed_in(module=MODULE)
def export(request: SignedInRequest) -> HttpResponse:
    """Every event of the questions in one's charge, with its working minutes, as CSV."""
    if not access.oversees(request.person):
        raise NotVisible
    now, days = timezone.now(), _span(request)
    events = list(queries.events_to_export(request.person, since=now - SPANS[days])[:EXPORT_AT_MOST])
    named = labels({event.person_id for event in events if event.person_id})
    states = dict(State.choices)
    header = [
        _("Question"), _("When"), _("What"), _("Detail"), _("Who"), _("Role"), _("State before"), _("State after"),
        _("Working minutes since the step before"),
    ]  # fmt: skip
    rows = [
        [
            str(event.question.uuid)[-12:] if event.question is not None else "",
            timezone.localtime(event.at).strftime("%Y-%m-%d %H:%M:%S"),
            str(Act(event.act).label),
            str(showing.DETAILS.get(event.detail, event.detail)),
            named.get(event.person_id, "") if event.person_id else _("Homeroom"),
            event.role,
            str(states.get(event.from_state, "")),
            str(states.get(event.to_state, "")),
            "" if event.working_minutes is None else round(event.working_minutes, 1),
        ]
        for event in events
    ]
    response = HttpResponse(sheets.csv_bytes(header, rows), content_type=sheets.CSV_TYPE)
    response["Content-Disposition"] = 'attachment; filename="question-events.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def ratings(request: SignedInRequest) -> HttpResponseBase:
    """What families gave one's own answers, with room for one's own word before a leader sees the figure."""
    if not request.person.is_staff_member:
        raise NotVisible
    if request.method == "POST":
        pk = forms.number_of(request.POST.get("rating", ""))
        rating = Rating.objects.filter(pk=pk or 0, teacher=request.person).first()
        if rating is None:
            raise NotVisible
        services.remark(actor=request.person, rating=rating, text=request.POST.get("remark", ""))
        messages.success(request, _("Saved."))
        return redirect("questions:ratings")
    last = request.GET.get("month") == "last"
    period = figures.month(request.person, last=last)
    rows = queries.ratings_of(request.person)
    scores = [row.score for row in rows if row.score is not None]
    context = {
        "period": period,
        "last": last,
        "figures": figures.own(request.person, period=period, now=timezone.now()),
        "rows": rows,
        "mean": sum(scores) / len(scores) if scores else None,
        "faces": {score: (face, words) for score, face, words in showing.FACES},
    }
    return render(request, "questions/ratings.html", context)


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def setup(request: SignedInRequest) -> HttpResponseBase:
    """Whom each topic goes to, and how long a family waits."""
    person = request.person
    require(access.can_set_up(person, person.school_id))
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            _change(request)
        except Trouble as wrong:
            errors = forms.errors_of(wrong)
        else:
            messages.success(request, _("Saved."))
            return redirect("questions:setup")
    level = ServiceLevel.objects.filter(school_id=person.school_id).first() or ServiceLevel(school_id=person.school_id)
    staff = Person.objects.filter(
        school_id=person.school_id, archived_at__isnull=True, pk__in=_staff_ids(person)
    ).order_by("pinyin")
    named = labels(staff.values_list("pk", flat=True))
    context = {
        "routes": Route.objects.filter(school_id=person.school_id)
        .select_related("topic", "grade", "person", "subject")
        .order_by("topic__position", "grade_id"),
        "topics": [topic for topic in topics_of(person.school_id) if not topic.is_complaint],
        "grades": Grade.objects.filter(school_id=person.school_id),
        "circles": Circle.choices,
        "subjects": [(one.pk, one.name) for one in Subject.objects.filter(school_id=person.school_id)],
        "topic_levels": TopicLevel.objects.filter(school_id=person.school_id)
        .select_related("topic")
        .order_by("topic__position", "pk"),
        "level_topics": topics_of(person.school_id),
        "people": [(one.uuid, named[one.pk]) for one in staff],
        "level": {
            name: getattr(level, name) / 60 for name in ("first_reply", "next_reply", "resolution", "close_after")
        },
        "warn_at": level.warn_at,
        "errors": errors,
        "typed": request.POST,
    }
    return render(request, "questions/setup.html", context, status=422 if errors else 200)


def _staff_ids(person: Person) -> list[int]:
    from homeroom.people.models import Role

    return list(
        Role.objects.filter(school_id=person.school_id).in_force(person.today).values_list("person_id", flat=True)
    )


def _change(request: SignedInRequest) -> None:
    data, person = request.POST, request.person
    match data.get("do"):
        case "levels":
            hours = {name: forms.hours_of(data.get(name, "")) for name in
                     ("first_reply", "next_reply", "resolution", "close_after")}  # fmt: skip
            services.set_levels(
                actor=person, school=person.school, hours=hours, warn_at=forms.number_of(data.get("warn_at", ""))
            )
        case "topic_level":
            hours = {name: forms.hours_of(data.get(f"topic_{name}", "")) for name in TIMES}
            services.set_topic_level(
                actor=person, school=person.school, topic=_topic(person, data.get("level_topic", "")), hours=hours
            )
        case "unset_topic_level":
            rows = TopicLevel.objects.filter(school_id=person.school_id, pk=forms.number_of(data.get("level", "")) or 0)
            level = rows.first()
            if level is None:
                raise NotVisible
            services.unset_topic_level(actor=person, level=level)
        case "unset":
            route = Route.objects.filter(school_id=person.school_id, pk=forms.number_of(data.get("route", "")) or 0)
            found = route.first()
            if found is None:
                raise NotVisible
            services.unset_route(actor=person, route=found)
        case _:
            topic = _topic(person, data.get("topic", ""))
            subject = forms.number_of(data.get("subject", "")) or 0
            grade = Grade.objects.filter(school_id=person.school_id, pk=forms.number_of(data.get("grade", "")) or 0)
            named = forms.named(data.get("person", ""))
            chosen = Person.objects.select_related("school").filter(school_id=person.school_id, uuid=named).first()
            services.set_route(
                actor=person,
                school=person.school,
                topic=topic,
                grade=grade.first(),
                circle=data.get("circle", ""),
                person=chosen,
                subject=Subject.objects.filter(school_id=person.school_id, pk=subject).first(),
            )


def _topic(person: Person, uuid: str) -> Topic:
    """A topic of the school. Raises NotVisible."""
    found = Topic.objects.filter(school_id=person.school_id, uuid=forms.named(uuid)).first()
    if found is None:
        raise NotVisible
    return found
