"""Staff and their duties: who does what, from when to when, and who stands in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people import access, labels, services
from homeroom.people.contact import normal_phone
from homeroom.people.models import Delegation, Enrolment, Guardianship, Person, Role
from homeroom.people.pages.setup import day_of, for_keepers, said
from homeroom.people.queries import SCHOOL_WIDE
from homeroom.people.requests import SignedInRequest
from homeroom.people.second_factor import has_second_factor
from homeroom.school.models import Grade, SchoolClass, Subject


@for_keepers
@require_http_methods(["GET", "POST"])
def staff(request: SignedInRequest) -> HttpResponse:
    """Everybody who works at the school; add somebody."""
    school, errors = request.person.school, {}
    if request.method == "POST":
        try:
            person = services.add_staff(
                actor=request.person,
                school=school,
                name=request.POST.get("name", ""),
                phone=request.POST.get("phone", ""),
                staff_number=request.POST.get("staff_number", ""),
            )
        except Invalid as wrong:
            errors = said(wrong)
        else:
            messages.success(request, _("Added. Now say what they do."))
            return redirect("people:staff_member", person.uuid)
    asked = request.GET.get("q", "").strip()
    found = _staff_of(school.pk)
    if asked:
        found = found.filter(Q(name__icontains=asked) | Q(pinyin__icontains=asked.lower()))
    people = list(found.order_by("pinyin", "id")[:400])
    named = labels.labels((person.pk for person in people), on=request.person.today)
    context = {
        "people": [{"person": person, "label": named[person.pk], "joined": person.account_id} for person in people],
        "asked": asked,
        "errors": errors,
        "typed": request.POST.dict(),
    }
    return render(request, "school/staff.html", context, status=422 if errors else 200)


def _staff_of(school_id: int) -> Any:
    """Those with a duty, and those just added who have none yet: nobody's pupil, guardian or delegate."""
    roles = Role.objects.filter(school_id=school_id).values("person_id")
    students = Enrolment.objects.filter(school_id=school_id).values("student_id")
    guardians = Guardianship.objects.filter(school_id=school_id).values("guardian_id")
    delegates = Delegation.objects.filter(school_id=school_id).values("delegate_id")
    return Person.objects.filter(school_id=school_id, archived_at__isnull=True).filter(
        Q(pk__in=roles) | (~Q(pk__in=students) & ~Q(pk__in=guardians) & ~Q(pk__in=delegates) & Q(student_number=""))
    )


@for_keepers
@require_http_methods(["GET", "POST"])
def staff_member(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """One member of staff: name and phone, duties with dates, substitutes, the way in."""
    person = access.get_colleague_for(request.person, uuid)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            done = _change(request, person)
        except Invalid as wrong:
            errors = said(wrong)
        else:
            messages.success(request, done)
            return redirect("people:staff_member", uuid)
    today = request.person.today
    roles = list(
        Role.objects.filter(person=person)
        .select_related("grade", "school_class", "subject", "stands_in_for__person")
        .order_by("ends_on", "kind", "id")
    )
    standing_in = list(
        Role.objects.filter(stands_in_for__person=person, ends_on__gte=today).select_related("person", "stands_in_for")
    )
    wide = access.can_give_role(request.person, person.school_id, Role.Kind.OFFICE).allowed
    kinds = [choice for choice in Role.Kind.choices if wide or choice[0] not in SCHOOL_WIDE]
    colleagues = _staff_of(person.school_id).exclude(pk=person.pk).order_by("pinyin").values_list("uuid", "name")
    context = {
        "person": person,
        "label": labels.label(person),
        "phone": normal_phone(person.phone),
        "roles": [_role_row(role, today, wide) for role in roles if role.ends_on is None or role.ends_on >= today],
        "past": [_role_row(role, today, wide) for role in roles if role.ends_on is not None and role.ends_on < today],
        "standing_in": standing_in,
        "kinds": kinds,
        "grades": list(Grade.objects.filter(school_id=person.school_id).values_list("pk", "name")),
        "classes": list(
            SchoolClass.objects.filter(school_id=person.school_id, archived_at__isnull=True).values_list("pk", "name")
        ),
        "subjects": list(Subject.objects.filter(school_id=person.school_id).values_list("pk", "name")),
        "colleagues": [(str(one), name) for one, name in colleagues],
        "joined": person.account_id is not None,
        "has_second_factor": person.account_id is not None and has_second_factor(person.account_id),
        "may_reset": access.can_reset_second_factor(request.person, person).allowed,
        "may_invite": access.can_invite(request.person, [person]).allowed,
        "errors": errors,
        "typed": request.POST.dict(),
        "today": today,
    }
    return render(request, "school/staff_member.html", context, status=422 if errors else 200)


def _role_row(role: Role, today: Any, wide: bool) -> dict[str, Any]:
    place = role.school_class or role.grade
    return {
        "role": role,
        "what": str(role.get_kind_display()),
        "where": " · ".join(str(part) for part in (place, role.subject) if part),
        "for_whom": role.stands_in_for.person.name if role.stands_in_for else "",
        "later": role.starts_on is not None and role.starts_on > today,
        "may_end": wide or role.kind not in SCHOOL_WIDE,
    }


def _change(request: SignedInRequest, person: Person) -> str:
    data, action = request.POST, request.POST.get("action", "")
    if action == "person":
        services.change_person(
            actor=request.person,
            person=person,
            name=data.get("name", ""),
            phone=data.get("phone", ""),
            staff_number=data.get("staff_number", ""),
        )
        return _("Saved.")
    if action == "role":
        services.give_role(
            actor=request.person,
            person=person,
            kind=data.get("kind", ""),
            grade=_of(Grade, person, data.get("grade")),
            school_class=_of(SchoolClass, person, data.get("school_class")),
            subject=_of(Subject, person, data.get("subject")),
            starts_on=day_of(data, "starts_on"),
            ends_on=day_of(data, "ends_on"),
        )
        return _("Saved.")
    if action == "second_factor":
        services.reset_second_factor(actor=request.person, person=person)
        return _("Removed. They set up a new one when they sign in next.")
    role = _of(Role, person, data.get("role"), person=person)
    if role is None:
        raise NotVisible
    if action == "end":
        services.end_role(actor=request.person, role=role, now=timezone.now())
        return _("The duty has ended.")
    if action == "substitute":
        try:
            chosen = access.get_colleague_for(request.person, UUID(data.get("person", "")))
        except ValueError:
            wrong = _("Choose who stands in.")
            raise Invalid(wrong, fields={"person": wrong}) from None
        first, last = day_of(data, "starts_on"), day_of(data, "ends_on")
        if first is None or last is None:
            wrong = _("A substitute needs a first and a last day.")
            raise Invalid(wrong, fields={"ends_on": wrong})
        services.appoint_substitute(actor=request.person, role=role, person=chosen, starts_on=first, ends_on=last)
        return _("%(name)s stands in.") % {"name": chosen.name}
    raise NotVisible


def _of(model: Any, whose: Person, text: str | None, **conditions: Any) -> Any:
    if not text or not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return model.objects.filter(school_id=whose.school_id, pk=int(text), **conditions).first()
