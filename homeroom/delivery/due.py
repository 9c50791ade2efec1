"""What falls due by the clock: planned reminders, notes to senders, deadlines, digests, the end of a snooze.

Each step is claimed by a conditional update inside the transaction that does it, so two workers never do it twice and
one that is killed has done nothing. What was missed while nothing ran is done once, not once for each time missed.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from homeroom.audit import public as audit
from homeroom.eventlog.public import announce
from homeroom.kit import jobs
from homeroom.kit.access import SystemActor

from . import access, queries, timing
from .events import ItemClosed, ItemSurfaced
from .models import Category, Item, Level, Priority, Recipient
from .services.reminding import remind_unfinished
from .services.sending import Asked, send_item

REMINDERS = SystemActor("reminders")
BATCH = 200
REPORT_KIND = "report"
_LONGEST_WATCH = timedelta(days=60)  # an older item without a deadline is nobody's news any more


def remind(*, now: datetime) -> int:
    """Send the planned reminders that are due; returns items."""
    items = Item.objects.filter(next_reminder_at__lte=now, recalled_at__isnull=True).select_related("school")
    handled = 0
    for item in items.order_by("next_reminder_at")[:BATCH]:
        if jobs.stopping():
            break
        done = item.reminders_done + 1
        following = None
        if done < item.remind_at_most:
            following = timing.next_reminder(
                now=now,
                sent_at=item.sent_at,
                deadline_at=item.deadline_at,
                first_after=None,
                before_deadline=item.remind_before_deadline,
                every=item.remind_every,
                done=done,
            )
        with transaction.atomic():
            claimed = Item.objects.filter(pk=item.pk, next_reminder_at=item.next_reminder_at).update(
                next_reminder_at=following, reminders_done=done
            )
            if claimed and (item.deadline_at is None or item.deadline_at > now):
                remind_unfinished(actor=REMINDERS, item=item, now=now)
                handled += 1
    return handled


def escalate(*, now: datetime) -> int:
    """Tell the sender whom the last reminder did not move, one interval after it; returns notes sent."""
    items = Item.objects.filter(
        Q(deadline_at__isnull=True) | Q(deadline_at__gt=now),
        remind_at_most__gt=0,
        reminders_done__gte=F("remind_at_most"),
        next_reminder_at__isnull=True,
        escalated_at__isnull=True,
        recalled_at__isnull=True,
        closed_at__isnull=True,
        sender__isnull=False,
        sent_at__gt=now - _LONGEST_WATCH,
    ).select_related("school", "sender__school", "sender__account")
    sent = 0
    for item in items[:BATCH]:
        latest = (
            Recipient.objects.filter(item_id=item.pk, reminded_at__isnull=False)
            .order_by("-reminded_at")
            .values_list("reminded_at", flat=True)
            .first()
        )
        if latest is not None and item.remind_every and latest + item.remind_every > now:
            continue
        with transaction.atomic():
            if not Item.objects.filter(pk=item.pk, escalated_at__isnull=True).update(escalated_at=now):
                continue
            counts = queries.funnel([item.pk])[item.pk]
            if counts.waiting:
                _tell_sender(item, counts, now, closed=False)
                sent += 1
    return sent


def close(*, now: datetime) -> int:
    """Close what is past its deadline and send its report to the sender; returns items closed."""
    items = Item.objects.filter(deadline_at__lte=now, closed_at__isnull=True, recalled_at__isnull=True).select_related(
        "school", "sender__school", "sender__account"
    )
    closed = 0
    for item in items.order_by("deadline_at")[:BATCH]:
        if jobs.stopping():
            break
        with transaction.atomic():
            if not Item.objects.filter(pk=item.pk, closed_at__isnull=True).update(closed_at=now, next_reminder_at=None):
                continue
            closed += 1
            audit.record(actor=REMINDERS, action="item.closed", target=item)
            announce(ItemClosed(school_id=item.school_id, item_id=item.pk))
            if item.sender is not None and item.level != Level.READ:
                _tell_sender(item, queries.funnel([item.pk])[item.pk], now, closed=True)
    return closed


def _tell_sender(item: Item, counts: queries.Funnel, now: datetime, *, closed: bool) -> None:
    sender = item.sender
    if sender is None or sender.archived_at is not None:
        return
    with translation.override((sender.account.language if sender.account else "") or settings.LANGUAGE_CODE):
        values = {"title": item.title, "n": counts.waiting, "done": counts.settled, "all": counts.subjects}
        if closed:
            title = _("Closed: %(title)s") % values
            lead = _("%(done)d of %(all)d have done it; %(n)d have not.") % values
        else:
            title = _("Still waiting: %(title)s") % values
            lead = (
                _(
                    "%(n)d of %(all)d have not answered after the last reminder. "
                    "A call may help more than another message."
                )
                % values
            )
        send_item(
            actor=REMINDERS,
            school=item.school,
            kind=REPORT_KIND,
            source_id=item.pk,
            sender=None,
            sender_label=_("Homeroom"),
            title=title,
            lead=lead,
            link=f"/feed/sent/{item.uuid}/",
            level=Level.READ,
            priority=Priority.ROUTINE if closed else Priority.IMPORTANT,
            category=Category.NOTICE,
            recipients=[Asked(sender.pk)],
            now=now,
            extras={"counts": {"done": counts.settled, "all": counts.subjects}},
        )


def surface_digests(*, now: datetime) -> int:
    """Bring the copies whose digest time has come into the feeds; returns copies."""
    waiting = Recipient.objects.filter(sent_at__isnull=True, surfaces_at__lte=now)
    surfaced = 0
    for item_id in list(waiting.order_by("item_id").values_list("item_id", flat=True).distinct()[:BATCH]):
        with transaction.atomic():
            own = waiting.filter(item_id=item_id).select_for_update().order_by("pk")
            rows = list(own.values_list("pk", "person_id", "student_id", "school_id"))
            moved = Recipient.objects.filter(pk__in=[row[0] for row in rows], sent_at__isnull=True).update(sent_at=now)
            theirs = access.still_theirs(
                Recipient.objects.filter(pk__in=[row[0] for row in rows]), on=timezone.localdate(now)
            ).values_list("person_id", "student_id")
            pairs = tuple((person_id, student_id or 0) for person_id, student_id in theirs)
            if moved and pairs:
                announce(ItemSurfaced(school_id=rows[0][3], item_id=item_id, _pairs=pairs))
            surfaced += moved
    return surfaced


def return_snoozed(*, now: datetime) -> int:
    """Bring back what was put away until now; returns copies."""
    over = Recipient.objects.filter(snoozed_until__lte=now)
    returned = 0
    with transaction.atomic():
        pks = list(over.select_for_update().order_by("pk").values_list("pk", flat=True)[: BATCH * 5])
        if not pks:
            return 0
        copies = Recipient.objects.filter(pk__in=pks)
        returned = copies.update(snoozed_until=None)
        theirs = access.still_theirs(copies, on=timezone.localdate(now))
        people: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
        for item_id, person_id, student_id, school_id in theirs.values_list(
            "item_id", "person_id", "student_id", "school_id"
        ):
            people[school_id, item_id].add((person_id, student_id or 0))
        for (school_id, item_id), pairs in people.items():
            announce(ItemSurfaced(school_id=school_id, item_id=item_id, _pairs=tuple(sorted(pairs))))
    return returned
