"""The school's duty roster: who can be reached outside working time."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from homeroom.conversations import access
from homeroom.conversations.models import DutyShift
from homeroom.conversations.services import keeping_time
from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people.models import Person
from homeroom.people.public import label, labels, signed_in
from homeroom.people.requests import SignedInRequest

from .inbox import MODULE
from .my_hours import colleagues, day_of, uuid_of


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def duty(request: SignedInRequest) -> HttpResponse:
    """Who is on duty from now on, and entering another shift."""
    person = request.person
    if not access.can_keep_duty(person, person.school_id):
        raise NotVisible
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            done = _change(request)
        except Invalid as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()} or {"person": str(wrong)}
        else:
            messages.success(request, done)
            return redirect("conversations:duty")
    shifts = list(
        DutyShift.objects.filter(school_id=person.school_id, ends_on__gte=person.today).select_related("person")
    )
    named = labels([shift.person_id for shift in shifts])
    context = {
        "shifts": [(shift, named.get(shift.person_id, ""), shift.starts_on <= person.today) for shift in shifts],
        "staff": [("", _("Choose")), (str(person.uuid), f"{person.name}（{label(person)}）"), *colleagues(person)],
        "typed": request.POST.dict(),
        "errors": errors,
    }
    return render(request, "conversations/duty.html", context, status=422 if errors else 200)


def _change(request: SignedInRequest) -> str:
    actor, given, now = request.person, request.POST, timezone.now()
    if "remove" in given:
        shift = DutyShift.objects.filter(school_id=actor.school_id, uuid=uuid_of(given["remove"])).first()
        if shift is None:
            raise NotVisible
        keeping_time.remove_shift(actor=actor, shift=shift, now=now)
        return _("The shift was removed.")
    person = Person.objects.filter(school_id=actor.school_id, uuid=uuid_of(given.get("person", ""))).first()
    if person is None:
        nobody = _("Choose somebody.")
        raise Invalid(nobody, fields={"person": nobody})
    keeping_time.add_shift(
        actor=actor, person=person, phone=given.get("phone", ""), takes_messages=given.get("takes_messages") == "on",
        starts_on=day_of(given, "starts_on"), ends_on=day_of(given, "ends_on"), now=now,
    )  # fmt: skip
    return _("Saved.")
