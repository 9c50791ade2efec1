"""Answering many threads in one sitting: one after another, whoever has waited longest first."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from homeroom.conversations import access, citing, hints, queries, replies, services, waiting
from homeroom.conversations.models import MARKS, Draft, Membership
from homeroom.conversations.services.posting import LONGEST
from homeroom.conversations.services.settling import need_no_answer
from homeroom.kit.errors import NotVisible
from homeroom.kit.ids import new_id
from homeroom.people.public import signed_in
from homeroom.people.requests import SignedInRequest
from homeroom.wording import public as wording

from .inbox import MODULE
from .my_hours import uuid_of

LAST = 10  # messages shown of a thread: enough to know what it is about
DONE_AT_MOST = 999


def _done(given: str) -> int:
    """How many were dealt with in this sitting; carried along in the address."""
    return min(int(given), DONE_AT_MOST) if given.isascii() and given.isdigit() and len(given) < 5 else 0


def _address(uuid: UUID | None, done: int) -> str:
    query = {"at": str(uuid)} if uuid is not None else {}
    return f"{reverse('conversations:waiting')}?{urlencode(query | ({'done': done} if done else {}))}"


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def sitting(request: SignedInRequest) -> HttpResponse:
    """The next thread that waits, or the one the address names; saying that one needs no answer."""
    person, now = request.person, timezone.now()
    if not person.is_staff_member:
        raise NotVisible
    done = _done(request.GET.get("done", ""))
    if request.method == "POST":
        return _settle(request, done, now)
    rows = waiting.waiting_threads(person, now=now)
    wanted = uuid_of(request.GET.get("at", ""))
    at = next((n for n, row in enumerate(rows) if row.conversation.uuid == wanted), 0)
    context = {"rows": rows, "done": done, "total": done + len(rows), "place": done + at + 1, "row": None}
    if rows:
        row = rows[at]
        context |= {
            "row": row,
            "following": rows[at + 1].conversation.uuid if at + 1 < len(rows) else "",
            "previous": _address(rows[at - 1].conversation.uuid, done) if at else "",
            "next": _address(rows[at + 1].conversation.uuid, done) if at + 1 < len(rows) else "",
            # After this one is answered it is gone from the row, and one more is done.
            "after": _address(rows[at + 1].conversation.uuid if at + 1 < len(rows) else None, done + 1),
            **_thread(request, row.membership, now),
        }
    return render(request, "conversations/waiting.html", context)


def _thread(request: SignedInRequest, membership: Membership, now: datetime) -> dict[str, object]:
    """The end of the thread, and what is needed to write there."""
    person, conversation = request.person, membership.conversation
    page = queries.thread(membership, now=now, limit=LAST)
    last = page.messages[-1].message if page.messages else None
    if last is not None and last.number > membership.read_number:
        services.mark_read(actor=person, membership=membership, number=last.number)
    draft = Draft.objects.filter(conversation=conversation, person=person).first()
    # What the family wrote last is what a question would be made of.
    asked = next((one.message for one in reversed(page.messages) if not one.mine and one.side == "family"), None)
    return {
        "conversation": conversation,
        "membership": membership,
        "page": page,
        "last": last.number if last is not None else conversation.last_number,
        "speak": access.can_speak(membership),
        "client_key": new_id(),
        "draft": draft.text if draft is not None else "",
        "longest": LONGEST,
        "token": hints.token(conversation, account_id=request.account.pk),
        "asked": asked,
        "quoted": None,
        "topic": None,
        "wish": "",
        "marks": MARKS,
        "calm": None,
        "scheduled": [],
        "ways": [(w, i, a) for w, i, a in citing.ways_for(person, asked) if a] if asked is not None else [],
    }


def _settle(request: SignedInRequest, done: int, now: datetime) -> HttpResponse:
    membership = access.get_membership_for(request.person, uuid_of(request.POST.get("conversation", "")), now=now)
    number = request.POST.get("number", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise NotVisible
    need_no_answer(actor=request.person, membership=membership, number=int(number))
    following = request.POST.get("next", "")
    return redirect(_address(uuid_of(following) if following else None, done + 1))


@require_GET
@signed_in(module=MODULE)
def waiting_count(request: SignedInRequest) -> HttpResponse:
    """How many wait now: asked again by a page that is open."""
    if not request.person.is_staff_member:
        raise NotVisible
    count = waiting.count_waiting(request.person, now=timezone.now())
    return JsonResponse({"waiting": count}, headers={"Cache-Control": "no-store"})


@require_GET
@signed_in(module=MODULE)
def canned(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The replies one may insert in this conversation, filled for it."""
    person, now = request.person, timezone.now()
    membership = access.get_membership_for(person, uuid, now=now)
    found = wording.canned_replies(person, replies.variables_for(membership, now=now))
    return JsonResponse(
        {
            "replies": [
                {
                    "name": one.name, "shortcut": one.shortcut, "text": one.text, "keys": one.keys,
                    "note": _("School") if one.of_school else "",
                }
                for one in found
            ]
        },
        headers={"Cache-Control": "no-store"},
    )  # fmt: skip
