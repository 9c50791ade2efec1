"""Messages that are sent later: choosing the time, and what waits."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from homeroom.conversations import access, hours, markup, queries
from homeroom.conversations.calm import calm_for
from homeroom.conversations.models import Conversation, Membership, ScheduledMessage
from homeroom.conversations.services import scheduling
from homeroom.conversations.services.posting import FILES_AT_MOST, LONGEST
from homeroom.conversations.services.reading import save_draft
from homeroom.files import public as files_of
from homeroom.kit.bodies import accepts
from homeroom.kit.errors import Invalid, NotVisible, Trouble
from homeroom.kit.ids import new_id
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.school.public import Calendar
from homeroom.ui import moments

from .inbox import MODULE

OWN = "own"


def chosen_time(given: QueryDict, calendar: Calendar) -> datetime | None:
    """The instant a form names: one of the offered ones, or a date and time of the school's clock."""
    name = given.get("when", "")
    try:
        at = parse_datetime(given.get("send_at", "") if name in {"", OWN} else name)
    except ValueError:
        return None
    if at is None or not 2000 <= at.year <= 2200:
        return None
    return at if timezone.is_aware(at) else at.replace(tzinfo=calendar.zone)


def _options(membership: Membership, calendar: Calendar, now: datetime) -> list[tuple[str, str]]:
    found = [
        (at.isoformat(), f"{moments.local_time(at)} {moments.weekday_name(at.date())}")
        for at in hours.suggested_times(membership, calendar, now=now)
    ]
    return [*found, (OWN, _("Another time"))]


