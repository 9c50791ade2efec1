"""The list of conversations, and one of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from homeroom.conversations import access, hints, hours, markup, queries, services
from homeroom.conversations.access import may_hand_over
from homeroom.conversations.calm import calm_for
from homeroom.conversations.civil import Wish
from homeroom.conversations.company import company_of
from homeroom.conversations.models import MARKS, Draft, Membership, PresenceWish
from homeroom.conversations.services.posting import FILES_AT_MOST, LONGEST
from homeroom.conversations.services.scheduling import waiting_here
from homeroom.conversations.talking import about, cited_or_none
from homeroom.files import public as files_of
from homeroom.kit.bodies import accepts
from homeroom.kit.errors import NotVisible, Trouble
from homeroom.kit.ids import new_id
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.school.public import Calendar

MODULE = "conversations"
AROUND = 20  # messages after the one an address names


def list_context(request: SignedInRequest, now: datetime) -> dict[str, Any]:
    """The column of conversations, on its own page and beside a thread."""
    only_unread = request.GET.get("only") == "unread"
    entries = queries.inbox(request.person, now=now, only_unread=only_unread, before=_until(request))
    older = len(entries) > queries.INBOX_PAGE
    entries = entries[: queries.INBOX_PAGE]
    last = entries[-1].conversation.last_message_at if entries else None
    return {
        "entries": entries,
        "only_unread": only_unread,
        "older_url": f"?until={last.isoformat().replace('+', '%2B')}" if older and last else "",
    }


def _until(request: HttpRequest) -> datetime | None:
    """The instant a "more" link names; None for anything else somebody typed."""
    try:
        given = parse_datetime(request.GET.get("until", ""))
    except ValueError:
        return None
    if given is None or given.tzinfo is None or not 2000 <= given.year <= 2200:  # UTC has no instant beyond its ends
        return None
    return given


@require_GET
@signed_in(module=MODULE)
def conversation_list(request: SignedInRequest) -> HttpResponse:
    context = list_context(request, timezone.now())
    if request.headers.get("HX-Request") == "true":
        return render(request, "conversations/column.html", {**context, "level": 1})
    context["may_hand_over"] = may_hand_over(request.person)
    context["may_keep_duty"] = access.can_keep_duty(request.person, request.person.school_id)
    context["presence_on"] = not PresenceWish.objects.filter(person=request.person, is_on=False).exists()
    context["may_change_rules"] = access.can_change_rules(request.person, request.person.school_id)
    return render(request, "conversations/list.html", context)


@require_GET
@signed_in(module=MODULE)
def thread(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """One conversation: its newest messages, those before `before` or around `at`, and the form to write another."""
    return _thread(request, uuid)


def _thread(
    request: SignedInRequest, uuid: UUID, *, typed: str = "", trouble: str = "", status: int = 200, wish: str = ""
) -> HttpResponse:
    now = timezone.now()
    membership = access.get_membership_for(request.person, uuid, now=now)
    conversation = membership.conversation
    before, at = _number(request, "before"), _number(request, "at")
    if before is None and at is not None and at + AROUND < conversation.last_number:
        before = at + AROUND + 1
    page = queries.thread(membership, now=now, before=before)
    calendar = Calendar.of(request.person.school)
    working = hours.answers_in(membership, calendar).is_working(now)
    last = page.messages[-1].message.number if page.messages else 0
    if before is None and last > membership.read_number:
        services.mark_read(actor=request.person, membership=membership, number=last)
    listed = list_context(request, now)
    here = next((entry for entry in listed["entries"] if entry.conversation.pk == conversation.pk), None)
    title, child, note = (here.title, here.child, here.note) if here is not None else queries.titles_of(membership)
    draft = Draft.objects.filter(conversation=conversation, person=request.person).first()
    context = {
        "membership": membership,
        "conversation": conversation,
        "title": title,
        "child": child,
        "note": note,
        "company": company_of(conversation, now=now),
        "page": page,
        "last": last or conversation.last_number,
        "before": before,
        "later_at": last + AROUND if before is not None and last < conversation.last_number else 0,
        "unread_from": membership.read_number if before is None else 0,
        "speak": access.can_speak(membership),
        "calm": calm_for(membership, calendar=calendar, now=now, title=title),
        "scheduled": waiting_here(membership),
        "read": queries.read_state(membership, working=working),
        "draft": typed or (draft.text if draft is not None else ""),
        "client_key": new_id(),
        "quoted": _quoted(request, membership, now),
        "topic": about(request.GET.get("cites", "") or request.POST.get("cites", ""), request.person),
        "trouble": trouble,
        "wish": wish,
        "longest": LONGEST,
        "marks": MARKS,
        "token": hints.token(conversation, account_id=request.account.pk),
        **listed,
    }
    return render(request, "conversations/thread.html", context, status=status)


def _number(request: HttpRequest, name: str) -> int | None:
    given = request.GET.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


def _quoted(request: SignedInRequest, membership: Membership, now: datetime) -> dict[str, str] | None:
    """The message about to be answered, when the address names one the reader can read."""
    try:
        wanted = UUID(request.GET.get("quote", "") or request.POST.get("quoted", ""))
        message = access.get_message_for(request.person, wanted, now=now)
    except (ValueError, NotVisible):
        return None
    if message.withdrawn_at is not None:
        return None
    author = queries.speakers(message.conversation, [message.author_id])[message.author_id]
    return {"uuid": str(message.uuid), "author": author, "text": markup.one_line(message.text)}


@require_GET
@signed_in(module=MODULE)
def fragment(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """What a page that shows messages up to `after` and changes up to `change` lacks; or those before `before`.

    The whole of the live page rests on this: a socket only says that it is worth asking.
    """
    now = timezone.now()
    membership = access.get_membership_for(request.person, uuid, now=now)
    conversation = membership.conversation
    before, after = _number(request, "before"), _number(request, "after")
    page = queries.thread(membership, now=now, before=before, after=None if before is not None else after or 0)
    answer = {
        "html": _rendered(request, membership, page.messages),
        "last": page.messages[-1].message.number if page.messages else after or 0,
        "older": page.older,
        "newer": page.newer,
        "newest": conversation.last_number,
    }
    if before is None:
        known = _number(request, "change")
        moved = (
            queries.changed(membership, after_change=known, up_to=after or 0, now=now)
            if known is not None and known < conversation.last_change
            else []
        )
        read = queries.read_state(membership, working=_answers_now(request, membership, now))
        answer |= {
            "changed": _rendered(request, membership, moved),
            "change": moved[-1].message.changed_number if len(moved) == queries.PAGE else conversation.last_change,
            "read": {"number": read.number, "words": read.words},
            "can_speak": membership.can_speak,
        }
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def _answers_now(request: SignedInRequest, membership: Membership, now: datetime) -> bool:
    return hours.answers_in(membership, Calendar.of(request.person.school)).is_working(now)


def _rendered(request: SignedInRequest, membership: Membership, messages: list[queries.Shown]) -> str:
    if not messages:
        return ""
    context = {"lines": messages, "conversation": membership.conversation}
    return render_to_string("conversations/messages.html", context, request)


@accepts(megabytes=files_of.FILE_AT_MOST // 2**20 + 1)
@require_POST
@signed_in(module=MODULE)
def send(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The form as a browser without scripts posts it: text, at most one file, the key that keeps it from doubling."""
    now = timezone.now()
    membership = access.get_membership_for(request.person, uuid, now=now)
    text = request.POST.get("text", "")
    try:
        files = [UUID(given) for given in request.POST.getlist("files")[:FILES_AT_MOST]]
        key = UUID(request.POST.get("client_key", ""))
        quoted = UUID(request.POST["quoted"]) if request.POST.get("quoted") else None
    except ValueError:
        raise NotVisible from None
    try:
        for given in request.FILES.getlist("upload")[:FILES_AT_MOST]:
            stored = files_of.store_upload(
                actor=request.person, name=given.name or "", content=given, size=given.size or 0, now=now
            )
            files.append(stored.uuid)
        services.post_message(
            actor=request.person, conversation=membership.conversation, text=text, client_key=key, now=now,
            wish=Wish(wanted) if (wanted := request.POST.get("wish", "")) in map(str, Wish) else Wish.NONE,
            quoted=quoted, files=files, cites=cited_or_none(request.POST.get("cites", "")),
        )  # fmt: skip
    except Trouble as wrong:
        if wrong.status in {403, 404}:
            raise
        wishes = {"warn": Wish.SEND, "hold": Wish.ASK, "refuse": Wish.ASK}
        wish = wishes.get(str(wrong.fields.get("action", "")), Wish.NONE)
        return _thread(request, uuid, typed=text, trouble=str(wrong), status=wrong.status, wish=wish)
    services.save_draft(actor=request.person, membership=membership, text="", now=now)
    return redirect(f"{reverse('conversations:thread', args=[uuid])}#end")
