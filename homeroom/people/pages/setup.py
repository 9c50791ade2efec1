"""Setting up a school: the checklist and its pages. They stand here and not in `school`, which knows nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from functools import wraps
from typing import Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from homeroom.kit.access import require
from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people import queries
from homeroom.people.decorators import signed_in
from homeroom.people.models import Enrolment, Role
from homeroom.people.requests import SignedInRequest
from homeroom.school import public as schools
from homeroom.school.models import CalendarDay, Grade, School, SchoolClass, Stage, Term

ZONES = ["Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Macau", "Asia/Taipei"]


def for_keepers(view: Callable[..., HttpResponseBase]) -> Any:
    """A page of the school's set-up: for those who keep its roster, 404 for everybody else."""

    @signed_in
    @wraps(view)
    def guarded(request: SignedInRequest, *arguments: Any, **details: Any) -> HttpResponseBase:
        if not request.person.keeps_roster(request.person.school_id):
            raise NotVisible
        return view(request, *arguments, **details)

    return guarded


def said(wrong: Invalid) -> dict[str, str]:
    """What is wrong, by field, for a form that is shown again."""
    return {name: str(text) for name, text in wrong.fields.items()} or {"": str(wrong)}


def day_of(data: QueryDict, name: str) -> date | None:
    """A date typed into a form; None when it is none."""
    try:
        return parse_date(data.get(name, ""))
    except ValueError:
        return None


@for_keepers
@require_http_methods(["GET", "POST"])
def checklist(request: SignedInRequest) -> HttpResponse:
    """What is still to do until the school can begin."""
    school = request.person.school
    if request.method == "POST":
        step = request.POST.get("step", "")
        schools.mark_step(actor=request.person, school=school, step=step, is_done="done" in request.POST)
        return redirect("people:setup")
    steps = _steps(request, school)
    changed = queries.changed_by_others(school.pk, since=timezone.now() - timedelta(days=7), on=request.person.today)
    context = {
        "school": school, "steps": steps, "done": sum(step["done"] for step in steps), "changed": len(changed),
    }  # fmt: skip
    return render(request, "school/checklist.html", context)


def _steps(request: SignedInRequest, school: School) -> list[dict[str, Any]]:
    classes = SchoolClass.objects.filter(school=school, archived_at__isnull=True)
    total = classes.count()
    heads = (
        Role.objects.in_force(request.person.today)
        .filter(school=school, kind=Role.Kind.CLASS_TEACHER, school_class__archived_at__isnull=True)
        .values("school_class_id")
        .distinct()
        .count()
    )
    pupils = Enrolment.objects.filter(school=school, ends_on__isnull=True).count()
    joined, guardians = queries.joined_of(school.pk)
    term = school.terms.filter(ends_on__gte=request.person.today).first()
    marked = school.calendar_days.filter(on__gte=request.person.today).count()

    subjects = [subject.name for subject in school.subjects.all()]

    def step(key: str, label: str, url: str, note: str, done: bool, *, by_hand: bool = False) -> dict[str, Any]:
        ticked = key in school.setup_done
        return {
            "key": key, "label": label, "url": url, "note": note, "done": done or ticked, "by_hand": by_hand,
            "ticked": ticked,
        }  # fmt: skip

    steps = [
        step("details", _("The school's name and stages"), reverse("people:school_details"),
             school.signature, bool(school.short_name)),
        step("terms", _("Terms"), reverse("people:terms"), term.name if term else _("No term yet"), term is not None),
        step("calendar", _("Holidays and working hours"), reverse("people:calendar"),
             ngettext("%(n)d day marked ahead", "%(n)d days marked ahead", marked) % {"n": marked}, marked > 0,
             by_hand=True),
        step("subjects", _("Subjects"), reverse("people:subjects"), _(", ").join(subjects[:6]), bool(subjects)),
        step("topics", _("Topics families ask about"), reverse("people:topics"),
             _(", ").join(topic.name for topic in schools.topics_of(school.pk)[:6]), school.topics.exists()),
        step("roster", _("Import the pupils and guardians"), _roster_url(),
             ngettext("%(n)d pupil", "%(n)d pupils", pupils) % {"n": pupils}, pupils > 0),
        step("classes", _("Grades and classes"), reverse("people:classes"),
             ngettext("%(n)d class", "%(n)d classes", total) % {"n": total}, total > 0),
        step("staff", _("Staff and their duties"), reverse("people:staff"),
             _("%(n)d of %(all)d classes have a class teacher") % {"n": heads, "all": total},
             total > 0 and heads >= total),
        step("invitations", _("Invite the guardians"), reverse("people:invitations"),
             _("%(n)d of %(all)d guardians have joined") % {"n": joined, "all": guardians},
             guardians > 0 and joined >= guardians * 0.9, by_hand=True),
        step("modules", _("Which parts of Homeroom you use"), reverse("people:modules"), "", False, by_hand=True),
    ]  # fmt: skip
    return [one for one in steps if one["url"]]


def _roster_url() -> str:
    """The import is a higher module's page; its step is left out where it does not exist."""
    try:
        return reverse("roster:upload")
    except NoReverseMatch:  # an installation may do without
        return ""


