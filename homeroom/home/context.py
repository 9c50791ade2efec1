"""What is known about a child beside a conversation about it: each module enters its own, with the viewer's rights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.views.decorators.http import require_GET

from homeroom.people.models import Person
from homeroom.people.public import current_classes, get_student_for, signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.school.public import uses

# Words, a note beside them, and an address; the last two may be empty. Plain tuples: modules below know no more.
Line = tuple[str | Promise, str | Promise, str]
Make = Callable[[Person, Person, datetime], Sequence[Line]]  # viewer, student, now


@dataclass(frozen=True, slots=True)
class Context:
    """One heading of the panel. `module` is what a school may switch off; `nothing` is said when there is nothing."""

    label: str | Promise
    make: Make
    nothing: str | Promise
    module: str


_contexts: list[Context] = []


def register_context(label: str | Promise, make: Make, *, nothing: str | Promise, module: str = "") -> None:
    """Show `label` with what `make(viewer, student, now)` gives, in the order of registration."""
    _contexts.append(Context(label, make, nothing, module))


@require_GET
@signed_in
def about_child(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The panel as a page of its own, or as the fragment a conversation shows beside itself."""
    student = get_student_for(request.person, uuid)
    now = timezone.now()
    parts = [
        (one, one.make(request.person, student, now))
        for one in _contexts
        if not one.module or uses(request.person.school, one.module)
    ]
    context = {
        "student": student,
        "class_name": current_classes([student.pk]).get(student.pk, (None, ""))[1],
        "parts": parts,
    }
    inside = request.headers.get("HX-Request") == "true"
    return render(request, "home/context_parts.html" if inside else "home/context.html", context)
