"""Reporting, the moderators' queue, one case, and what the people concerned can do about it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from homeroom.conversations import access, moderation, queries
from homeroom.conversations.models import Block, Case, Membership, Report, Side
from homeroom.conversations.pages.inbox import MODULE
from homeroom.conversations.services import moderating
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible
from homeroom.people.public import labels, signed_in
from homeroom.people.requests import SignedInRequest

SHOWN_FOR = timedelta(days=7)  # how long a refused message stays in its author's thread
MUTES = (0, 1, 3, 7, 30)


@require_GET
@signed_in(module=MODULE)
def queue(request: SignedInRequest) -> HttpResponse:
    """What waits for this moderator, oldest first; or what was decided, newest first."""
    if moderation.scope(request.person) is None:
        raise NotVisible
    decided = request.GET.get("show") == "decided"
    rows = moderation.cases_for(request.person).select_related(
        "conversation__school_class", "conversation__student", "message", "held"
    )
    beyond = request.GET.get("from", "")
    at = int(beyond) if beyond.isascii() and beyond.isdigit() and len(beyond) < 19 else None
    if decided:
        rows = rows.exclude(state__in=[*moderation.WAITING, Case.State.TAKEN_BACK]).order_by("-pk")
        rows = rows.filter(pk__lt=at) if at is not None else rows
    else:
        rows = rows.filter(state__in=moderation.WAITING).order_by("pk")
        rows = rows.filter(pk__gt=at) if at is not None else rows
    found = list(rows[: moderation.PAGE + 1])
    more = len(found) > moderation.PAGE
    found = found[: moderation.PAGE]
    next_url = f"?show={'decided' if decided else 'waiting'}&from={found[-1].pk}" if more else ""
    context = {"entries": moderation.entries(found), "decided": decided, "next_url": next_url}
    return render(request, "conversations/moderation.html", context)


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def case(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """One case: for a moderator with its context and the decision, for its author with the appeal."""
    found = moderation.get_case_for(request.person, uuid)
    author = found.author_id == request.person.pk
    errors: dict[str, str] = {}
    if request.method == "POST" and not author:
        days = request.POST.get("mute_days", "0")
        try:
            moderating.decide_case(
                actor=request.person, case=found, outcome=request.POST.get("outcome", ""),
                reason=request.POST.get("reason", ""), mute_days=int(days) if days in map(str, MUTES) else -1,
                now=timezone.now(),
            )  # fmt: skip
        except Invalid as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()} or {"outcome": str(wrong)}
        else:
            messages.success(request, _("Decided. Those concerned are told."))
            return redirect("conversations:moderation")
    return _case(request, found, errors)


def _case(request: SignedInRequest, found: Case, errors: dict[str, str]) -> HttpResponse:
    author = found.author_id == request.person.pk
    if author:
        may = moderation.can_appeal(request.person, found) if found.state == Case.State.DECIDED else None
        may_decide = None
    else:
        may, may_decide = None, moderation.can_decide(request.person, found)
        if request.method == "GET":
            moderating.note_reading(actor=request.person, case=found)
    (entry,) = moderation.entries([found], context=not author)
    context = {
        "entry": entry,
        "case": found,
        "author": author,
        "may_appeal": bool(may),
        "may_take_back": author and found.held_id is not None and found.state == Case.State.OPEN,
        "may_decide": may_decide if found.state in moderation.WAITING else None,
        "outcomes": [(one.value, one.label) for one in moderation.outcomes_of(found)],
        "mutes": [(str(n), _("No") if not n else _("%(n)d days") % {"n": n}) for n in MUTES],
        "errors": errors,
        "typed": request.POST,
    }
    return render(request, "conversations/case.html", context, status=422 if errors else 200)


@require_POST
@signed_in(module=MODULE)
def appeal(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    found = moderation.get_case_for(request.person, uuid)
    try:
        moderating.appeal_case(actor=request.person, case=found, text=request.POST.get("text", ""), now=timezone.now())
    except Invalid as wrong:
        return _case(request, found, {name: str(text) for name, text in wrong.fields.items()})
    messages.success(request, _("Somebody else looks at it again and tells you."))
    return redirect("conversations:case", uuid)


@require_POST
@signed_in(module=MODULE)
def take_back(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Back into one's own draft, to be changed."""
    found = moderation.get_case_for(request.person, uuid)
    now = timezone.now()
    text = moderating.take_back(actor=request.person, case=found, now=now)
    membership = access.membership_in(request.person, found.conversation, now=now)
    moderating.keep_as_draft(actor=request.person, membership=membership, text=text, now=now)
    return redirect(f"{reverse('conversations:thread', args=[found.conversation.uuid])}#write")


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def report(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Say that a message should be looked at, or fold its family away."""
    now = timezone.now()
    found = access.get_message_for(request.person, uuid, now=now)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            moderating.report_message(
                actor=request.person, message=found, reason=request.POST.get("reason", ""),
                text=request.POST.get("text", ""), now=now,
            )  # fmt: skip
        except Invalid as wrong:
            errors = {name: str(text) for name, text in wrong.fields.items()}
        else:
            messages.success(
                request, _("Thank you. Somebody looks at it and tells you. Its author does not learn who it was.")
            )
            return redirect(f"{reverse('conversations:thread', args=[found.conversation.uuid])}#m{found.number}")
    if found.author_id == request.person.pk:
        raise NotAllowed(_("This is your own message. You can withdraw it."))
    membership = access.get_membership_for(request.person, found.conversation.uuid, now=now)
    (shown,) = queries.shown(membership, [found], now=now)
    context = {
        "one": shown,
        "conversation": found.conversation,
        "reasons": Report.Reason.choices,
        "may_fold": bool(moderation.can_block(request.person, found)),
        "errors": errors,
        "typed": request.POST,
    }
    return render(request, "conversations/report.html", context, status=422 if errors else 200)


@require_POST
@signed_in(module=MODULE)
def fold(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Fold away what a family writes."""
    found = access.get_message_for(request.person, uuid, now=timezone.now())
    moderating.block_family(actor=request.person, message=found, now=timezone.now())
    messages.success(request, _("What this family writes is folded away for you. Nobody is told."))
    return redirect("conversations:thread", found.conversation.uuid)


@require_http_methods(["GET", "POST"])
@signed_in(module=MODULE)
def folded(request: SignedInRequest) -> HttpResponse:
    """Whom one has folded away; read them again."""
    if request.method == "POST":
        given = request.POST.get("block", "")
        if given.isascii() and given.isdigit() and len(given) < 19:
            moderating.unblock(actor=request.person, block_id=int(given))
        return redirect("conversations:folded")
    rows = list(Block.objects.filter(person=request.person).order_by("pk"))
    named = labels({row.blocked_id for row in rows})
    context = {"rows": [(row, named.get(row.blocked_id, "")) for row in rows]}
    return render(request, "conversations/folded.html", context)


@require_GET
@signed_in(module=MODULE)
def mine(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """A fragment of the thread: one's own messages that wait, and whose messages are folded away."""
    now = timezone.now()
    membership = access.get_membership_for(request.person, uuid, now=now)
    context = {
        "held": moderation.own_held(membership, since=now - SHOWN_FOR),
        "folded": _folded_here(membership) if membership.side == Side.FAMILY else [],
    }
    response = render(request, "conversations/held.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _folded_here(membership: Membership) -> list[str]:
    away = moderation.not_read_by(membership.person_id)
    if not away or membership.conversation.kind != moderation.Kind.CHANNEL:
        return []
    here = Membership.objects.filter(conversation=membership.conversation, person_id__in=away, side=Side.FAMILY)
    names = queries.speakers(membership.conversation, list(here.values_list("person_id", flat=True)))
    return sorted(set(names.values()))
