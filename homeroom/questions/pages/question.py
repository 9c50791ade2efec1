"""One question: its page for both sides, and what the family does on it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from homeroom.files import public as files
from homeroom.kit.bodies import accepts
from homeroom.kit.errors import NotVisible, Trouble
from homeroom.kit.ids import new_id
from homeroom.people.models import Guardianship, Person
from homeroom.people.public import label, labels, signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.questions import about, access, forms, queries, routing, services, showing
from homeroom.questions.models import TEXT_AT_MOST, Circle, Question, Rating, Task
from homeroom.questions.services.moving import OWNER_KIND
from homeroom.questions.services.rating import is_open
from homeroom.questions.states import FINAL, Part, State, acts_from
from homeroom.school.public import topics_of

from .asking import BODY, MODULE


@require_GET
@signed_in(module=MODULE)
def question(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The question as its reader's side sees it."""
    found, part = access.get_question_for(request.person, uuid)
    return page(request, found, part)


def page(
    request: SignedInRequest,
    found: Question,
    part: Part,
    *,
    errors: dict[str, str] | None = None,
    stored: tuple[UUID, ...] = (),
) -> HttpResponse:
    """The page; after a mistake with what was typed and uploaded."""
    lines = list(found.lines.select_related("author"))
    attached = files.attached(OWNER_KIND, [line.pk for line in lines])
    tasks = list(found.tasks.exclude(state=Task.State.DROPPED))
    context: dict[str, Any] = {
        "question": found,
        "lines": [(line, attached.get(line.pk, [])) for line in lines],
        "acts": acts_from(State(found.state), part),
        "card": about.card_of(found, request.person),
        "promises": [task for task in tasks if task.kind == Task.Kind.PROMISE],
        "owner": label(found.owner) if found.owner is not None else "",
        "now": timezone.now(),
        "key": new_id(),
        "typed": request.POST,
        "errors": errors or {},
        "stored": [
            files.shown(one) for one in files.StoredFile.objects.filter(uuid__in=stored, uploader=request.person)
        ],
        "most": TEXT_AT_MOST,
        "end": showing.ENDS.get(_end_of(found)),
        "goes_on_in": _goes_on_in(found, request.person, part),
    }
    status = 422 if errors else 200
    if part == Part.ASKER:
        rating = Rating.objects.filter(question=found).first()
        context |= {"shown": showing.for_family(found), "faces": showing.FACES, "rating": rating,
                    "may_rate": is_open(rating, now=context["now"])}  # fmt: skip
        context["promises"] = [task for task in context["promises"] if task.state != Task.State.OFFERED]
        return render(request, "questions/family.html", context, status=status)
    return render(request, "questions/staff.html", context | _for_staff(request, found, tasks, context), status=status)


def _goes_on_in(found: Question, viewer: Person, part: Part) -> Question | None:
    """Where it goes on, when the viewer may know: it may be a complaint, and its title is its first words."""
    if part == Part.ASKER or access.seen_by_staff(viewer).filter(pk=found.merged_into_id or 0).exists():
        return found.merged_into
    return None


def _end_of(found: Question) -> str:
    if not found.is_over:
        return ""
    last = found.events.filter(to_state=found.state).exclude(detail="").order_by("-id").first()
    return last.detail if last is not None else ""


