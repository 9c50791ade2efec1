"""Handing conversations over: which threads a teacher has, to whom they go, and from which day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from homeroom.conversations import access, roster, services
from homeroom.conversations.models import Conversation, Handover
from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people.models import Enrolment, Person, Role
from homeroom.people.public import current_classes, labels, signed_in
from homeroom.people.requests import SignedInRequest

from .inbox import MODULE

ENDS_SOON = timedelta(days=90)


@dataclass(slots=True)
class Group:
    """A teacher's threads of one class, and who could take them on, the class's own teachers first."""

    class_id: int
    class_name: str
    leaves_on: date | None = None  # the first day on which the teacher does not teach the class any more
    threads: list[Conversation] = field(default_factory=list)
    successors: list[tuple[str, str]] = field(default_factory=list)


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def handover(request: SignedInRequest) -> HttpResponse:
    """The leaving teacher's own threads; the office sees every teacher's."""
    person = request.person
    office = bool(person.keeps_roster(person.school_id))
    teacher = _teacher(request, office=office)
    errors: dict[str, str] = {}
    if request.method == "POST" and teacher is not None:
        try:
            made = _plan(request, teacher)
        except Invalid as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()}
        else:
            done = Handover.objects.filter(pk__in=[one.pk for one in made], done_at__isnull=False).count()
            messages.success(
                request, _("Handed over.") if done == len(made) else _("Planned. It happens by itself on that day.")
            )
            return redirect(f"{reverse('conversations:handover')}?teacher={teacher.uuid}")
    context: dict[str, Any] = {
        "teacher": teacher,
        "own": teacher is not None and teacher.pk == person.pk,
        "office": office,
        "errors": errors,
        "typed": request.POST,
        "today": person.today.isoformat(),
    }
    if teacher is not None:
        context |= _threads(teacher, person.today)
    if office:
        context["teachers"] = _teachers(person)
    return render(request, "conversations/handover.html", context, status=422 if errors else 200)


def _teacher(request: SignedInRequest, *, office: bool) -> Person | None:
    """Whose threads are looked at: one's own, or for the office whoever is named."""
    person = request.person
    asked = request.POST.get("leaving") or request.GET.get("teacher", "")
    own = any(role.kind in roster.TEACHING for role in person.current_roles)
    if not own and not office:
        raise NotVisible
    if not asked:
        return person if own and not office else None
    try:
        found = Person.objects.filter(school_id=person.school_id, uuid=UUID(asked)).first()
    except ValueError:
        raise NotVisible from None
    if found is None or (found.pk != person.pk and not office):
        raise NotVisible
    return found


def _plan(request: SignedInRequest, teacher: Person) -> list[Handover]:
    here = Conversation.objects.filter(school_id=teacher.school_id, teacher=teacher, kind__in=["family", "pupil"])
    try:
        chosen = [UUID(given) for given in request.POST.getlist("threads")[:500]]
        to = Person.objects.filter(school_id=teacher.school_id, uuid=UUID(request.POST.get("successor", ""))).first()
    except ValueError:
        raise NotVisible from None
    threads = list(here.filter(uuid__in=chosen))
    if to is None or len(threads) != len(set(chosen)):
        raise NotVisible
    try:
        on = parse_date(request.POST.get("on", ""))
    except ValueError:
        on = None
    if on is None:
        wrong = _("Give the day from which the successor answers.")
        raise Invalid(wrong, fields={"on": wrong})
    return services.plan_handover(
        actor=request.person, threads=threads, successor=to, on=on, note=request.POST.get("note", ""),
        now=timezone.now(),
    )  # fmt: skip


def _threads(teacher: Person, today: date) -> dict[str, Any]:
    """The teacher's threads by class, without those already planned, and the planned ones."""
    waiting = Handover.objects.filter(done_at__isnull=True, taken_back_at__isnull=True)
    planned = list(
        waiting.filter(conversation__teacher=teacher, conversation__school_id=teacher.school_id)
        .select_related("conversation__student", "successor")
        .order_by("on", "pk")
    )
    rows = list(
        Conversation.objects.filter(
            ~Exists(waiting.filter(conversation_id=OuterRef("pk"))),
            school_id=teacher.school_id, teacher=teacher, kind__in=["family", "pupil"],
            student__archived_at__isnull=True,
        ).select_related("student").order_by("student__pinyin", "pk")
    )  # fmt: skip
    classes = current_classes({row.student_id for row in rows if row.student_id})
    groups: dict[int, Group] = {}
    for row in rows:
        class_id, name = classes.get(row.student_id or 0, (None, ""))
        if class_id is not None:
            groups.setdefault(class_id, Group(class_id, name)).threads.append(row)
    teaching = list(
        Role.objects.filter(school_id=teacher.school_id, kind__in=roster.TEACHING, stands_in_for__isnull=True)
        .exclude(ends_on__lt=today)
        .filter(person__archived_at__isnull=True)
        .select_related("person")
        .order_by("pk")
    )
    named = labels({role.person_id for role in teaching} | {one.successor_id for one in planned})
    for group in groups.values():
        own = [role for role in teaching if role.person_id == teacher.pk and role.school_class_id == group.class_id]
        if own and all(role.ends_on for role in own):
            group.leaves_on = max(role.ends_on for role in own if role.ends_on) + timedelta(days=1)
        others = [role for role in teaching if role.person_id != teacher.pk]
        others.sort(key=lambda role: role.school_class_id != group.class_id)
        group.successors = list({str(role.person.uuid): named[role.person_id] for role in others}.items())
    return {
        "groups": sorted(groups.values(), key=lambda group: group.class_name),
        "planned": [(one, named.get(one.successor_id, "")) for one in planned],
    }


def _teachers(person: Person) -> list[tuple[UUID, str, int, bool]]:
    """(uuid, label, threads, whether somebody must take them on) of teachers with threads, the leaving first."""
    today = person.today
    counted = Conversation.objects.filter(
        school_id=person.school_id, kind__in=["family", "pupil"], student__archived_at__isnull=True
    )
    teaching = Role.objects.in_force(today).filter(
        person_id=OuterRef("teacher_id"), kind__in=roster.TEACHING, stands_in_for__isnull=True
    )
    class_of = Enrolment.objects.filter(student_id=OuterRef(OuterRef("student_id")), ends_on__isnull=True)
    stays = teaching.filter(school_class_id__in=class_of.values("school_class_id")).exclude(
        ends_on__lte=today + ENDS_SOON
    )
    left = counted.filter(~Exists(stays)).values_list("teacher_id").annotate(count=Count("pk"))
    leaving = dict(left.order_by())
    rows = dict(counted.values_list("teacher_id").annotate(count=Count("pk")).order_by())
    named = labels(pk for pk in rows if pk)
    uuids = dict(Person.objects.filter(pk__in=rows).values_list("pk", "uuid"))
    found = [(uuids[pk], named[pk], leaving.get(pk) or count, pk in leaving) for pk, count in rows.items() if pk]
    return sorted(found, key=lambda row: (not row[3], row[1]))


@require_POST
@signed_in(module=MODULE)
def take_back(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let a planned handover not happen."""
    planned = (
        Handover.objects.filter(pk=pk, conversation__school_id=request.person.school_id)
        .select_related("conversation__teacher")
        .first()
    )
    if planned is None or not access.can_hand_over(request.person, planned.conversation):
        raise NotVisible
    services.take_back_handover(actor=request.person, handover=planned, now=timezone.now())
    messages.success(request, _("It stays where it is."))
    teacher = planned.conversation.teacher
    return redirect(f"{reverse('conversations:handover')}?teacher={teacher.uuid if teacher else ''}")
