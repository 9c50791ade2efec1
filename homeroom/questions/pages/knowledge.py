"""The school's answers: the list and the form."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from homeroom.kit.access import require
from homeroom.kit.errors import NotVisible, Trouble
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.questions import access, forms, queries, services
from homeroom.questions.models import ApprovedAnswer, Line
from homeroom.questions.states import Part
from homeroom.school.models import Topic
from homeroom.school.public import topics_of

from .asking import MODULE


@require_GET
@signed_in(module=MODULE)
def answers(request: SignedInRequest) -> HttpResponse:
    """What the school answers by itself, and how often that helped. For staff."""
    if not request.person.is_staff_member:
        raise NotVisible
    context = {
        "rows": queries.answers_of(request.person.school_id),
        "today": request.person.today,
        "may_approve": bool(access.can_approve(request.person, request.person.school_id)),
    }
    return render(request, "questions/answers.html", context)


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def answer_form(request: SignedInRequest, uuid: UUID | None = None) -> HttpResponseBase:
    """Write an answer of the school, or change one; `?of=` begins with what was answered to a question."""
    person, now = request.person, timezone.now()
    require(access.can_approve(person, person.school_id))
    found = ApprovedAnswer.objects.filter(
        school_id=person.school_id, uuid=uuid or forms.named(""), archived_at__isnull=True
    ).first()
    if uuid is not None and found is None:
        raise NotVisible
    data, errors = request.POST, {}
    if request.method == "POST":
        if data.get("do") == "archive" and found is not None:
            services.archive_answer(actor=person, answer=found, now=now)
            return redirect("questions:answers")
        try:
            services.save_answer(
                actor=person,
                answer=found,
                question=data.get("question", ""),
                variants=data.get("variants", "").splitlines(),
                text=data.get("answer", ""),
                source=data.get("source", ""),
                topic=Topic.objects.filter(school_id=person.school_id, uuid=forms.named(data.get("topic", ""))).first(),
                valid_from=forms.date_of(data.get("valid_from", "")),
                valid_until=forms.date_of(data.get("valid_until", "")),
                approved=data.get("approved") == "on",
                now=now,
            )
        except Trouble as wrong:
            errors = forms.errors_of(wrong)
        else:
            messages.success(request, _("Saved."))
            return redirect("questions:answers")
    values = data.dict() if request.method == "POST" else _values(request, found)
    context = {"answer": found, "values": values, "errors": errors, "topics": topics_of(person.school_id)}
    return render(request, "questions/answer.html", context, status=422 if errors else 200)


def _values(request: SignedInRequest, found: ApprovedAnswer | None) -> dict[str, str]:
    """What the form begins with: the answer as it is, or the words of a question that was answered."""
    if found is not None:
        return {
            "question": found.question,
            "variants": "\n".join(found.variants),
            "answer": found.answer,
            "source": found.source,
            "topic": str(found.topic.uuid) if found.topic else "",
            "valid_from": found.valid_from.isoformat() if found.valid_from else "",
            "valid_until": found.valid_until.isoformat() if found.valid_until else "",
            "approved": "on" if found.approved_at else "",
        }
    of = forms.uuid_of(request.GET.get("of", ""))
    if of is None:
        return {}
    question, part = access.get_question_for(request.person, of)
    if part != Part.HANDLER:
        raise NotVisible
    last = question.lines.filter(kind=Line.Kind.ANSWER).order_by("-id").first()
    return {
        "question": question.title,
        "answer": last.text if last else "",
        "topic": str(question.topic.uuid),
    }
