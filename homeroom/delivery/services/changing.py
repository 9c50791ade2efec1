"""Taking back and putting right what was sent; both leave a visible trace."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.delivery import access, timing
from homeroom.delivery.events import ItemCorrected, ItemRecalled
from homeroom.delivery.models import Dispatch, Item, Recipient, TextVersion
from homeroom.eventlog.public import announce
from homeroom.kit.access import Actor, require
from homeroom.kit.errors import Invalid
from homeroom.people.models import Person

from .sending import queue_outside


@transaction.atomic
def recall_item(*, actor: Actor, item: Item, now: datetime, reason: str = "") -> None:
    """Take an item back: it stays in every inbox as withdrawn, without its text, and asks nothing any more.

    Messages not sent yet are cancelled; whoever already got one outside is told. Recalling twice changes nothing.
    """
    require(access.can_change(actor, item))
    recalled = Item.objects.filter(pk=item.pk, recalled_at__isnull=True).update(
        recalled_at=now, recall_reason=reason.strip()[:200], next_reminder_at=None
    )
    item.refresh_from_db()
    if not recalled:
        return
    waiting = Dispatch.objects.filter(item_id=item.pk, state=Dispatch.State.WAITING)
    waiting.update(state=Dispatch.State.CANCELLED)
    told = sorted(
        set(Dispatch.objects.filter(item_id=item.pk, state=Dispatch.State.SENT).values_list("person_id", flat=True))
    )
    queue_outside(
        item, told, timing.wishes_of(told), {}, now, ZoneInfo(item.school.time_zone), reason=Dispatch.Reason.RECALL
    )
    pairs = _pairs(item, now)
    Recipient.objects.filter(item_id=item.pk, sent_at__isnull=True).update(sent_at=now, surfaces_at=now)
    audit.record(actor=actor, action="item.recalled", target=item, recipients=len(pairs))
    announce(ItemRecalled(school_id=item.school_id, item_id=item.pk, _pairs=pairs))


@transaction.atomic
def correct_item(
    *,
    actor: Actor,
    item: Item,
    title: str,
    lead: str,
    now: datetime,
    text: str = "",
    note: str = "",
    ask_again: bool = False,
    deadline_at: datetime | None = None,
) -> TextVersion:
    """Put a new version of the text in place; the old ones stay readable in the history.

    With `ask_again` everybody who had confirmed, signed or replied is asked once more, and what they did stays in the
    history under the version they saw. A `deadline_at` given replaces the old one.
    Raises NotAllowed, Invalid when it was recalled or the new deadline has passed.
    """
    require(access.can_change(actor, item))
    locked = Item.objects.select_for_update().get(pk=item.pk)
    if locked.recalled_at is not None:
        raise Invalid(_("This was withdrawn and cannot be corrected. Send a new one."))
    if deadline_at is not None and deadline_at <= now:
        passed = _("The deadline has already passed.")
        raise Invalid(passed, fields={"deadline_at": passed})
    locked.text_version += 1
    locked.title, locked.lead = title[:200], lead[:400]
    changed = ["text_version", "title", "lead"]
    if deadline_at is not None and deadline_at != locked.deadline_at:
        locked.deadline_at, locked.closed_at, locked.escalated_at = deadline_at, None, None
        changed += ["deadline_at", "closed_at", "escalated_at"]
    if locked.remind_at_most and (ask_again or "deadline_at" in changed):
        locked.reminders_done = 0
        locked.next_reminder_at = timing.next_reminder(
            now=now,
            sent_at=now,
            deadline_at=locked.deadline_at,
            first_after=locked.remind_every,
            before_deadline=locked.remind_before_deadline,
            every=locked.remind_every,
            done=0,
        )
        changed += ["reminders_done", "next_reminder_at"]
    locked.save(update_fields=changed)
    version = TextVersion.objects.create(
        item=locked,
        number=locked.text_version,
        title=locked.title,
        lead=locked.lead,
        text=text,
        note=note.strip()[:200],
        asked_again=ask_again,
        written_at=now,
        written_by=actor if isinstance(actor, Person) else None,
    )
    copies = Recipient.objects.filter(item_id=item.pk)
    if ask_again:
        copies.update(read_at=None, done_at=None, settled_at=None, reminders=0, reminded_at=None, surfaces_at=now)
        copies.filter(confirmed_at__isnull=False).update(confirmed_at=None)
    pairs = _pairs(item, now)
    people = sorted({person_id for person_id, _about in pairs}) if ask_again else []
    queue_outside(
        locked,
        people,
        timing.wishes_of(people) if people else {},
        {},
        now,
        ZoneInfo(item.school.time_zone),
        reason=Dispatch.Reason.CORRECTION,
        occasions=dict.fromkeys(people, locked.text_version),
    )
    audit.record(actor=actor, action="item.corrected", target=item, version=version.number, asked_again=ask_again)
    announce(ItemCorrected(school_id=item.school_id, item_id=item.pk, text_version=version.number, _pairs=pairs))
    item.refresh_from_db()
    return version


def _pairs(item: Item, now: datetime) -> tuple[tuple[int, int], ...]:
    """Who hears of it: the event shows the card as it is now, which is no longer for a guardian barred since."""
    on = now.astimezone(ZoneInfo(item.school.time_zone)).date()
    copies = access.still_theirs(Recipient.objects.filter(item_id=item.pk, sent_at__isnull=False), on=on)
    return tuple(
        (person_id, student_id or 0) for person_id, student_id in copies.values_list("person_id", "student_id")
    )
