"""Pages of saved groups, and the fragments of the audience picker."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from homeroom.kit.access import require
from homeroom.kit.errors import Invalid
from homeroom.people.models import Enrolment, Person
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest

from . import access, picker, queries, services
from .audience import Audience
from .models import SavedGroup


def _uuids(values: list[str]) -> list[UUID]:
    try:
        return [UUID(value.rpartition(":")[2]) for value in values]
    except ValueError as wrong:
        raise Invalid from wrong


def picker_markup(request: SignedInRequest, audience: Audience, *, error: str = "") -> SafeString:
    """The picker as a part of another module's form: fields `any`, `except` and `pupils_too`."""
    context = {
        "choices": picker.choices_for(request.person),
        "chosen": {str(part) for part in audience.any},
        "singles": [(value, words) for value, words in picker.labels_of(request.person, Audience(audience.any))],
        "left_out": picker.labels_of(request.person, Audience((), audience.except_)),
        "pupils_too": audience.pupils_too,
        "error": error,
    }
    return mark_safe(render_to_string("groups/picker.html", context, request))  # noqa: S308  (our own template)


@require_POST
@signed_in
def preview(request: SignedInRequest) -> HttpResponse:
    """Counts of guardians × children for what the picker holds now, and whom nothing reaches."""
    audience = picker.audience_from(request.POST)
    person = request.person
    decision = access.can_address(person, audience, person.today)
    context: dict[str, Any] = {"refusal": "" if decision else decision.reason, "preview": None, "audience": audience}
    if decision and audience:
        context["preview"] = queries.preview(audience, person.school, person.today)
        context["words"] = queries.describe(audience, person.school)
    return render(request, "groups/preview.html", context)


@require_GET
@signed_in
def find(request: SignedInRequest) -> HttpResponse:
    """Families (or, with `staff`, colleagues) whose name or pinyin matches, as buttons the picker adds."""
    q = request.GET.get("q", "")[:40]
    field = request.GET.get("field", "any")
    if field not in {"any", "except", "members", "keepers"}:
        raise Invalid
    found = [] if field == "keepers" else picker.families(request.person, q)
    if field in {"members", "keepers"} and request.person.current_roles:
        found += [
            picker.Choice(f"staff:{one.uuid}", one.name, None, _("Staff"))
            for one in picker.colleagues(request.person, q)
        ]
    return render(request, "groups/found.html", {"found": found, "q": q, "field": field})


@require_GET
@signed_in
def group_list(request: SignedInRequest) -> HttpResponse:
    require(access.can_keep_groups(request.person))
    groups = picker.choices_for(request.person).groups
    return render(request, "groups/list.html", {"groups": groups})


@require_http_methods(["GET", "POST"])
@signed_in
def edit(request: SignedInRequest, uuid: UUID | None = None) -> HttpResponseBase:
    """Make or change a group."""
    person = request.person
    require(access.can_keep_groups(person))
    group = access.get_group_for(person, uuid) if uuid else None
    if group is not None:
        require(access.can_change_group(person, group))
    errors: dict[str, Any] = {}
    if request.method == "POST":
        names_keepers = access.addresses_school(person)
        try:
            services.save_group(
                actor=person,
                name=request.POST.get("name", ""),
                kind=request.POST.get("kind", ""),
                members=_uuids(request.POST.getlist("members")),
                keepers=_uuids(request.POST.getlist("keepers")) if names_keepers else None,
                group=group,
            )
        except Invalid as wrong:
            errors = dict(wrong.fields) or {"name": wrong.message}
        else:
            messages.success(request, _("The group is saved."))
            return redirect("groups:list")
        members = _chosen(person, request.POST.getlist("members"))
        keepers = _chosen(person, request.POST.getlist("keepers"))
    else:
        members = _of(group.members.values_list("person_id", flat=True)) if group else []
        keepers = _of(group.keepers.values_list("pk", flat=True)) if group else []
    context = {
        "group": group,
        "name": request.POST.get("name", group.name if group else ""),
        "kind": request.POST.get("kind", group.kind if group else SavedGroup.Kind.CLASS_PART),
        "kinds": SavedGroup.Kind.choices,
        "members": members,
        "keepers": keepers,
        "names_keepers": access.addresses_school(person),
        "classes": _class_lists(person),
        "errors": errors,
    }
    return render(request, "groups/edit.html", context, status=422 if errors else 200)


def _class_lists(person: Person) -> list[tuple[str, list[tuple[str, str]]]]:
    """The pupils in reach by class, for ticking; none for those who reach the whole school, who search instead."""
    if access.addresses_school(person):
        return []
    rows = (
        Enrolment.objects.filter(
            access.enrolments_in_reach(person), ends_on__isnull=True, student__archived_at__isnull=True
        )
        .order_by("school_class__grade_id", "school_class__number", "student__pinyin", "student_id")
        .values_list("school_class__name", "student__uuid", "student__name")
    )
    lists: dict[str, list[tuple[str, str]]] = {}
    for class_name, uuid, name in rows:
        lists.setdefault(class_name, []).append((str(uuid), name))
    return list(lists.items())


def _of(ids: Any) -> list[tuple[str, str]]:
    rows = Person.objects.filter(pk__in=ids).order_by("pinyin", "pk")
    return [(str(uuid), name) for uuid, name in rows.values_list("uuid", "name")]


def _chosen(person: Person, values: list[str]) -> list[tuple[str, str]]:
    return _of(Person.objects.filter(school_id=person.school_id, uuid__in=_uuids(values)).values("pk"))


@require_POST
@signed_in
def archive(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    group = access.get_group_for(request.person, uuid)
    services.archive_group(actor=request.person, group=group, now=timezone.now())
    messages.success(request, _("The group was removed. What was sent to it stays."))
    return redirect("groups:list")
