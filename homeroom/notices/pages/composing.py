"""Writing: the composer, saving while one writes, templates, and the last look before sending."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import OperationalError
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from homeroom.delivery.public import Category, HouseholdRule, Level, Priority, words
from homeroom.files import public as files
from homeroom.groups import public as groups
from homeroom.kit.access import require
from homeroom.kit.bodies import accepts
from homeroom.kit.errors import Invalid, NotVisible, Trouble
from homeroom.kit.ids import new_id
from homeroom.notices import access, bodies, forms, markup, services
from homeroom.notices.models import TITLE_AT_MOST, Notice
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.wording import public as wording

MODULE = "notices"
NEVER_BY_HAND = {Category.HOMEWORK, Category.SCORE, Category.TALK}  # have modules of their own


def _level_options() -> list[tuple[str, Any, Any]]:
    return [
        (Level.READ, _("Read"), _("Nothing to do; you see who opened it")),
        (Level.CONFIRM, _("Confirm"), _("One tap: seen and understood")),
        (Level.SIGN, _("Sign"), _("Name typed or drawn, with time and text version")),
        (Level.REPLY, _("Reply"), _("A line back to you; no other family sees it")),
    ]


def _options() -> dict[str, Any]:
    return {
        "levels": _level_options(),
        "rules": [
            (HouseholdRule.ANY, _("Any one guardian"), _("The first answer settles the child")),
            (HouseholdRule.EACH, _("Each guardian"), _("Every guardian answers for themself")),
        ],
        "priorities": Priority.choices,
        "categories": [(value, label) for value, label in Category.choices if value not in NEVER_BY_HAND],
        "reminder_plans": Notice.Reminders.choices,
        "variables": wording.choices(),
        "title_at_most": TITLE_AT_MOST,
    }


def _values(notice: Notice) -> dict[str, Any]:
    """The form's values as stored."""
    return {
        "title": notice.title,
        "text": notice.text,
        "category": notice.category,
        "level": notice.level,
        "household_rule": notice.household_rule,
        "priority": notice.priority,
        "reminders": notice.reminders,
        "deadline_at": forms.local_value(notice.deadline_at, notice.school),
        "fee_item": notice.fee_item,
        "fee_amount": notice.fee_amount if notice.fee_amount is not None else "",
        "client_key": str(notice.client_key),
        "edition": notice.edition if notice.pk else 0,
    }


def _fresh(request: SignedInRequest) -> Notice:
    person = request.person
    return Notice(school=person.school, sender=person, client_key=new_id())


def _composer(
    request: SignedInRequest,
    notice: Notice,
    *,
    values: Mapping[str, Any] | None = None,
    audience: groups.Audience | None = None,
    errors: Mapping[str, Any] | None = None,
    trouble: str = "",
    status: int = 200,
) -> HttpResponse:
    errors = dict(errors or {})
    if audience is None:
        audience = groups.Audience.parse(notice.audience)
    shown = {**_values(notice), **(values or {})}
    # What is shown in the editor is markup again: clean it whichever way it came.
    shown["text"] = markup.sanitise(str(shown["text"]))
    attached = _files_shown(request, notice)
    context = {
        "notice": notice,
        "values": shown,
        "errors": errors,
        "trouble": trouble,
        "picker": groups.picker_markup(request, audience, error=str(errors.get("any", ""))),
        "attached": attached,
        "own_templates": list(wording.visible_templates(request.person, MODULE)),
        "presets": wording.notice_presets(),
        **_options(),
    }
    return render(request, "notices/compose.html", context, status=status)


def _files_shown(request: SignedInRequest, notice: Notice) -> list[files.Attached]:
    if request.method == "POST":
        chosen = [value for value in request.POST.getlist("files") if _is_uuid(value)]
        mine = files.StoredFile.objects.filter(school_id=request.person.school_id, uuid__in=chosen)
        by_uuid = {str(file.uuid): file for file in mine if file.uploader_id == request.person.pk or notice.pk}
        return [files.shown(by_uuid[uuid]) for uuid in chosen if uuid in by_uuid]
    return files.attached(services.OWNER, [notice.pk]).get(notice.pk, []) if notice.pk else []


def _is_uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


