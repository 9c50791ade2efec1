"""A teacher leaves: the threads go on with a successor, the family is told in the thread, and nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.conversations import access, roster
from homeroom.conversations.extras import HANDOVER
from homeroom.conversations.models import Conversation, Handover
from homeroom.conversations.writer import tell
from homeroom.conversations.writing import Posting, Written, write
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid, NotVisible, Stale
from homeroom.kit.ids import new_id
from homeroom.people.models import Person
from homeroom.school.models import School

from .following import follow_roster
from .posting import cleaned

LONGEST_NOTE = 500


@transaction.atomic
def plan_handover(
    *, actor: Person, threads: Sequence[Conversation], successor: Person, on: date, note: str, now: datetime
) -> list[Handover]:
    """Pass these threads of one teacher on to `successor` from a day on; at once when the day has come.

    `note` is read by the family and the successor alike. A thread that was to go to somebody else goes to the new
    choice. Raises NotVisible, NotAllowed, or Invalid for a successor who does not teach, a past day or a long note.
    """
    if successor.school_id != actor.school_id:
        raise NotVisible
    for thread in threads:
        require(access.can_hand_over(actor, thread))
    note = cleaned(note)
    _check(threads, successor, on, note, actor.today)
    made = []
    for thread in threads:
        open_now = Handover.objects.filter(conversation=thread, done_at__isnull=True, taken_back_at__isnull=True)
        open_now.update(taken_back_at=now)
        planned = Handover.objects.create(
            conversation=thread, leaving_id=thread.teacher_id or 0, successor=successor, on=on, note=note,
            decided_by=actor, decided_at=now,
        )  # fmt: skip
        audit.record(
            actor=actor, action="conversation.handover_planned", target=thread, successor_id=successor.pk,
            on=on.isoformat(),
        )  # fmt: skip
        made.append(planned)
        carry_out(handover=planned, now=now)
    return made


def _check(threads: Sequence[Conversation], successor: Person, on: date, note: str, today: date) -> None:
    wrong: dict[str, str | Promise] = {}
    if not threads:
        wrong["threads"] = _("Choose at least one conversation.")
    if any(thread.teacher_id == successor.pk for thread in threads) or not roster.teaches(successor.pk, from_=on):
        wrong["successor"] = _("Choose a colleague who teaches from that day on.")
    if on < today:
        wrong["on"] = _("The day has passed already.")
    if len(note) > LONGEST_NOTE:
        wrong["note"] = _("At most %(most)d characters.") % {"most": LONGEST_NOTE}
    if wrong:
        raise Invalid(_("This cannot be handed over like that."), fields=wrong)


@transaction.atomic
def take_back_handover(*, actor: Person, handover: Handover, now: datetime) -> None:
    """Let a thread stay where it is, as long as it was not handed over. Raises NotAllowed, Stale."""
    require(access.can_hand_over(actor, handover.conversation))
    open_now = Handover.objects.filter(pk=handover.pk, done_at__isnull=True, taken_back_at__isnull=True)
    if not open_now.update(taken_back_at=now):
        raise Stale
    audit.record(actor=actor, action="conversation.handover_taken_back", target=handover.conversation)


@transaction.atomic
def carry_out(*, handover: Handover, now: datetime) -> bool:
    """Hand the thread over when its day has come and the successor teaches the child; returns whether it was.

    The thread becomes the successor's, who reads from the line that says so; the family keeps all of it. Where the
    successor has a thread with the child already, that one goes on, and the line in the old one leads there.
    """
    old, on_the_day = handover.conversation, _today(handover.conversation.school_id, now)
    if handover.on > on_the_day or old.student_id is None:
        return False
    if not any(role.person_id == handover.successor_id for role in roster.teachers_of(old.student_id, on=on_the_day)):
        return False
    there = Conversation.objects.filter(
        school_id=old.school_id, kind=old.kind, student_id=old.student_id, teacher_id=handover.successor_id
    ).first()
    ids = [old.pk] if there is None else [old.pk, there.pk]
    list(Conversation.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    claimed = Handover.objects.filter(pk=handover.pk, done_at__isnull=True, taken_back_at__isnull=True)
    if not claimed.update(done_at=now, continued_in=there):
        return False
    if there is None:
        Conversation.objects.filter(pk=old.pk).update(teacher_id=handover.successor_id)
    written = [_say(old.pk, handover, now, text=handover.note if there is None else "", cites=HANDOVER)]
    Handover.objects.filter(pk=handover.pk).update(message_id=written[0].id)
    if there is not None and handover.note:
        written.append(_say(there.pk, handover, now, text=handover.note))
    audit.record(
        actor=handover.decided_by, action="conversation.handed_over", target=old, successor_id=handover.successor_id
    )
    tell(written)
    return True


def _say(conversation_id: int, handover: Handover, now: datetime, *, text: str, cites: str = "") -> Written:
    """A line of whoever decided, who need not be in the thread: the successor comes in just before it."""
    follow_roster(Conversation.objects.filter(pk=conversation_id), now=now)
    place = Conversation.objects.get(pk=conversation_id)
    posting = Posting(
        conversation_id=place.pk, membership_version=place.membership_version, school_id=place.school_id,
        author_id=handover.decided_by_id, text=text, client_key=new_id(), sent_at=now, cites_kind=cites,
    )  # fmt: skip
    (outcome,) = write([posting])
    if not isinstance(outcome, Written):
        raise outcome
    return outcome


def _today(school_id: int, now: datetime) -> date:
    zone = ZoneInfo(School.objects.values_list("time_zone", flat=True).get(pk=school_id))
    return now.astimezone(zone).date()


def carry_out_due(*, now: datetime) -> int:
    """Carry out every handover whose day has come; those whose successor does not teach the child yet wait."""
    due = Handover.objects.filter(
        done_at__isnull=True,
        taken_back_at__isnull=True,
        on__lte=now.date() + timedelta(days=1),  # a school's date may be ahead of UTC; its own is asked below
        conversation__teacher_id=F("leaving_id"),
    )
    rows = list(due.select_related("conversation", "decided_by").order_by("pk"))
    return sum(carry_out(handover=row, now=now) for row in rows)
