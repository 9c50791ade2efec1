"""Sending dispatches: claim some, send them, note what became of them, until none is due.

A worker that dies leaves its claim to run out, and another sends the message then: at least once per channel. The
message's key is the same each time, so a mail server or reader can tell a repetition.
"""

from __future__ import annotations

import os
import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from homeroom.kit import jobs
from homeroom.people.models import Person

from . import access, channels, messages
from .channels import Message, Outcome, Result
from .models import Dispatch, Item, Recipient

LEASE = timedelta(minutes=5)
FARTHEST = timedelta(days=2)  # no due time is set farther ahead: one that is was written by a clock that ran ahead
BATCH = 50
MOST_ATTEMPTS = 8
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 360)]


def _free(now: datetime) -> Q:
    is_due = Q(due_at__lte=now) | Q(due_at__gt=now + FARTHEST)
    unclaimed = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now) | Q(claimed_until__gt=now + 2 * LEASE)
    return Q(state=Dispatch.State.WAITING) & is_due & unclaimed


def claim(*, now: datetime, channel: str, limit: int = BATCH) -> list[Dispatch]:
    """Take up to `limit` due dispatches of a channel; nobody else gets them until the lease runs out."""
    worker = f"{os.getpid()}.{secrets.token_hex(8)}"
    wanted = list(
        Dispatch.objects.filter(_free(now), channel=channel)
        .order_by("due_at", "pk")
        .values_list("pk", flat=True)[:limit]
    )
    if not wanted:
        return []
    # The condition again: between the two statements another worker may have taken some.
    with transaction.atomic():
        Dispatch.objects.filter(_free(now), pk__in=wanted).update(
            claimed_until=now + LEASE, claimed_by=worker, attempts=F("attempts") + 1
        )
    return list(
        Dispatch.objects.filter(claimed_by=worker, state=Dispatch.State.WAITING)
        .select_related("item__school", "person__account", "person__school")
        .order_by("due_at", "pk")
    )


def send_due(*, now: Callable[[], datetime]) -> int:
    """Send everything due over every channel that is on; returns messages handed over."""
    sent = 0
    for channel in channels.outside_channels():
        while not jobs.stopping():
            batch = claim(now=now(), channel=channel.name)
            if not batch:
                break
            sent += _send(channel, batch, now)
    return sent


def _send(channel: channels.Channel, batch: Sequence[Dispatch], now: Callable[[], datetime]) -> int:
    needed = _still_needed(batch, now())
    dropped = [dispatch.pk for dispatch in batch if dispatch.pk not in needed]
    if dropped:
        _finish(dropped, Dispatch.State.CANCELLED, now())
    outgoing: list[tuple[Message, list[Dispatch]]] = []
    digests: dict[int, list[Dispatch]] = defaultdict(list)
    for dispatch in batch:
        if dispatch.pk not in needed:
            continue
        if dispatch.reason == Dispatch.Reason.DIGEST:
            digests[dispatch.person_id].append(dispatch)
        else:
            students = needed[dispatch.pk]
            outgoing.append((messages.about_item(dispatch, dispatch.item, dispatch.person, students), [dispatch]))
    for same in digests.values():
        outgoing.append((messages.digest([(each, each.item) for each in same], same[0].person), same))
    if not outgoing:
        return 0
    outcomes = channel.send([message for message, _dispatches in outgoing])
    for (_message, dispatches), outcome in zip(outgoing, outcomes, strict=True):
        _note(dispatches, outcome, now())
    return sum(outcome.result == Result.SENT for outcome in outcomes)


def _still_needed(batch: Sequence[Dispatch], now: datetime) -> dict[int, list[Person]]:
    """dispatch → the children it is about, for those worth sending: the person may still see it and has not acted."""
    copies = (
        Recipient.objects.filter(
            item_id__in={dispatch.item_id for dispatch in batch},
            person_id__in={dispatch.person_id for dispatch in batch},
        )
        .select_related("student")
        .order_by("pk")
    )
    by_pair: dict[tuple[int, int], list[Recipient]] = defaultdict(list)
    for copy in copies:
        by_pair[copy.item_id, copy.person_id].append(copy)
    needed: dict[int, list[Person]] = {}
    for dispatch in batch:
        own = by_pair[dispatch.item_id, dispatch.person_id]
        students = {copy.student_id for copy in own if copy.student_id is not None}
        rights = access.rights_of(dispatch.person, students, on=access.school_day(now, dispatch.person))
        own = [copy for copy in own if copy.student_id is None or copy.student_id in rights]
        if own and _worth_sending(dispatch, dispatch.item, own):
            needed[dispatch.pk] = [copy.student for copy in own if copy.student is not None]
    return needed


def _worth_sending(dispatch: Dispatch, item: Item, own: Sequence[Recipient]) -> bool:
    if dispatch.reason == Dispatch.Reason.RECALL:
        return True
    if item.recalled_at is not None:
        return False
    if dispatch.reason in {Dispatch.Reason.REMINDER, Dispatch.Reason.CORRECTION}:
        return any(copy.settled_at is None for copy in own)
    return any(copy.read_at is None and copy.settled_at is None for copy in own)


def _finish(pks: Sequence[int], state: str, now: datetime, failure: str = "") -> None:
    """Close rows whoever holds them now: a message sent is sent, even when the lease ran out meanwhile."""
    sent_at = now if state == Dispatch.State.SENT else None
    with transaction.atomic():
        Dispatch.objects.filter(pk__in=pks).exclude(state=Dispatch.State.SENT).update(
            state=state, sent_at=sent_at, claimed_until=None, failure=failure[:120]
        )


def _note(dispatches: Sequence[Dispatch], outcome: Outcome, now: datetime) -> None:
    pks = [dispatch.pk for dispatch in dispatches]
    if outcome.result == Result.SENT:
        _finish(pks, Dispatch.State.SENT, now)
    elif outcome.result == Result.UNREACHABLE:
        _finish(pks, Dispatch.State.UNREACHABLE, now, outcome.code)
    else:
        attempts = max(dispatch.attempts for dispatch in dispatches)
        if attempts >= MOST_ATTEMPTS:
            _finish(pks, Dispatch.State.GIVEN_UP, now, outcome.code)
            return
        pause = PAUSES[min(attempts, len(PAUSES)) - 1]
        with transaction.atomic():
            Dispatch.objects.filter(pk__in=pks, state=Dispatch.State.WAITING).update(
                due_at=now + pause, claimed_until=None, failure=outcome.code[:120]
            )
