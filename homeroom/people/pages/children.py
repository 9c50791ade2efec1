"""A child's guardians: who answers, with which rights, from when to when; who can see the child, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from homeroom.audit import public as audit
from homeroom.audit.public import Entry
from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people import access, labels, queries, services
from homeroom.people.contact import normal_phone, phone_key
from homeroom.people.decorators import signed_in
from homeroom.people.models import Delegation, Guardianship, Person
from homeroom.people.pages.setup import day_of, for_keepers, said
from homeroom.people.requests import SignedInRequest
from homeroom.people.ways import ways_for
from homeroom.school.models import SchoolClass

LATELY = timedelta(days=60)
RIGHTS = ("sees_records", "may_confirm", "may_sign", "may_pick_up")


@signed_in
@require_GET
def students(request: SignedInRequest) -> HttpResponse:
    """The students I see by duty, by class or by name; leads to each one's guardians."""
    person = request.person
    if not person.is_staff_member:
        raise NotVisible
    classes = list(
        SchoolClass.objects.filter(access.classes_of(person), archived_at__isnull=True).order_by("grade_id", "number")
    )
    if person.has_role(*queries.SCHOOL_WIDE):
        classes = list(SchoolClass.objects.filter(school_id=person.school_id, archived_at__isnull=True))
    asked = request.GET.get("q", "").strip()
    chosen = next((one for one in classes if str(one.uuid) == request.GET.get("class", "")), None)
    found = access.visible_students(person).filter(archived_at__isnull=True)
    if asked:
        found = found.filter(
            Q(name__icontains=asked) | Q(pinyin__icontains=asked.lower()) | Q(student_number__iexact=asked)
        )
    else:
        chosen = chosen or (classes[0] if classes else None)
    if chosen is not None:
        found = found.filter(enrolments__school_class=chosen, enrolments__ends_on__isnull=True)
    rows = list(found.order_by("student_number", "pinyin", "id")[:200])
    today = person.today
    guardians = queries.guardians_of([row.pk for row in rows], on=today)
    class_names = queries.current_classes([row.pk for row in rows])
    context = {
        "classes": classes,
        "chosen": chosen,
        "asked": asked,
        "rows": [
            {
                "student": row,
                "class_name": class_names.get(row.pk, (None, ""))[1],
                "guardians": [
                    {
                        "text": f"{labels.relation_word(edge.relation)} {guardian.name}",
                        "joined": guardian.account_id is not None,
                        "restricted": bool(edge.restriction),
                    }
                    for guardian, edge in guardians.get(row.pk, [])
                ],
            }
            for row in rows
        ],
    }
    return render(request, "people/students.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
def guardians(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Who answers for a child, in the order in which they are called; add, change, end."""
    student = access.get_student_for(request.person, uuid)
    may = access.can_answer_for(request.person, student).allowed
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            done = _change(request, student)
        except Invalid as wrong:
            errors = said(wrong)
        else:
            messages.success(request, done)
            return redirect("people:guardians", uuid)
    today = request.person.today
    edges = list(
        Guardianship.objects.filter(student=student).select_related("guardian").order_by("contact_order", "id")
    )
    lent = Delegation.objects.filter(
        guardianship__in=edges, revoked_at__isnull=True, ends_on__gte=today
    ).select_related("delegate")
    by_edge: dict[int, list[Delegation]] = {}
    for row in lent:
        by_edge.setdefault(row.guardianship_id, []).append(row)
    notes = access.can_read_custody_note(request.person, student).allowed
    contact = access.can_phone_guardians(request.person, student).allowed
    context = {
        "student": student,
        "class_name": queries.current_classes([student.pk]).get(student.pk, (None, ""))[1],
        "siblings": _siblings(request.person, student, edges),
        "rows": [
            {
                "edge": edge,
                "label": labels.guardian_label(student.name, edge.relation),
                "phone": normal_phone(edge.guardian.phone) if contact else "",
                "joined": edge.guardian.account_id is not None,
                "lent": by_edge.get(edge.pk, []),
                "note": edge.custody_note if notes else "",
                "over": edge.ends_on is not None and edge.ends_on < today,
                "later": edge.starts_on is not None and edge.starts_on > today,
            }
            for edge in edges
            # A family sees that somebody answers for the child, never why somebody is barred.
            if notes or not edge.restriction or edge.guardian_id == request.person.pk
        ],
        "may": may,
        "ways": ways_for(request.person, student),
        "relations": Guardianship.Relation.choices,
        "restrictions": Guardianship.Restriction.choices,
        "history": _history(student) if may else [],
        "errors": errors,
        "typed": request.POST.dict(),
        "today": today,
    }
    return render(request, "people/guardians.html", context, status=422 if errors else 200)


def _siblings(viewer: Person, student: Person, edges: list[Guardianship]) -> list[Person]:
    shared = Guardianship.objects.filter(guardian_id__in=[edge.guardian_id for edge in edges]).exclude(student=student)
    return list(access.visible_students(viewer).filter(pk__in=shared.values("student_id")).order_by("id"))


def _change(request: SignedInRequest, student: Person) -> str:
    data, action = request.POST, request.POST.get("action", "")
    if action == "add":
        services.add_guardian(
            actor=request.person,
            student=student,
            guardian=_known(student, data) if access.can_answer_for(request.person, student) else None,
            relation=_relation(data),
            name=data.get("name", ""),
            phone=data.get("phone", ""),
        )
        return _("Added. Print a slip so that they can join.")
    edge_id = data.get("edge", "")
    edge = (
        Guardianship.objects.select_related("student", "guardian")
        .filter(student=student, pk=int(edge_id) if edge_id.isascii() and edge_id.isdigit() else 0)
        .first()
    )
    if edge is None:
        raise NotVisible
    if action == "end":
        services.end_guardianship(actor=request.person, edge=edge, on=request.person.today)
        return _("Ends today.")
    if action == "change":
        restriction = data.get("restriction", "")
        changes: dict[str, Any] = {
            "relation": _relation(data),
            "restriction": restriction if restriction in Guardianship.Restriction.values else edge.restriction,
            "contact_order": min(max(int(data.get("contact_order") or 1), 1), 20)
            if (data.get("contact_order") or "1").isdigit()
            else edge.contact_order,
            "starts_on": day_of(data, "starts_on"),
            "ends_on": day_of(data, "ends_on"),
            "custody_note": data.get("custody_note", "").strip()[:1000],
            **{right: right in data for right in RIGHTS},
        }
        changed = services.change_guardianship(actor=request.person, edge=edge, changes=changes)
        return _("Saved; it holds at once.") if changed else _("Nothing was changed.")
    raise NotVisible


def _known(student: Person, data: QueryDict) -> Person | None:
    """Somebody of the school with this name and phone is the same person, not a second one."""
    key = phone_key(data.get("phone", ""))
    if not key:
        return None
    same = Person.objects.filter(
        school_id=student.school_id, phone_key=key, name=data.get("name", "").strip(), archived_at__isnull=True
    ).exclude(pk=student.pk)[:2]
    return same[0] if len(same) == 1 else None


def _relation(data: QueryDict) -> str:
    relation = data.get("relation", "")
    if relation not in Guardianship.Relation.values:
        missing = _("Choose the relation to the child.")
        raise Invalid(missing, fields={"relation": missing})
    return relation


@signed_in
@require_GET
def why(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Everybody who can see this child, and for which reason; for the family and those who may change it."""
    student = access.get_student_for(request.person, uuid)
    keeper = access.can_answer_for(request.person, student).allowed
    family = Guardianship.objects.in_force(request.person.today).filter(guardian=request.person, student=student)
    if not keeper and not family.exists() and request.person.pk != student.pk:
        raise NotVisible
    viewers = queries.who_can_see(student, on=request.person.today)
    if not keeper:  # that somebody is barred is not the other side's to know
        viewers = [
            replace(one, reasons=[replace(reason, details=[]) for reason in one.reasons if not reason.barred])
            for one in viewers
            if one.sees
        ]
    context = {
        "student": student,
        "viewers": viewers,
        "keeper": keeper,
        "person": request.person,
        "added": _added(student) if keeper else {},
    }
    return render(request, "people/why.html", context)


@for_keepers
@require_GET
def families_changed(request: SignedInRequest) -> HttpResponse:
    """What those outside the office changed lately about who answers for a child."""
    person = request.person
    since = timezone.now() - LATELY
    entries = queries.changed_by_others(person.school_id, since=since, on=person.today)[:200]
    ids = {value for entry in entries for value in (entry.details.get("guardian_id"), entry.details.get("delegate_id"))}
    actors = {int(entry.actor[7:]) for entry in entries}
    students = Person.objects.in_bulk({entry.target_id for entry in entries if entry.target_id})
    named = labels.labels({one for one in ids if one} | actors)
    rows = [
        {"student": students[entry.target_id], "at": entry.at, "what": _told(entry, named), "by": _actor(entry, named)}
        for entry in entries
        if entry.target_id in students
    ]
    return render(request, "people/families_changed.html", {"rows": rows, "days": LATELY.days})


def _added(student: Person) -> dict[int, str]:
    """guardian → by whom they were added; an import says so too."""
    entries = list(audit.about(student).filter(action="guardianship.added"))
    named = labels.labels({int(entry.actor[7:]) for entry in entries if entry.actor.startswith("person:")})
    return {entry.details.get("guardian_id", 0): _actor(entry, named) for entry in reversed(entries)}


def _history(student: Person) -> list[dict[str, Any]]:
    entries = list(audit.about(student)[:40])
    ids = {value for entry in entries for value in (entry.details.get("guardian_id"), entry.details.get("delegate_id"))}
    actors = {int(entry.actor[7:]) for entry in entries if entry.actor.startswith("person:")}
    named = labels.labels({one for one in ids if one} | actors)
    return [{"at": entry.at, "what": _told(entry, named), "by": _actor(entry, named)} for entry in entries]


def _actor(entry: Entry, named: dict[int, str]) -> str:
    if entry.actor.startswith("person:"):
        return named.get(int(entry.actor[7:]), "")
    return _("the system (%(name)s)") % {"name": entry.actor.partition(":")[2]}


def _told(entry: Entry, named: dict[int, str]) -> str:
    whom = named.get(entry.details.get("guardian_id") or entry.details.get("delegate_id") or 0, "")
    words = {
        "guardianship.added": _("%(whom)s was added as guardian"),
        "guardianship.changed": _("Rights of %(whom)s were changed"),
        "guardianship.ended": _("%(whom)s no longer answers for the child"),
        "guardianship.lent": _("%(whom)s was asked to stand in"),
        "guardianship.taken_back": _("%(whom)s no longer stands in"),
        "person.added": _("Added to the school"),
        "person.changed": _("Name or number corrected"),
    }
    text = words.get(entry.action)
    return text % {"whom": whom} if text else _("Changed by an import")