@require_GET
@signed_in(module=MODULE)
def compose(request: SignedInRequest) -> HttpResponse:
    """An empty composer, or one that begins with a template or an audience."""
    require(access.can_compose(request.person))
    notice = _fresh(request)
    values = _template_values(request, request.GET.get("template", ""))
    audience = groups.Audience.of(request.GET.getlist("any")[:20])
    return _composer(request, notice, values=values, audience=audience)


def _template_values(request: SignedInRequest, key: str) -> dict[str, str]:
    if not key:
        return {}
    presets = wording.notice_presets()
    if key.isdecimal() and int(key) < len(presets):
        return {"title": presets[int(key)].title, "text": presets[int(key)].text}
    if not _is_uuid(key):
        raise NotVisible
    template = wording.get_template_for(request.person, UUID(key), MODULE)
    return {"title": template.title, "text": template.text}


@require_GET
@signed_in(module=MODULE)
def template(request: SignedInRequest, key: str) -> HttpResponse:
    """One template for the editor on the page."""
    require(access.can_compose(request.person))
    return JsonResponse(_template_values(request, key))


@require_GET
@signed_in(module=MODULE)
def edit(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    notice = access.get_own_notice(request.person, uuid)
    if not notice.is_editable:
        return redirect("notices:notice", uuid)
    return _composer(request, notice)


@accepts(megabytes=52)
@require_POST
@signed_in(module=MODULE)
def save(request: SignedInRequest) -> HttpResponseBase:
    """Save the composer. `then` says what comes next; the page's own script saves with `then=stay` and reads JSON."""
    person = request.person
    wants_json = "application/json" in request.headers.get("Accept", "")
    given = request.POST.get("notice", "")
    notice = access.get_own_notice(person, UUID(given)) if _is_uuid(given) else None
    now = timezone.now()
    try:
        draft = forms.draft_from(_with_uploads(request), person.school)
        notice = services.save_draft(
            actor=person,
            draft=draft,
            client_key=forms.client_key(request.POST.get("client_key", "")),
            notice=notice,
            edition=forms.edition(request.POST),
            now=now,
        )
        then = request.POST.get("then", "stay")
        if then == "test":
            services.send_test(actor=person, notice=notice, now=now)
            messages.success(request, _("The test is in your own feed."))
        elif then == "template":
            wording.save_template(
                actor=person,
                kind=MODULE,
                name=request.POST.get("template_name", ""),
                title=notice.title,
                text=notice.text,
                for_school=request.POST.get("template_for_school") == "on",
            )
            messages.success(request, _("The template is saved."))
    except (Trouble, OperationalError) as trouble:
        return _not_saved(request, notice, trouble, wants_json=wants_json)
    if wants_json:
        said = _("Saved %(when)s") % {"when": timezone.localtime(now).strftime("%H:%M")}
        return JsonResponse({"notice": str(notice.uuid), "edition": notice.edition, "said": said})
    if then == "check":
        return redirect("notices:check", notice.uuid)
    if then == "stay":
        messages.success(request, _("Saved."))
    return redirect("notices:edit", notice.uuid)


def _with_uploads(request: SignedInRequest) -> Any:
    """The form's data; files sent with it (from a browser without our script) are stored and added."""
    data = request.POST.copy()
    for given in request.FILES.getlist("upload"):
        if given.size:
            stored = files.store_upload(
                actor=request.person, name=given.name or "", content=given, size=given.size, now=timezone.now()
            )
            data.appendlist("files", str(stored.uuid))
    return data


def _not_saved(
    request: SignedInRequest, notice: Notice | None, trouble: Exception, *, wants_json: bool
) -> HttpResponseBase:
    """Say why, and show everything that was typed: nothing is lost."""
    if isinstance(trouble, Trouble):
        status, fields = trouble.status, {name: str(text) for name, text in trouble.fields.items()}
        message = "" if fields else str(trouble)
    else:  # the database is locked or the disk is full: what was typed is only in this page now
        status, fields = 503, {}
        message = _("It could not be saved just now. Everything you wrote is still here; try again in a moment.")
    if wants_json:
        return JsonResponse({"message": message or next(iter(fields.values()), ""), "fields": fields}, status=status)
    try:
        audience = groups.audience_from(request.POST)
    except Invalid:
        audience = groups.Audience()
    values = {name: request.POST[name] for name in _values(_fresh(request)) if name in request.POST}
    return _composer(
        request,
        notice or _fresh(request),
        values=values,
        audience=audience,
        errors=fields,
        trouble=message,
        status=status,
    )


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def check(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """The last look: whom it reaches, how a family sees it, what to think of; then publish or schedule."""
    person = request.person
    notice = access.get_own_notice(person, uuid)
    if notice.state in {Notice.State.PUBLISHED, Notice.State.RECALLED}:
        return redirect("notices:notice", uuid)
    now = timezone.now()
    errors: dict[str, Any] = {}
    trouble = ""
    status = 200
    if request.method == "POST":
        try:
            return _send(request, notice)
        except Trouble as wrong:
            errors, status = dict(wrong.fields), wrong.status
            trouble = "" if errors else str(wrong)
        except OperationalError:
            status = 503
            trouble = _(
                "It could not be sent just now, and nothing was sent. The draft is kept; try again in a moment."
            )
    preview = None
    try:
        preview = services.check(actor=person, notice=notice, at=notice.schedule_at or now)
    except Trouble as wrong:
        errors = {**wrong.fields, **errors}
        trouble = trouble or ("" if errors else str(wrong))
    context = {
        "notice": notice,
        "preview": preview,
        "errors": errors,
        "trouble": trouble,
        "body": mark_safe(bodies.body_html(notice, [bodies.sample_child()])),  # noqa: S308  (cleaned when saved)
        "night_now": services.is_night(now, notice.school.time_zone),
        "night_then": bool(notice.schedule_at)
        and services.is_night(notice.schedule_at or now, notice.school.time_zone),
        "emergency": notice.priority == Priority.EMERGENCY,
        "schedule_at": request.POST.get("schedule_at", forms.local_value(notice.schedule_at, notice.school)),
        "earliest": forms.local_value(now, notice.school),
        "words": words(),
        "sender_label": services.neutral_values(notice, now=now)["teacher"],
    }
    return render(request, "notices/check.html", context, status=status)


def _send(request: SignedInRequest, notice: Notice) -> HttpResponseBase:
    person, now = request.person, timezone.now()
    do = request.POST.get("do", "")
    if do == "publish":
        published = services.publish_notice(actor=person, notice=notice, now=now)
        messages.success(request, _("Published. You see below how far it has come."))
        return redirect("notices:notice", published.uuid)
    if do == "schedule":
        at = forms.moment(request.POST.get("schedule_at", ""), notice.school, "schedule_at")
        if at is None:
            raise Invalid(fields={"schedule_at": _("Choose a day and a time.")})
        services.schedule_notice(actor=person, notice=notice, at=at, now=now)
        if services.is_night(at, notice.school.time_zone) and notice.priority != Priority.EMERGENCY:
            messages.warning(request, _("Scheduled for the night: phones stay quiet until each family's morning."))
        else:
            messages.success(request, _("Scheduled. You can change or cancel it until then."))
        return redirect("notices:list")
    if do == "cancel":
        services.cancel_schedule(actor=person, notice=notice, now=now)
        messages.success(request, _("It is a draft again."))
        return redirect("notices:check", notice.uuid)
    raise Invalid


@require_POST
@signed_in(module=MODULE)
def discard(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    services.discard_draft(actor=request.person, notice=access.get_own_notice(request.person, uuid))
    messages.success(request, _("The draft is deleted."))
    return redirect("notices:list")


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def templates(request: SignedInRequest) -> HttpResponseBase:
    """One's own templates, the school's, and those everybody starts with."""
    require(access.can_compose(request.person))
    if request.method == "POST":
        key = request.POST.get("remove", "")
        if not _is_uuid(key):
            raise NotVisible
        found = wording.get_template_for(request.person, UUID(key), MODULE)
        wording.remove_template(actor=request.person, template=found)
        messages.success(request, _("The template was removed."))
        return redirect("notices:templates")
    own = list(wording.visible_templates(request.person, MODULE))
    context = {
        "templates": own,
        "leads": {one.pk: markup.lead(one.text, at_most=90) for one in own},
        "presets": [(preset, markup.lead(preset.text, at_most=90)) for preset in wording.notice_presets()],
        "keeps_school": groups.addresses_school(request.person),
    }
    return render(request, "notices/templates.html", context)
