"""A question proposed to a family: putting it into words, and the family's own decision."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from homeroom.kit.access import require
from homeroom.kit.errors import NotVisible, Trouble
from homeroom.people.models import Person
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.questions import about, access, forms, queries, retrieval, services
from homeroom.questions.models import TEXT_AT_MOST, Proposal
from homeroom.school.public import topics_of

from .asking import MODULE, form_page


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def propose(request: SignedInRequest) -> HttpResponseBase:
    """The form of a member of staff: the guardian's words, which may be put more plainly, and a topic."""
    require(access.can_propose(request.person))
    kind, cited_uuid = about.parse(request.GET.get("about", "") or request.POST.get("about", ""))
    card = about.card_for(kind, cited_uuid, request.person)
    if card is None or card.hidden or card.author_id is None or cited_uuid is None:
        raise NotVisible
    errors: dict[str, str] = {}
    if request.method == "POST":
        data = request.POST
        try:
            services.propose_question(
                actor=request.person,
                about_kind=kind,
                about_uuid=cited_uuid,
                student=forms.uuid_of(data.get("student", "")),
                topic=forms.uuid_of(data.get("topic", "")),
                text=data.get("text", ""),
                now=timezone.now(),
            )
        except Trouble as wrong:
            errors = forms.errors_of(wrong)
        else:
            messages.success(request, _("Proposed. The family decides whether to ask it."))
            return redirect(card.link)
    guardian = Person.objects.get(pk=card.author_id)
    topics = [topic for topic in topics_of(request.person.school_id) if not topic.is_complaint]
    text = request.POST.get("text", "")[:TEXT_AT_MOST] or card.text
    suggested = retrieval.suggest_topics(text, topics)
    children = [
        (child.uuid, child.name, child.class_name)
        for child in queries.children_to_propose_for(request.person, guardian, card.student)
    ]
    if not children:
        raise NotVisible
    context = {
        "card": card,
        "about": f"{kind}:{cited_uuid}",
        "children": children,
        "topics": topics,
        "topic": request.POST.get("topic", "") or (str(suggested[0].uuid) if suggested else ""),
        "suggested": suggested,
        "text": text,
        "typed": request.POST,
        "errors": errors,
        "most": TEXT_AT_MOST,
    }
    return render(request, "questions/propose.html", context, status=422 if errors else 200)


@require_GET
@signed_in(module=MODULE)
def proposal(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """The guardian's page: the form for asking, filled in; sending it is the confirmation."""
    found = _offered_to(request.person, uuid)
    if found.question is not None:
        return redirect("questions:question", found.question.uuid)
    initial = {
        "text": found.text,
        "student": str(found.student.uuid),
        "topic": str(found.topic.uuid),
        "about": f"{found.about_kind}:{found.about_uuid}",
        "proposal": str(found.uuid),
    }
    return form_page(request, initial=initial, proposal=found)


@require_POST
@signed_in(module=MODULE)
def decline(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The guardian does not want to ask it."""
    found = _offered_to(request.person, uuid)
    services.decline_proposal(actor=request.person, proposal=found, now=timezone.now())
    messages.success(request, _("Nothing was asked. Your message stays where it is."))
    return redirect("questions:mine")


def _offered_to(person: Person, uuid: UUID) -> Proposal:
    found = services.proposal_for(person, uuid)
    if found.guardian_id != person.pk:
        raise NotVisible
    return found
