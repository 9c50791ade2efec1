"""Beginning a conversation: which child, which teacher, which pupil's family; and the school's rules."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from homeroom.conversations import access, queries, roster, services
from homeroom.conversations.models import Conversation, Side
from homeroom.conversations.talking import about, cited_or_none, nearest_first, with_topic
from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people.models import Enrolment, Person, Role
from homeroom.people.public import children_of, labels, signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.school.models import Grade, SchoolClass

from .inbox import MODULE
from .pupils import WAYS, own_teachers, stages_of

Kind = Conversation.Kind
PUPILS = 100


def _uuid(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise NotVisible from None


@require_GET
@signed_in(module=MODULE)
def new(request: SignedInRequest) -> HttpResponse:
    """Whom to write to: a guardian sees each child's teachers, a teacher the pupils of their classes."""
    person = request.person
    topic = about(request.GET.get("cites", ""), person)
    children = []
    for child in children_of(person):
        if child.sees_records:
            duties: dict[int, list[Role]] = {}
            for role in roster.teachers_of(child.person_id, on=person.today):
                duties.setdefault(role.person_id, []).append(role)
            named = labels(duties)
            order, sender = nearest_first(duties, child.person_id, topic)
            teachers = [(duties[pk][0].person.uuid, named[pk], pk == sender) for pk in order if pk != person.pk]
            children.append((child, teachers))
    if topic is not None:  # the child it is about comes first
        children.sort(key=lambda row: row[0].person_id not in topic.card.student_ids)
    context = {"children": children, "quote": request.GET.get("quote", ""), "topic": topic, **_pupils(request)}
    context["class_channels"] = access.channels_to_open(person)
    context["rooms"] = _rooms_to_open(person)
    context |= own_teachers(person)
    return render(request, "conversations/new.html", context)


def _pupils(request: SignedInRequest) -> dict[str, object]:
    """The classes a teacher teaches, and the pupils of the chosen one, or by name."""
    person = request.person
    ids = {r.school_class_id for r in person.current_roles if r.kind in roster.TEACHING and r.school_class_id}
    classes = list(SchoolClass.objects.filter(pk__in=ids, archived_at__isnull=True).order_by("grade_id", "number"))
    asked = request.GET.get("q", "").strip()
    chosen = next((one for one in classes if str(one.uuid) == request.GET.get("class", "")), None)
    if chosen is None and classes and not asked:
        chosen = classes[0]
    wanted = [chosen.pk] if chosen is not None else [one.pk for one in classes]
    enrolled = Enrolment.objects.filter(
        school_class_id__in=wanted, ends_on__isnull=True, student__archived_at__isnull=True
    ).select_related("student", "school_class")
    if asked:
        enrolled = enrolled.filter(Q(student__name__icontains=asked) | Q(student__pinyin__icontains=asked.lower()))
    rows = enrolled.order_by("school_class__grade_id", "school_class__number", "student__student_number")[:PUPILS]
    return {"classes": classes, "chosen": chosen, "asked": asked, "pupils": list(rows) if classes else []}


def _rooms_to_open(person: Person) -> list[tuple[str, str]]:
    """(grade id or "", name) of the staff rooms that do not exist and that the person may open."""
    there = set(
        Conversation.objects.filter(school_id=person.school_id, kind=Kind.STAFF).values_list("grade_id", flat=True)
    )
    found = [("", _("Whole school"))] if None not in there and access.can_open_room(person, None) else []
    for grade in Grade.objects.filter(school_id=person.school_id, classes__archived_at__isnull=True).distinct():
        if grade.pk not in there and access.can_open_room(person, grade.pk):
            found.append((str(grade.pk), grade.name))
    return found