@for_keepers
@require_http_methods(["GET", "POST"])
def school_details(request: SignedInRequest) -> HttpResponse:
    """The school's names, stages and time zone."""
    school, errors = request.person.school, {}
    if request.method == "POST":
        try:
            schools.change_school(
                actor=request.person,
                school=school,
                name=request.POST.get("name", ""),
                short_name=request.POST.get("short_name", ""),
                stages=[stage for stage in Stage if stage in request.POST.getlist("stages")],
                time_zone=request.POST.get("time_zone", school.time_zone),
            )
        except Invalid as wrong:
            errors = said(wrong)
        else:
            messages.success(request, _("Saved."))
            return redirect("people:setup")
    typed = request.POST if request.method == "POST" else None
    zones = [*ZONES, *([school.time_zone] if school.time_zone not in ZONES else [])]
    context = {
        "errors": errors,
        "may": schools.can_decide_for_school(request.person, school.pk).allowed,
        "name": typed.get("name", "") if typed else school.name,
        "short_name": typed.get("short_name", "") if typed else school.short_name,
        "stages": typed.getlist("stages") if typed else school.stages,
        "stage_options": Stage.choices,
        "zone": typed.get("time_zone", "") if typed else school.time_zone,
        "zones": [(zone, zone) for zone in zones if zone in available_timezones()],
    }
    return render(request, "school/details.html", context, status=422 if errors else 200)


@for_keepers
@require_http_methods(["GET", "POST"])
def classes(request: SignedInRequest) -> HttpResponse:
    """Grades with their classes: how many pupils, who heads them; add some, rename one, close one."""
    school, errors = request.person.school, {}
    if request.method == "POST":
        try:
            done = _change_classes(request)
        except Invalid as wrong:
            errors = said(wrong)
        else:
            messages.success(request, done)
            return redirect("people:classes")
    heads = queries.class_teachers(school.pk, on=request.person.today)
    grades = []
    rows = (
        SchoolClass.objects.filter(school=school, archived_at__isnull=True)
        .annotate(pupils=Count("enrolments", filter=Q(enrolments__ends_on__isnull=True)))
        .order_by("number")
    )
    by_grade: dict[int, list[dict[str, Any]]] = {}
    for one in rows:
        by_grade.setdefault(one.grade_id, []).append(
            {"row": one, "pupils": one.pupils, "head": _(", ").join(heads.get(one.pk, []))}
        )
    for grade in school.grades.all():
        grades.append({"grade": grade, "classes": by_grade.get(grade.pk, [])})
    context = {"grades": grades, "errors": errors, "typed": request.POST.dict()}
    return render(request, "school/classes.html", context, status=422 if errors else 200)


def _change_classes(request: SignedInRequest) -> str:
    school = request.person.school
    action = request.POST.get("action", "")
    if action == "add":
        grade = Grade.objects.filter(school=school, pk=_number(request.POST.get("grade"))).first()
        if grade is None:
            raise NotVisible
        up_to = _number(request.POST.get("count"))
        if not 1 <= up_to <= 60:
            wrong = _("Enter how many classes the grade has.")
            raise Invalid(wrong, fields={f"count_{grade.pk}": wrong})
        made = schools.add_classes(actor=request.person, grade=grade, numbers=list(range(1, up_to + 1)))
        return ngettext("%(n)d class added.", "%(n)d classes added.", len(made)) % {"n": len(made)}
    found = SchoolClass.objects.filter(school=school, pk=_number(request.POST.get("school_class"))).first()
    if found is None:
        raise NotVisible
    if action == "rename":
        schools.rename_class(actor=request.person, school_class=found, name=request.POST.get("name", ""))
        return _("Saved.")
    has_students = Enrolment.objects.filter(school_class=found, ends_on__isnull=True).exists()
    schools.archive_class(actor=request.person, school_class=found, has_students=has_students, now=timezone.now())
    return _("The class is closed; its history stays.")


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


@for_keepers
@require_http_methods(["GET", "POST"])
def subjects(request: SignedInRequest) -> HttpResponse:
    """The subjects, one a line, in the order in which they are listed everywhere."""
    school, errors = request.person.school, {}
    names = "\n".join(school.subjects.values_list("name", flat=True))
    if request.method == "POST":
        names = request.POST.get("names", "")
        taught = Role.objects.filter(school=school, subject__isnull=False).values_list("subject_id", flat=True)
        try:
            schools.set_subjects(
                actor=request.person, school=school, names=names.splitlines(), in_use=frozenset(taught)
            )
        except Invalid as wrong:
            errors = said(wrong)
        else:
            messages.success(request, _("Saved."))
            return redirect("people:setup")
    return render(request, "school/subjects.html", {"names": names, "errors": errors}, status=422 if errors else 200)


