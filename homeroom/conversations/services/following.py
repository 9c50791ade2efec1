"""Membership follows the roster: called by reactions in the transaction that moved the roster."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from homeroom.conversations import hints, roster
from homeroom.conversations.events import MembershipMoved
from homeroom.conversations.models import Conversation, DutyShift, Membership
from homeroom.eventlog.public import announce
from homeroom.people.models import Delegation, Enrolment, Guardianship, Role
from homeroom.realtime.public import cut
from homeroom.school.models import School

Kind = Conversation.Kind
THREADS = (Kind.FAMILY, Kind.PUPIL)  # with one teacher, about or with one child
RECENTLY = timedelta(days=7)  # a server may have been off on the day a duty began


@transaction.atomic
def follow_roster(
    conversations: Iterable[Conversation], *, now: datetime, person_ids: Collection[int] | None = None
) -> int:
    """Let these conversations of one school have the members the roster gives them; returns memberships moved.

    With `person_ids` only those persons are looked at. Whoever joins sees what is written from now on; whoever leaves
    sees nothing more, in this transaction. Set-based: the number of statements does not grow with the members.
    """
    ids = sorted({conversation.pk for conversation in conversations})
    # Locked in the order of ids: two changes of the roster, or a message being written, must not cross.
    locked = list(Conversation.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    if not locked:
        return 0
    zone = ZoneInfo(School.objects.values_list("time_zone", flat=True).get(pk=locked[0].school_id))
    wanted = roster.places(locked, on=now.astimezone(zone).date())
    active = Membership.objects.filter(conversation__in=locked, left_at__isnull=True)
    if person_ids is not None:
        active = active.filter(person_id__in=person_ids)
        wanted = {pk: {p: place for p, place in here.items() if p in person_ids} for pk, here in wanted.items()}
    moved: dict[int, set[int]] = {}
    leaving, changed = [], []
    for row in active:
        place = wanted[row.conversation_id].pop(row.person_id, None)
        if place is None or row.side != place.side:
            leaving.append(row.pk)
            if place is not None:  # a teacher who becomes a parent of the class reads from now on, as a parent
                wanted[row.conversation_id][row.person_id] = place
        elif (row.can_speak, row.ends_at) != (place.can_speak, place.ends_at(zone)):
            row.can_speak, row.ends_at = place.can_speak, place.ends_at(zone)
            changed.append(row)
        else:
            continue
        moved.setdefault(row.conversation_id, set()).add(row.person_id)
    # Who leaves and comes back is still muted: the latest end counts.
    still = Membership.objects.filter(conversation__in=locked, muted_until__gt=now).order_by("muted_until")
    muted = {(row.conversation_id, row.person_id): row.muted_until for row in still}
    joining = [
        Membership(
            conversation=conversation,
            person_id=person_id,
            side=place.side,
            can_speak=place.can_speak,
            since_number=conversation.last_number,
            read_number=conversation.last_number,
            joined_at=now,
            ends_at=place.ends_at(zone),
            muted_until=muted.get((conversation.pk, person_id)),
        )
        for conversation in locked
        for person_id, place in wanted[conversation.pk].items()
    ]
    for new in joining:
        moved.setdefault(new.conversation_id, set()).add(new.person_id)
    Membership.objects.filter(pk__in=leaving).update(left_at=now)
    Membership.objects.bulk_update(changed, ["can_speak", "ends_at"], batch_size=500)
    Membership.objects.bulk_create(joining, batch_size=500)
    if moved:
        Conversation.objects.filter(pk__in=moved).update(membership_version=F("membership_version") + 1)
    for conversation in locked:
        if persons := moved.get(conversation.pk):
            announce(
                MembershipMoved(
                    school_id=conversation.school_id, conversation_id=conversation.pk, person_ids=frozenset(persons)
                )
            )
            hints.conversation_moved(conversation.uuid)
    if persons := set().union(*moved.values()):
        cut(person_ids=persons)  # their pages come back at once, hearing what they may hear from now on
    return sum(map(len, moved.values()))


class _AboutPerson(Protocol):
    @property
    def school_id(self) -> int: ...
    @property
    def person_id(self) -> int: ...


class _AboutEdge(_AboutPerson, Protocol):
    @property
    def student_id(self) -> int: ...


class _AboutSchool(Protocol):
    @property
    def school_id(self) -> int: ...


def role_moved(event: _AboutPerson, event_id: int) -> None:
    """A duty was given, moved or ended: threads, channels and rooms of that person are looked at anew."""
    here = Conversation.objects.filter(school_id=event.school_id)
    if not here.exists():
        return
    now = timezone.now()
    roles = Role.objects.filter(person_id=event.person_id).select_related("stands_in_for", "school_class")
    stood_for = {role.stands_in_for.person_id for role in roles if role.stands_in_for is not None}
    classes = {role.school_class_id for role in roles if role.school_class_id is not None}
    member_of = Membership.objects.filter(person_id=event.person_id, left_at__isnull=True).values("conversation_id")
    threads = here.filter(kind__in=THREADS).filter(
        Q(teacher_id__in={event.person_id, *stood_for}) | Q(pk__in=member_of)
    )
    follow_roster(threads, now=now)
    others = here.exclude(kind__in=THREADS).filter(
        Q(kind=Kind.STAFF) | Q(school_class_id__in=classes) | Q(pk__in=member_of)
    )
    follow_roster(others, now=now, person_ids={event.person_id})


def edge_moved(event: _AboutEdge, event_id: int) -> None:
    """Somebody began or ceased to answer for a child, or may see more or less of it."""
    class_id = (
        Enrolment.objects.filter(student_id=event.student_id, ends_on__isnull=True)
        .values_list("school_class_id", flat=True)
        .first()
    )
    concerned = Conversation.objects.filter(school_id=event.school_id).filter(
        Q(kind__in=THREADS, student_id=event.student_id) | Q(kind=Kind.CHANNEL, school_class_id=class_id)
    )
    if rows := list(concerned):
        follow_roster(rows, now=timezone.now(), person_ids={event.person_id})


def roster_moved(event: _AboutSchool, event_id: int) -> None:
    """A roster was imported or taken back: every conversation of the school is looked at anew."""
    follow_roster(Conversation.objects.filter(school_id=event.school_id), now=timezone.now())


def dates_moved(*, now: datetime) -> int:
    """Let in whose dates begin today and see out whose ended; returns memberships moved.

    Access has stopped by then already: a membership knows its end. Nothing is read of schools where nothing begins or
    ends these days, and a second run changes nothing.
    """
    moved = 0
    schools = School.objects.filter(pk__in=Conversation.objects.values("school_id"))
    for school in schools:
        today = now.astimezone(ZoneInfo(school.time_zone)).date()
        over = Membership.objects.filter(conversation__school=school, left_at__isnull=True, ends_at__lte=now)
        since = today - RECENTLY
        days = Q(starts_on__gte=since, starts_on__lte=today) | Q(ends_on__gte=since, ends_on__lt=today)
        dated: list[QuerySet[Any]] = [
            model.objects.filter(days, school=school) for model in (Role, Guardianship, Delegation, DutyShift)
        ]
        if over.exists() or any(rows.exists() for rows in dated):
            moved += follow_roster(Conversation.objects.filter(school=school), now=now)
    return moved
