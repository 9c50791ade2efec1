"""Reading: the feed with search and history, one item, its plain text, what was put away."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from homeroom.delivery import access, queries, services, showing
from homeroom.delivery.models import Category, Item, Recipient, Reply
from homeroom.delivery.registries import bodies, own_pages, ways_on
from homeroom.kit.errors import NotVisible
from homeroom.people.models import Person
from homeroom.people.public import signed_in, why_visible
from homeroom.people.requests import SignedInRequest


def feed_context(request: SignedInRequest) -> dict[str, Any]:
    """What a list of cards needs, from the address: `only`, `child` (a uuid), `q`, `before`."""
    now = timezone.now()
    person = request.person
    only = request.GET.get("only") or ""
    if only not in {"unread", "todo", "snoozed", *Category.values}:
        only = ""
    q = request.GET.get("q", "").strip()[:60]
    children = family(person)
    child = next((one for one in children if one["uuid"] == request.GET.get("child")), None)
    page = queries.feed(
        person,
        now=now,
        only=only or None,
        child=child["person_id"] if child else None,
        q=q or None,
        before=request.GET.get("before") or None,
    )
    note_delivered(person, page.cards, now=now)
    chosen = {"only": only, "child": child["uuid"] if child else "", "q": q}
    return {
        "now": now,
        "cards_shown": showing.shown(page.cards, now=now),
        "p": showing.pieces(),
        "live": showing.live_markup(),
        "children": children,
        "only": only,
        "child": child,
        "q": q,
        "words": showing.words(),
        "more": f"?{urlencode({**{k: v for k, v in chosen.items() if v}, 'before': page.next})}" if page.next else "",
        "query": _query(**chosen),
        "chip_urls": _chip_urls(**chosen),
        "child_urls": {one["uuid"]: _query(only=only, child=one["uuid"], q=q) for one in children},
    }


@lru_cache(maxsize=4096)
def _query(*, only: str, child: str, q: str) -> str:
    chosen = {"only": only, "child": child, "q": q}
    return f"?{urlencode({name: value for name, value in chosen.items() if value})}"


@lru_cache(maxsize=1024)
def _chip_urls(*, only: str, child: str, q: str) -> dict[str, str]:
    """Where each kind leads; "" for all kinds, "children" for all children."""
    kinds = {kind: _query(only=kind, child=child, q=q) for kind in ("", "unread", *Category.values)}
    return {**kinds, "children": _query(only=only, child="", q=q)}


def family(person: Person) -> list[dict[str, Any]]:
    """The children a person answers for today, for chips: name, rights. One statement."""
    return queries.family_of(person, now=timezone.now())


def note_delivered(person: Person, cards: list[queries.Card], *, now: datetime) -> None:
    """Note that these cards are on a page; nothing to write when they were before."""
    waiting = [card.item_id for card in cards if not card.delivered]
    if waiting:
        services.mark_delivered(person=person, item_ids=waiting, now=now)


@signed_in
def feed(request: SignedInRequest) -> HttpResponse:
    """Everything this person ever got, with filters and search."""
    counts = queries.unread_counts(request.person, now=timezone.now())
    context = {**feed_context(request), "counts": counts, "styles": ["delivery"]}
    return render(request, "delivery/feed.html", context)


@signed_in
def cards(request: SignedInRequest) -> HttpResponse:
    """The next cards, for a list that grows."""
    return render(request, "delivery/cards.html", feed_context(request))


@signed_in
def snoozed(request: SignedInRequest) -> HttpResponse:
    """What was put away, until when and why."""
    now = timezone.now()
    context = {
        "cards_put_away": showing.shown(queries.snoozed(request.person, now=now), now=now),
        "p": showing.pieces(),
        "words": showing.words(),
        "now": now,
        "styles": ["delivery"],
    }
    return render(request, "delivery/snoozed.html", context)


def item_context(request: SignedInRequest, item: Item) -> dict[str, Any]:
    """All that the page of one item shows to this reader."""
    now = timezone.now()
    card = queries.card_of(request.person, item, now=now)
    if card is None:
        raise NotVisible
    student_ids = tuple(chip.student_id for chip in card.children)
    rights = access.rights_of(request.person, set(student_ids), on=access.school_day(now, request.person))
    render_body = bodies.get(item.kind)
    body = None
    if render_body is not None and item.recalled_at is None:
        body = mark_safe(render_body(item, request.person, student_ids))  # noqa: S308  (safe by the registry's contract)
    return {
        "item": item,
        "card": showing.shown([card], now=now)[0],
        "recalled": card.recalled_at is not None,
        "p": showing.pieces(),
        "body": body,
        "now": now,
        "words": showing.words(),
        "rights": rights,
        "may_sign": not student_ids or any(right.may_sign for right in rights.values()),
        "versions": list(item.versions.all()) if item.text_version > 1 else [],
        "lines": Reply.objects.filter(item=item, person=request.person).order_by("pk"),
        "my_signatures": _signatures(request.person, item),
        "snooze_choices": showing.snooze_choices(request.person, now=now, deadline_at=item.deadline_at),
        "why": _why(request.person, item, student_ids),
        "styles": ["delivery"],
        "ways_on": [offer for way_on in ways_on if (offer := way_on(request.person, item)) is not None],
        "child_options": [("", _("All of them")), *((chip.uuid, chip.name) for chip in card.children)],
    }


def _signatures(person: Person, item: Item) -> list[Any]:
    copies = Recipient.objects.filter(item=item, person=person).prefetch_related("signatures").select_related("student")
    return [(copy, signature) for copy in copies for signature in copy.signatures.all()]


def _why(person: Person, item: Item, student_ids: tuple[int, ...]) -> list[tuple[str, list[str]]]:
    """Each child's name with the reasons for which this person is asked about them."""
    found = []
    for student in Person.objects.filter(pk__in=student_ids, school_id=person.school_id).select_related("school"):
        reasons = why_visible(person, student, on=person.today)
        found.append((student.name, [str(reason.text) for reason in reasons if reason.text]))
    return found


@signed_in
def item(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """One item, whole. Opening it is reading it."""
    now = timezone.now()
    found = access.get_item_for(request.person, uuid, now=now)
    services.mark_read(actor=request.person, item=found, now=now)
    if found.kind in own_pages and found.link and found.recalled_at is None:
        return redirect(found.link)
    return render(request, "delivery/item.html", item_context(request, found))


@signed_in
def text(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The item as plain text: to copy, to print, to read with old devices."""
    now = timezone.now()
    found = access.get_item_for(request.person, uuid, now=now)
    version = found.versions.filter(number=found.text_version).first()
    services.mark_read(actor=request.person, item=found, now=now)
    lines = [found.title, "", found.sender_label, timezone.localtime(found.sent_at).strftime("%Y-%m-%d %H:%M"), ""]
    if found.recalled_at is None:
        lines.append((version.text if version else "") or found.lead)
    else:
        lines.append(found.recall_reason)
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