def _for_staff(request: SignedInRequest, found: Question, tasks: list[Task], context: dict[str, Any]) -> dict[str, Any]:
    person, now = request.person, context["now"]
    may_handle = bool(access.can_handle(person, found))
    people = routing.candidates(found, on=person.today) if may_handle else []
    load = routing.load_of((one.pk for one in people), complaints=person.leads(person.school_id))
    watchers = list(found.watchers.values_list("person_id", flat=True))
    events = list(found.events.all())
    named = labels({*(one.pk for one in people), *watchers, *(e.person_id for e in events if e.person_id)})
    view = forms.view_of(request)
    before, after = queries.neighbours(person, found, view=view, now=now)
    barred = found.asker_id != found.student_id and not _sees_records(found)
    return {
        "shown": showing.for_staff(found),
        "may_handle": may_handle,
        "acts": context["acts"] if may_handle else frozenset(),
        "notes": list(found.notes.all()),
        "follow_ups": [task for task in tasks if task.kind == Task.Kind.FOLLOW_UP],
        "people": [(one.uuid, _with_load(named[one.pk], load.get(one.pk, 0))) for one in people],
        "watchers": [named[one] for one in watchers if one in named],
        "watches": person.pk in watchers,
        "timeline": [
            {
                "title": showing.act_words(event.act, event.detail),
                "text": named.get(event.person_id, "") if event.person_id else _("Homeroom"),
                "instant": event.at,
                "icon": showing.icon_of(event.act),
                "tone": "bad" if event.act == "escalate" else "",
            }
            for event in reversed(events)
        ],
        "mergeable": queries.mergeable(person, found) if may_handle and found.state not in FINAL else [],
        "topics": topics_of(found.school_id),
        "circles": [(value, text) for value, text in Circle.choices
                    if value != Circle.PERSON or found.circle == Circle.PERSON],
        "view": view,
        "before": before,
        "after": after,
        "barred": barred,
        "own": access.acting_ids(person),
    }  # fmt: skip


def _with_load(name: str, owed: int) -> str:
    return _("%(name)s (%(n)d open)") % {"name": name, "n": owed} if owed else name


def _sees_records(found: Question) -> bool:
    """Whether whoever asked may see the child's records: an answer must not tell more than that."""
    edges = Guardianship.objects.in_force(found.asker.today).filter(
        guardian_id=found.asker_id, student_id=found.student_id, sees_records=True
    )
    return bool(edges.exclude(restriction=Guardianship.Restriction.NO_RECORDS).exists())


def of_asker(person: Person, uuid: UUID) -> Question:
    """A question of one's own. Raises NotVisible."""
    found, part = access.get_question_for(person, uuid)
    if part != Part.ASKER:
        raise NotVisible
    return found


@accepts(megabytes=BODY)
@require_POST
@signed_in(module=MODULE)
def write(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """The asker writes more."""
    found = of_asker(request.person, uuid)
    stored: tuple[UUID, ...] = ()
    try:
        stored = forms.store_files(request)
        services.add_line(
            actor=request.person,
            question=found,
            text=request.POST.get("text", ""),
            key=forms.uuid_of(request.POST.get("key", "")),
            files=stored,
            now=timezone.now(),
        )
    except Trouble as wrong:
        return page(request, found, Part.ASKER, errors=forms.errors_of(wrong), stored=stored)
    messages.success(request, _("The school has it."))
    return redirect("questions:question", uuid)


@require_POST
@signed_in(module=MODULE)
def confirm(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """ "This answers it"."""
    services.confirm(actor=request.person, question=of_asker(request.person, uuid), now=timezone.now())
    messages.success(request, _("Thank you. The school knows that this is answered."))
    return redirect("questions:question", uuid)


@require_POST
@signed_in(module=MODULE)
def again(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """ "Not yet": to a person again."""
    services.take_up(actor=request.person, question=of_asker(request.person, uuid), now=timezone.now())
    messages.success(request, _("The school knows that this is not answered yet. You can write what is missing."))
    return redirect("questions:question", uuid)


@require_POST
@signed_in(module=MODULE)
def withdraw(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """No answer is needed any more."""
    found = of_asker(request.person, uuid)
    try:
        services.withdraw(
            actor=request.person, question=found, reason=request.POST.get("reason", ""), now=timezone.now()
        )
    except Trouble as wrong:
        return page(request, found, Part.ASKER, errors={"reason": str(wrong)})
    messages.success(request, _("Withdrawn."))
    return redirect("questions:question", uuid)


@require_POST
@signed_in(module=MODULE)
def rate(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """One of five faces."""
    found = of_asker(request.person, uuid)
    try:
        services.rate(
            actor=request.person,
            question=found,
            score=forms.number_of(request.POST.get("score", "")) or 0,
            comment=request.POST.get("comment", ""),
            now=timezone.now(),
        )
    except Trouble as wrong:
        return page(request, found, Part.ASKER, errors={"score": str(wrong)})
    messages.success(request, _("Thank you. Whoever answered sees it first."))
    return redirect("questions:question", uuid)
