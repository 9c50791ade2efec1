"""A pupil's own conversations: which teachers they may write to, and beginning one."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from homeroom.conversations import roster, services
from homeroom.conversations.models import HouseRules
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Enrolment, Person, Role
from homeroom.people.public import labels, signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.school.models import School, Stage

from .inbox import MODULE

WAYS: dict[str, str | Promise] = {
    roster.SPEAK: _("Guardians read along and may write"),
    roster.READ: _("Guardians read along"),
    roster.NONE: _("Guardians are not included"),
    roster.OFF: _("No such conversations"),
}
BEFORE: dict[str, str | Promise] = {  # what a pupil is told before the first word
    roster.SPEAK: _("Your guardians read along, and may write as well."),
    roster.READ: _("Your guardians read along."),
    roster.NONE: _("Only you and the teacher read this, and whoever stands in for the teacher."),
}


def stages_of(school: School, rules: HouseRules | None) -> list[tuple[str, str, str]]:
    """(stage, its name, what guardians may) for the page of rules."""
    return [
        (stage, str(Stage(stage).label), roster.guardians_part(rules, stage))
        for stage in school.stages
        if stage in Stage.values
    ]


def own_teachers(person: Person) -> dict[str, object]:
    """For the page that begins a conversation: a pupil's teachers, and who will read along; nothing for others."""
    enrolment = (
        Enrolment.objects.filter(student=person, ends_on__isnull=True).select_related("school_class__grade").first()
    )
    if enrolment is None:
        return {}
    rules = HouseRules.objects.filter(school_id=person.school_id).first()
    part = roster.guardians_part(rules, enrolment.school_class.grade.stage)
    if part == roster.OFF:
        return {"no_pupil_threads": True}
    duties: dict[int, Role] = {}
    for role in roster.teachers_of(person.pk, on=person.today):
        duties.setdefault(role.person_id, role)
    named = labels(duties)
    return {
        "own_teachers": [(role.person.uuid, named[pk]) for pk, role in duties.items()],
        "who_reads_along": BEFORE[part],
    }


@require_POST
@signed_in(module=MODULE)
def pupil(request: SignedInRequest) -> HttpResponse:
    """A pupil opens their thread with a teacher of theirs."""
    try:
        uuid = UUID(request.POST.get("teacher", ""))
    except ValueError:
        raise NotVisible from None
    teacher = Person.objects.filter(school_id=request.person.school_id, uuid=uuid).first()
    if teacher is None:
        raise NotVisible
    thread = services.open_pupil_thread(actor=request.person, teacher=teacher, now=timezone.now())
    return redirect(f"{reverse('conversations:thread', args=[thread.uuid])}#write")