@require_POST
@signed_in(module=MODULE)
def start(request: SignedInRequest) -> HttpResponse:
    """Open the thread about a child with one of its teachers; with `quote` as the answer to a message read elsewhere.

    A teacher names only the pupil. Who answers a class channel names only the message: its author is the teacher, and
    the child is asked for when there are two in the class.
    """
    person, now = request.person, timezone.now()
    quote = request.POST.get("quote", "")
    here = Person.objects.filter(school_id=person.school_id)
    teacher = here.filter(uuid=_uuid(request.POST["teacher"])).first() if request.POST.get("teacher") else None
    student = here.filter(uuid=_uuid(request.POST["student"])).first() if request.POST.get("student") else None
    if quote and teacher is None:
        quoted = access.get_message_for(person, _uuid(quote), now=now)
        teacher = here.get(pk=quoted.author_id)
        if student is None:
            own = [c for c in children_of(person) if c.class_id == quoted.conversation.school_class_id]
            if len(own) != 1:
                return redirect(f"{reverse('conversations:new')}?quote={quote}")
            student = here.get(pk=own[0].person_id)
        teacher = _who_answers(teacher, student)
    if student is None:
        raise NotVisible
    if teacher is None:
        enrolment = Enrolment.objects.filter(student=student, ends_on__isnull=True).first()
        answers = roster.thread_teacher(person, enrolment.school_class_id) if enrolment is not None else None
        teacher = here.filter(pk=answers).first() if answers is not None else None
        if teacher is None:
            raise NotVisible
    thread = services.open_family_thread(actor=person, student=student, teacher=teacher, now=now)
    address = reverse("conversations:thread", args=[thread.uuid])
    cites = request.POST.get("cites", "") if cited_or_none(request.POST.get("cites", "")) else ""
    return redirect(with_topic(address, {"quote": _uuid(quote) if quote else "", "cites": cites}))


def _who_answers(author: Person, student: Person) -> Person:
    """Whoever answers for what `author` wrote in the channel: they themself, or whom they stand in for."""
    enrolment = Enrolment.objects.filter(student=student, ends_on__isnull=True).first()
    answers = roster.thread_teacher(author, enrolment.school_class_id) if enrolment is not None else None
    return author if answers is None or answers == author.pk else Person.objects.get(pk=answers)


@require_POST
@signed_in(module=MODULE)
def channel(request: SignedInRequest) -> HttpResponse:
    """Open the channel of a class one heads."""
    place = SchoolClass.objects.filter(
        school_id=request.person.school_id, uuid=_uuid(request.POST.get("school_class", "")), archived_at__isnull=True
    ).first()
    if place is None:
        raise NotVisible
    made = services.open_channel(actor=request.person, school_class=place, now=timezone.now())
    return redirect("conversations:thread", made.uuid)


@require_POST
@signed_in(module=MODULE)
def room(request: SignedInRequest) -> HttpResponse:
    """Open a staff room: of a grade, or without one of the whole school."""
    given = request.POST.get("grade", "")
    grade = None
    if given and not (given.isascii() and given.isdigit() and len(given) < 19):
        raise NotVisible
    if given:
        grade = Grade.objects.filter(school_id=request.person.school_id, pk=int(given)).first()
        if grade is None:
            raise NotVisible
    made = services.open_staff_room(actor=request.person, grade=grade, now=timezone.now())
    there = made.memberships.filter(person=request.person, left_at__isnull=True, side=Side.STAFF).exists()
    return redirect("conversations:thread", made.uuid) if there else redirect("conversations:list")


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def rules(request: SignedInRequest) -> HttpResponse:
    """Open answers in class channels, guardians in pupils' threads, and the duty phone."""
    if not access.can_change_rules(request.person, request.person.school_id):
        raise NotVisible
    found = queries.rules_of(request.person.school_id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            services.change_rules(
                actor=request.person,
                school=request.person.school,
                open_replies=request.POST.get("open_replies") == "on",
                read_first=request.POST.get("read_first") == "on",
                duty_phone=request.POST.get("duty_phone", ""),
                pupil_threads={
                    stage: request.POST[f"pupils_{stage}"]
                    for stage in request.person.school.stages
                    if f"pupils_{stage}" in request.POST
                },
                now=timezone.now(),
            )
        except Invalid as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()}
        else:
            messages.success(request, _("Saved."))
            return redirect("conversations:list")
    stages = stages_of(request.person.school, found)
    context = {
        "rules": found,
        "errors": errors,
        "stages": stages,
        "ways": list(WAYS.items()),
        "typed": request.POST.get("duty_phone", found.duty_phone),
    }
    return render(request, "conversations/rules.html", context, status=422 if errors else 200)
