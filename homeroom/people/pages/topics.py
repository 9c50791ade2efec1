"""The school's topics: what a family chooses from when it asks, and the words by which a topic is recognised."""

from __future__ import annotations

import re

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people.requests import SignedInRequest
from homeroom.school import public as schools
from homeroom.school.models import School, Topic

from .setup import for_keepers, said


def _topic(school: School, uuid: str) -> Topic | None:
    """The topic a form names; None for none. Raises NotVisible."""
    if not uuid:
        return None
    found = [topic for topic in schools.topics_of(school.pk) if str(topic.uuid) == uuid]
    if not found:
        raise NotVisible
    return found[0]


@for_keepers
@require_http_methods(["GET", "POST"])
def topics(request: SignedInRequest) -> HttpResponse:
    """The tree, with a form for each topic and one for a new one."""
    school, errors, wrong_at = request.person.school, {}, ""
    data = request.POST
    if request.method == "POST":
        try:
            if data.get("do") == "usual":
                schools.add_usual_topics(actor=request.person, school=school)
            elif data.get("do") == "archive":
                gone = _topic(school, data.get("topic", ""))
                if gone is None:
                    raise NotVisible
                schools.archive_topic(actor=request.person, topic=gone, now=timezone.now())
            else:
                schools.save_topic(
                    actor=request.person,
                    school=school,
                    topic=_topic(school, data.get("topic", "")),
                    name=data.get("name", ""),
                    words=re.split(r"[\s,，、;；]+", data.get("words", "")),
                    parent=_topic(school, data.get("parent", "")),
                    is_complaint="is_complaint" in data,
                )
        except Invalid as wrong:
            errors, wrong_at = said(wrong), data.get("topic", "new")
        else:
            messages.success(request, _("Saved."))
            return redirect("people:topics")
    rows = schools.topics_of(school.pk)
    context = {
        "topics": rows,
        "firsts": [topic for topic in rows if topic.parent_id is None],
        "errors": errors,
        "wrong_at": wrong_at or ("new" if errors else ""),
        "typed": data,
    }
    return render(request, "school/topics.html", context, status=422 if errors else 200)