@accepts(megabytes=files_of.FILE_AT_MOST // 2**20 + 1)
@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def later(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """When the message that was begun should go out. The composer leads here with what is written so far."""
    person, given, now = request.person, request.POST, timezone.now()
    membership = access.get_membership_for(person, uuid, now=now)
    calendar = Calendar.of(person.school)
    errors: dict[str, str] = {}
    try:
        files = [UUID(one) for one in given.getlist("files")[:FILES_AT_MOST]]
        quoted = UUID(given["quoted"]) if given.get("quoted") else None
        key = UUID(given["client_key"]) if given.get("client_key") else new_id()
    except ValueError:
        raise NotVisible from None
    if request.method == "POST":
        try:
            for upload in request.FILES.getlist("upload")[:FILES_AT_MOST]:
                stored = files_of.store_upload(
                    actor=person, name=upload.name or "", content=upload, size=upload.size or 0, now=now
                )
                files.append(stored.uuid)
            if "schedule" in given:
                row = scheduling.schedule_message(
                    actor=person, conversation=membership.conversation, text=given.get("text", ""), client_key=key,
                    send_at=chosen_time(given, calendar), now=now, quoted=quoted, files=files,
                )  # fmt: skip
                save_draft(actor=person, membership=membership, text="", now=now)
                messages.success(request, _("It is sent %(when)s.") % {"when": moments.local_time(row.send_at)})
                return redirect(f"{reverse('conversations:thread', args=[uuid])}#end")
        except Invalid as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()} or {"text": str(wrong)}
    title, child, note = queries.titles_of(membership)
    context = {
        "conversation": membership.conversation,
        "speak": access.can_speak(membership),
        "title": title,
        "child": child or note,
        "text": given.get("text", ""),
        "files": [str(one) for one in files],
        "quoted": quoted,
        "key": key,
        "options": (options := _options(membership, calendar, now)),
        "when": given.get("when") or options[0][0],
        "send_at": given.get("send_at", ""),
        "soonest": timezone.localtime(now, calendar.zone).strftime("%Y-%m-%dT%H:%M"),
        "longest": LONGEST,
        "errors": errors,
    }
    return render(request, "conversations/later.html", context, status=422 if errors else 200)


@require_GET
@signed_in(module=MODULE)
def calm_note(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Whether the teacher answers now, for a page that is open."""
    now = timezone.now()
    membership = access.get_membership_for(request.person, uuid, now=now)
    told = calm_for(membership, calendar=Calendar.of(request.person.school), now=now)
    context = {"calm": told, "conversation": membership.conversation}
    return render(request, "conversations/calm.html", context)


@require_GET
@signed_in(module=MODULE)
def scheduled(request: SignedInRequest) -> HttpResponse:
    """Everything of one's own that waits, and what could not be sent."""
    rows = list(
        ScheduledMessage.objects.filter(author=request.person, sent_at__isnull=True, cancelled_at__isnull=True)
        .select_related("conversation__student", "conversation__teacher", "conversation__school_class")
        .select_related("conversation__grade")
        .order_by("send_at", "id")[:200]
    )
    context = {
        "waiting": [_line(row) for row in rows if row.refused_at is None],
        "refused": [_line(row) for row in rows if row.refused_at is not None],
    }
    return render(request, "conversations/scheduled.html", context)


def _line(row: ScheduledMessage) -> tuple[ScheduledMessage, str, str]:
    """(row, where, what): by names alone, for the author may not be in the conversation any more."""
    place = row.conversation
    if place.kind in {Conversation.Kind.FAMILY, Conversation.Kind.PUPIL} and place.student and place.teacher:
        where = place.teacher.name if row.author_id != place.teacher_id else ""
        where = " · ".join(filter(None, [place.student.name, where]))
    elif place.school_class is not None:
        where = place.school_class.name
    else:
        where = place.grade.name if place.grade is not None else _("Whole school")
    return row, where, markup.one_line(row.text, 120) or _("[file]")


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def one_scheduled(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """One message that waits: another text or time, send now, cancel; one that was refused: remove."""
    person, given, now = request.person, request.POST, timezone.now()
    row = (
        ScheduledMessage.objects.select_related("conversation")
        .filter(author=person, uuid=uuid, sent_at__isnull=True, cancelled_at__isnull=True)
        .first()
    )
    if row is None:
        raise NotVisible
    calendar, errors = Calendar.of(person.school), {}
    if request.method == "POST":
        try:
            done = _act(request, row, calendar, now)
        except Trouble as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()} or {"text": str(wrong)}
        else:
            messages.success(request, done)
            return _back(request, row)
    at = timezone.localtime(row.send_at, calendar.zone)
    context = {
        "row": row,
        "text": given.get("text", row.text),
        "send_at": given.get("send_at", at.strftime("%Y-%m-%dT%H:%M")),
        "files": len(row.files),
        "longest": LONGEST,
        "errors": errors,
    }
    return render(request, "conversations/one_scheduled.html", context, status=422 if errors else 200)


def _act(request: SignedInRequest, row: ScheduledMessage, calendar: Calendar, now: datetime) -> str:
    person, given = request.person, request.POST
    if "cancel" in given:
        scheduling.cancel_scheduled(actor=person, scheduled=row, now=now)
        return _("The message is not sent.")
    if "forget" in given:
        scheduling.forget_scheduled(actor=person, scheduled=row)
        return _("Removed from your list.")
    if "now" in given:
        scheduling.send_now(actor=person, scheduled=row, now=now)
        return _("Sent.")
    at = chosen_time(given, calendar)
    same = at is not None and at == row.send_at.replace(second=0, microsecond=0)
    scheduling.change_scheduled(
        actor=person, scheduled=row, text=given.get("text", ""), send_at=row.send_at if same else at, now=now
    )
    return _("Saved.")


def _back(request: SignedInRequest, row: ScheduledMessage) -> HttpResponse:
    """To the thread while the author is in it; else to the list of what waits."""
    member = access.memberships_of(request.person, now=timezone.now()).filter(conversation_id=row.conversation_id)
    if request.POST.get("back") == "list" or not member.exists():
        return redirect("conversations:scheduled")
    return redirect(f"{reverse('conversations:thread', args=[row.conversation.uuid])}#end")
