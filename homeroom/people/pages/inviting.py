"""Inviting guardians and staff: who has joined, who has not, and slips for paper."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people import queries, services
from homeroom.people.access import headed_classes
from homeroom.people.decorators import signed_in
from homeroom.people.models import Person
from homeroom.people.requests import SignedInRequest
from homeroom.people.slips import slips
from homeroom.school.models import SchoolClass

AT_ONCE = 600  # slips on one page; a browser prints more only slowly


def _classes(person: Person) -> list[SchoolClass]:
    found = SchoolClass.objects.filter(school_id=person.school_id, archived_at__isnull=True)
    if not person.keeps_roster(person.school_id):
        found = found.filter(pk__in=headed_classes(person))
    return list(found.order_by("grade_id", "number"))


@signed_in
@require_GET
def invitations(request: SignedInRequest) -> HttpResponse:
    """A class's guardians: joined or not, invited or not; choose for whom to print slips."""
    classes = _classes(request.person)
    if not classes:
        raise NotVisible
    wanted = request.GET.get("class", "")
    chosen = next((one for one in classes if str(one.uuid) == wanted), classes[0])
    rows = queries.class_guardians([chosen.pk], now=timezone.now())
    context = {
        "classes": classes,
        "chosen": chosen,
        "class_options": [(one.uuid, one.name) for one in classes],
        "rows": rows,
        "joined": sum(row.joined for row in rows),
        "missing": [row for row in rows if not row.joined],
        "keeps_roster": request.person.keeps_roster(request.person.school_id),
    }
    return render(request, "people/invitations.html", context)


@signed_in
@never_cache
@require_POST
def print_slips(request: SignedInRequest) -> HttpResponse:
    """New invitations for those ticked, shown once as slips to print: the links are not kept."""
    try:
        wanted = [UUID(text) for text in request.POST.getlist("person")]
    except ValueError:
        raise NotVisible from None
    persons = Person.objects.filter(school_id=request.person.school_id, uuid__in=wanted).values_list("pk", "uuid")
    by_uuid = {uuid: pk for pk, uuid in persons}
    ids = [by_uuid[uuid] for uuid in wanted if uuid in by_uuid]
    if not ids:
        raise Invalid(_("Nobody is ticked. Go back and tick for whom you want slips."))
    if len(ids) > AT_ONCE:
        raise Invalid(_("That is too many at once. Print class by class."))
    issued = services.create_invitations(actor=request.person, person_ids=ids, now=timezone.now())
    context = {"slips": slips(issued), "school": request.person.school, "back": request.POST.get("back", "")}
    return render(request, "people/print_slips.html", context)
