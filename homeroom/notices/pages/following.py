"""Following: the list, one notice with its live funnel, who has not done it, replies, fees, exports."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from homeroom.delivery import public as delivery
from homeroom.groups.public import addresses_school
from homeroom.kit import child, sheets
from homeroom.kit.access import require
from homeroom.kit.errors import NotVisible, Trouble
from homeroom.notices import access, bodies, exports, forms, queries, services
from homeroom.notices.models import FeeMark, Notice
from homeroom.people.models import Person, Role
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest

from .composing import MODULE

LARGE_EXPORT = 500  # rows; beyond it the file is made in a process of its own


@require_GET
@signed_in(module=MODULE)
def notice_list(request: SignedInRequest) -> HttpResponse:
    """Notices of one's own, or all in one's charge."""
    person = request.person
    require(access.can_compose(person))
    oversees = addresses_school(person) or person.has_role(Role.Kind.CLASS_TEACHER, Role.Kind.GRADE_LEADER)
    scope = "all" if request.GET.get("scope") == "all" and oversees else "mine"
    state, q = request.GET.get("state", ""), request.GET.get("q", "").strip()[:60]
    before = request.GET.get("before", "")
    rows, following = queries.notice_list(
        person, scope=scope, state=state, q=q, before=int(before) if before.isdecimal() and len(before) < 18 else None
    )
    context = {
        "rows": rows,
        "next": following,
        "scope": scope,
        "oversees": oversees,
        "state": state,
        "states": Notice.State.choices,
        "q": q,
        "words": delivery.words(),
        "labels": _sender_labels(rows) if scope == "all" else {},
    }
    return render(request, "notices/list.html", context)


def _sender_labels(rows: list[queries.Listed]) -> dict[int, str]:
    return {row.notice.pk: row.notice.item.sender_label for row in rows if row.notice.item is not None}


def _item(notice: Notice) -> delivery.Item:
    if notice.item is None:
        raise NotVisible
    return notice.item


def _published(request: SignedInRequest, uuid: UUID) -> tuple[Notice, delivery.Item]:
    notice = access.get_notice_for(request.person, uuid)
    return notice, _item(notice)


def _funnel_context(request: SignedInRequest, notice: Notice, item: delivery.Item) -> dict[str, Any]:
    copies = access.followed_copies(request.person, item)
    classes = delivery.funnel_by_class(item, within=copies)
    return {
        "notice": notice,
        "item": item,
        "whole": delivery.funnel([item.pk], within=copies)[item.pk],
        "classes": classes,
        "may_remind": bool(delivery.can_remind(request.person, item)) and notice.state == Notice.State.PUBLISHED,
    }


@require_GET
@signed_in(module=MODULE)
def notice(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """A published notice: how far it has come and everything one can do about it."""
    person = request.person
    found = access.get_notice_for(person, uuid)
    if found.item is None:
        return redirect("notices:edit", uuid)
    context = _funnel_context(request, found, found.item)
    oversees = person.acts_for(found.sender_id) or person.leads(found.school_id)
    context |= {
        "body": mark_safe(bodies.body_html(found, [bodies.sample_child()])),  # noqa: S308  (cleaned when saved)
        "may_change": bool(access.can_change(person, found)) and found.state == Notice.State.PUBLISHED,
        "talks": delivery.talks([found.item]) if oversees else [],
        "oversees": oversees,
        "versions": list(found.item.versions.all()),
        "token": delivery.counts_token(found.item, account_id=request.account.pk) if oversees else "",
        "words": delivery.words(),
        "ways": delivery.ways_on_sent(person, found.item) if found.state == Notice.State.PUBLISHED else [],
        "hours": delivery.hours_to_done([found.item.pk])[found.item.pk] if context["whole"].done >= 5 else None,
    }
    return render(request, "notices/notice.html", context)


@require_GET
@signed_in(module=MODULE)
def funnel(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The counts, whole and by class, for a page that is open."""
    found, item = _published(request, uuid)
    return render(request, "notices/funnel.html", _funnel_context(request, found, item))


def _class_id(request: SignedInRequest, copies: Any) -> int | None:
    """The class asked for, by its number among those the person may see; None for all."""
    value = request.GET.get("class", "") or request.POST.get("class", "")
    if not value:
        return None
    if not value.isdecimal() or len(value) > 18 or not copies.filter(school_class_id=int(value)).exists():
        raise NotVisible
    return int(value)