@for_keepers
@require_http_methods(["GET", "POST"])
def terms(request: SignedInRequest) -> HttpResponse:
    """The terms with their first and last days."""
    school, errors = request.person.school, {}
    if request.method == "POST":
        try:
            if "remove" in request.POST:
                term = Term.objects.filter(school=school, pk=_number(request.POST["remove"])).first()
                if term is None:
                    raise NotVisible
                schools.remove_term(actor=request.person, term=term)
            else:
                schools.add_term(
                    actor=request.person,
                    school=school,
                    name=request.POST.get("name", ""),
                    starts_on=day_of(request.POST, "starts_on"),
                    ends_on=day_of(request.POST, "ends_on"),
                )
        except Invalid as wrong:
            errors = said(wrong)
        else:
            messages.success(request, _("Saved."))
            return redirect("people:terms")
    context = {
        "terms": school.terms.all(),
        "errors": errors,
        "typed": request.POST.dict(),
        "suggested": _next_term(school),
    }
    return render(request, "school/terms.html", context, status=422 if errors else 200)


def _next_term(school: School) -> str:
    today = timezone.localdate()
    first = today.month >= 7
    year = today.year if first else today.year - 1
    years = {"from": year, "to": year + 1}
    return (_("%(from)d–%(to)d, first term") if first else _("%(from)d–%(to)d, second term")) % years


@for_keepers
@require_http_methods(["GET", "POST"])
def calendar(request: SignedInRequest) -> HttpResponse:
    """Closed days, make-up days, and the hours in which staff are expected to answer."""
    school, errors = request.person.school, {}
    if request.method == "POST":
        try:
            done = _change_calendar(request, school)
        except Invalid as wrong:
            errors = said(wrong)
        else:
            messages.success(request, done)
            return redirect("people:calendar")
    hours: dict[int, list[str]] = {weekday: [] for weekday in range(7)}
    for interval in school.working_intervals.all():
        hours[interval.weekday].append(f"{interval.starts:%H:%M}–{interval.ends:%H:%M}")
    names = [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")]
    context = {
        "days": school.calendar_days.filter(on__gte=request.person.today),
        "past": school.calendar_days.filter(on__lt=request.person.today).count(),
        "hours": [{"weekday": names[n], "spans": hours[n]} for n in range(7)],
        "weekdays": list(enumerate(names)),
        "usual": "\n".join(hours[0]),
        "kinds": CalendarDay.Kind.choices,
        "errors": errors,
        "typed": request.POST.dict(),
        "typed_weekdays": [int(n) for n in request.POST.getlist("weekdays") if n.isdigit()] or [0, 1, 2, 3, 4],
    }
    return render(request, "school/calendar.html", context, status=422 if errors else 200)


def _change_calendar(request: SignedInRequest, school: School) -> str:
    action = request.POST.get("action", "")
    if action == "clear":
        day = CalendarDay.objects.filter(school=school, pk=_number(request.POST.get("day"))).first()
        if day is None:
            raise NotVisible
        schools.clear_calendar_day(actor=request.person, day=day)
        return _("The day follows the weekly plan again.")
    if action == "hours":
        schools.set_working_hours(
            actor=request.person,
            school=school,
            weekdays=[int(n) for n in request.POST.getlist("weekdays") if n.isdigit()],
            spans=_spans(request.POST.get("spans", "")),
        )
        return _("Saved.")
    as_weekday = request.POST.get("as_weekday", "")
    marked = schools.set_calendar_days(
        actor=request.person,
        school=school,
        starts_on=day_of(request.POST, "starts_on"),
        ends_on=day_of(request.POST, "ends_on"),
        kind=request.POST.get("kind", ""),
        as_weekday=int(as_weekday) if as_weekday.isdigit() else None,
        label=request.POST.get("label", ""),
    )
    return ngettext("%(n)d day marked.", "%(n)d days marked.", marked) % {"n": marked}


def _spans(text: str) -> list[tuple[time, time]]:
    """`7:50-11:50`, one a line."""
    try:
        return list(schools.read_spans(text))
    except ValueError:
        wrong = _("Write each span like 07:50-11:50, one a line.")
        raise Invalid(wrong, fields={"spans": wrong}) from None


@for_keepers
@require_GET
def modules(request: SignedInRequest) -> HttpResponse:
    """Which parts of Homeroom the school uses."""
    off = schools.switched_off(request.person.school_id)
    context = {
        "modules": [
            {"name": one.name, "label": one.label, "help": one.help, "is_on": one.name not in off}
            for one in schools.switchable_modules()
        ],
        "may": schools.can_decide_for_school(request.person, request.person.school_id).allowed,
    }
    return render(request, "school/modules.html", context)


@for_keepers
@require_POST
def switch_module(request: SignedInRequest) -> HttpResponse:
    """Turn one part on or off."""
    require(schools.can_decide_for_school(request.person, request.person.school_id))
    name = request.POST.get("module", "")
    if name not in {one.name for one in schools.switchable_modules()}:
        raise NotVisible
    is_on = request.POST.get("is_on") == "1"
    schools.switch_module(actor=request.person, school=request.person.school, module=name, is_on=is_on)
    messages.success(request, _("It is on.") if is_on else _("It is off: nobody at the school sees it any more."))
    return redirect("people:modules")
