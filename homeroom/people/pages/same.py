"""One human entered twice: find the other entry, see what will happen, make the two one."""

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

from homeroom.kit.errors import Invalid
from homeroom.people import access, labels, services
from homeroom.people.contact import normal_phone, phone_key
from homeroom.people.models import Enrolment, Guardianship, Person
from homeroom.people.pages.setup import for_keepers, said
from homeroom.people.requests import SignedInRequest

AT_ONCE = 20


@for_keepers
@require_http_methods(["GET", "POST"])
def same_person(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Choose another entry of the same person; see what will happen; do it."""
    person = access.get_colleague_for(request.person, uuid)
    errors: dict[str, str] = {}
    asked = request.POST if request.method == "POST" else request.GET
    other = access.get_colleague_for(request.person, _uuid(asked["other"])) if asked.get("other") else None
    if request.method == "POST" and other is not None:
        try:
            account = request.POST.get("account")
            services.merge_persons(
                actor=request.person,
                kept=person,
                other=other,
                now=timezone.now(),
                account=_uuid(account) if account else None,
            )
        except Invalid as wrong:
            errors = said(wrong)
        else:
            messages.success(request, _("The two entries are one now."))
            return redirect("people:same_person", uuid)
    preview = services.preview_merge(actor=request.person, kept=person, other=other) if other is not None else None
    q = request.GET.get("q", "").strip()
    context = {
        "person": person,
        "entry": _entry(person),
        "other": _entry(other) if other is not None else None,
        "preview": preview,
        "rows": sum(n for module, n in preview.rows.items() if module != "people") if preview is not None else 0,
        "accounts": [
            (str(one.account.uuid), _("%(name)s (last signed in %(day)s)") % {"name": one.account.username, "day": day})
            for one in (person, other)
            if one is not None and one.account is not None
            for day in [one.account.last_login.date() if one.account.last_login else "–"]
        ],
        "found": [_entry(one) for one in _alike(person, q)] if other is None else [],
        "asked": q,
        "errors": errors,
    }
    return render(request, "people/same_person.html", context, status=422 if errors else 200)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _alike(person: Person, q: str) -> list[Person]:
    """Entries of the school that may be the same human: what was looked for, else same name, number or ID number."""
    found = Person.objects.filter(school_id=person.school_id, archived_at__isnull=True).exclude(pk=person.pk)
    found = found.exclude(pk__in=Enrolment.objects.filter(school_id=person.school_id).values("student_id"))
    if q:
        wanted = Q(name__icontains=q) | Q(pinyin__icontains=q.lower())
        if phone_key(q):
            wanted |= Q(phone_key=phone_key(q))
    else:
        wanted = Q(name=person.name)
        for column in ("phone_key", "id_number_key"):
            if getattr(person, column):
                wanted |= Q(**{column: getattr(person, column)})
    return list(found.filter(wanted).select_related("account").order_by("pinyin", "id")[:AT_ONCE])


def _entry(person: Person) -> dict[str, Any]:
    edges = Guardianship.objects.filter(guardian=person).select_related("student")
    return {
        "person": person,
        "label": labels.label(person),
        "phone": normal_phone(person.phone),
        "children": [edge.student.name for edge in edges],
        "joined": person.account_id is not None,
    }