@require_GET
@signed_in(module=MODULE)
def people(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The children of a class with who has and has not done it; `all` shows the done ones too."""
    found, item = _published(request, uuid)
    return _part(request, "notices/people.html", _people_context(request, found, item))


def _part(request: SignedInRequest, part: str, context: dict[str, Any]) -> HttpResponse:
    """A part of the notice's page; a page of its own when it was not the page's script that asked."""
    if request.headers.get("HX-Request"):
        return render(request, part, context)
    return render(request, "notices/framed.html", {**context, "part": part})


def _people_context(request: SignedInRequest, found: Notice, item: delivery.Item) -> dict[str, Any]:
    copies = access.followed_copies(request.person, item)
    class_id = _class_id(request, copies)
    everyone = request.GET.get("all") == "1" or request.POST.get("all") == "1"
    households = queries.households(found, copies, class_id=class_id, waiting_only=not everyone)
    return {
        "notice": found,
        "item": item,
        "households": households,
        "class_id": class_id,
        "everyone": everyone,
        "may_remind": bool(delivery.can_remind(request.person, item)) and found.state == Notice.State.PUBLISHED,
        "marks_fees": found.asks_money
        and found.state == Notice.State.PUBLISHED
        and bool(access.can_mark_fees(request.person, found)),
        "names": exports.names_text(households),
        "fee_states": dict(FeeMark.State.choices),
    }


@require_GET
@signed_in(module=MODULE)
def history(request: SignedInRequest, uuid: UUID, copy_id: int) -> HttpResponse:
    """Everything that happened to one guardian's copy."""
    found, item = _published(request, uuid)
    copies = access.followed_copies(request.person, item).select_related("person", "student", "item")
    copy = copies.filter(pk=copy_id).first()
    if copy is None:
        raise NotVisible
    label = queries.relation_labels([copy])[copy.pk]
    context = {"notice": found, "item": item, "copy": copy, "label": label, "steps": delivery.history(copy)}
    return _part(request, "notices/history.html", context)


@require_POST
@signed_in(module=MODULE)
def remind(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """Remind those of whom something is still asked: all of them, or one class, or one family."""
    found, item = _published(request, uuid)
    copies = access.followed_copies(request.person, item)
    class_id = _class_id(request, copies)
    child_uuid = request.POST.get("child", "")
    person_ids = None
    if child_uuid:
        theirs = copies.filter(student__uuid=forms.uuids([child_uuid])[0])
        person_ids = list(theirs.values_list("person_id", flat=True))
    reminded = delivery.remind_unfinished(
        actor=request.person,
        item=item,
        now=timezone.now(),
        class_ids=None if class_id is None else [class_id],
        person_ids=person_ids,
    )
    said = (
        ngettext("%(n)d person is reminded.", "%(n)d people are reminded.", reminded) % {"n": reminded}
        if reminded
        else _("Nobody to remind: all have done it, or were reminded less than four hours ago.")
    )
    if request.headers.get("HX-Request"):
        response = render(request, "notices/funnel.html", _funnel_context(request, found, item))
        response["HX-Trigger"] = exports.trigger("toast", text=said)
        return response
    messages.success(request, said)
    return redirect("notices:notice", uuid)


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def correct(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """A new version of a published text."""
    found, item = _published(request, uuid)
    require(access.can_change(request.person, found))
    if found.state != Notice.State.PUBLISHED:
        return redirect("notices:notice", uuid)
    errors: dict[str, Any] = {}
    trouble = ""
    data = request.POST
    if request.method == "POST":
        try:
            services.correct_notice(
                actor=request.person,
                notice=found,
                title=data.get("title", ""),
                text=data.get("text", ""),
                note=data.get("note", ""),
                ask_again=data.get("ask_again") == "on",
                deadline_at=forms.moment(data.get("deadline_at", ""), found.school, "deadline_at"),
                now=timezone.now(),
            )
        except Trouble as wrong:
            errors, trouble = dict(wrong.fields), "" if wrong.fields else str(wrong)
        else:
            messages.success(request, _("Corrected. Families see the new text and what changed."))
            return redirect("notices:notice", uuid)
    from homeroom.notices import markup
    from homeroom.wording import public as wording

    context = {
        "notice": found,
        "item": item,
        "errors": errors,
        "trouble": trouble,
        "title": data.get("title", found.title),
        "text": markup.sanitise(data.get("text", found.text)),
        "note": data.get("note", ""),
        "ask_again": data.get("ask_again") == "on",
        "deadline_at": data.get("deadline_at", forms.local_value(found.deadline_at, found.school)),
        "variables": wording.choices(),
    }
    return render(request, "notices/correct.html", context, status=422 if errors or trouble else 200)


@require_POST
@signed_in(module=MODULE)
def recall(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    found, _of = _published(request, uuid)
    services.recall_notice(
        actor=request.person, notice=found, reason=request.POST.get("reason", ""), now=timezone.now()
    )
    messages.success(request, _("Recalled. It stays in the inboxes as withdrawn, without its text."))
    return redirect("notices:notice", uuid)


@require_POST
@signed_in(module=MODULE)
def use_again(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    found = access.get_notice_for(request.person, uuid)
    copy = services.use_again(actor=request.person, notice=found, now=timezone.now())
    return redirect("notices:edit", copy.uuid)


@require_POST
@signed_in(module=MODULE)
def answer(request: SignedInRequest, uuid: UUID, person: UUID) -> HttpResponseBase:
    """Answer a family's line, or say that it needs no answer."""
    _found, item = _published(request, uuid)
    whose = Person.objects.filter(uuid=person, school_id=request.person.school_id).first()
    if whose is None:
        raise NotVisible
    if request.POST.get("do") == "close":
        delivery.need_no_answer(actor=request.person, item=item, person=whose, now=timezone.now())
    else:
        delivery.answer_reply(
            actor=request.person,
            item=item,
            person=whose,
            text=request.POST.get("text", ""),
            key=request.POST.get("key") or None,
            now=timezone.now(),
        )
        messages.success(request, _("Your answer is with the family."))
    return redirect(f"/notices/{uuid}/#replies")


@require_POST
@signed_in(module=MODULE)
def fee(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """Mark children as paid or exempt, or take that back."""
    found, item = _published(request, uuid)
    services.mark_fee(
        actor=request.person,
        notice=found,
        students=forms.uuids(request.POST.getlist("child")),
        state=request.POST.get("fee", ""),
        now=timezone.now(),
    )
    if request.headers.get("HX-Request"):
        response = render(request, "notices/people.html", _people_context(request, found, item))
        response["HX-Trigger"] = exports.trigger("counts-moved")
        return response
    return redirect("notices:notice", uuid)


@require_GET
@signed_in(module=MODULE)
def export(request: SignedInRequest, uuid: UUID, form: str) -> HttpResponse:
    """Everyone with their state as xlsx, or CSV that Excel reads."""
    found, item = _published(request, uuid)
    kinds = {"csv": sheets.CSV_TYPE, "xlsx": sheets.XLSX_TYPE}
    if form not in kinds:
        raise NotVisible
    asked = (found.pk, request.person.pk, form)
    if access.followed_copies(request.person, item).count() > LARGE_EXPORT:
        content = child.run(exports.file_of, *asked, timeout=60, memory_mib=500, with_django=True)
    else:
        content = exports.file_of(*asked)
    name = quote(f"{found.title[:40]} {timezone.localdate():%Y-%m-%d}.{form}", safe="")
    response = HttpResponse(content, content_type=kinds[form])
    response["Content-Disposition"] = f"attachment; filename=\"notice.{form}\"; filename*=UTF-8''{name}"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_GET
@signed_in(module=MODULE)
def paper(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """A list to print: the text once, then the children of each class who have not answered or cannot be reached."""
    found, item = _published(request, uuid)
    copies = access.followed_copies(request.person, item)
    households = queries.households(found, copies, class_id=_class_id(request, copies), waiting_only=True)
    by_class: dict[str, list[queries.Household]] = {}
    for household in households:
        by_class.setdefault(household.class_name, []).append(household)
    context = {
        "notice": found,
        "item": item,
        "by_class": by_class,
        "body": mark_safe(bodies.body_html(found, [])),  # noqa: S308  (cleaned when saved)
    }
    return render(request, "notices/paper.html", context)
