"""Shared reads: a person's feed, and how far an item has come."""

# ruff: noqa: S608  (only constant names are put together; every value is a parameter)
from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Length
from django.db.models.lookups import Exact

from homeroom.audit import public as audit
from homeroom.people.models import Person

from . import access
from .models import Dispatch, Item, Recipient, Reply
from .registries import finders
from .sql import at, ids, instant, moment


class Chip(msgspec.Struct, frozen=True):
    """A child on a card, and what is still asked for them."""

    student_id: int
    uuid: str
    name: str
    asks: bool
    done_at: datetime | None
    settled_at: datetime | None


class Card(msgspec.Struct, frozen=True):
    """An item as one person's feed shows it: one card, however many children it is about."""

    item_id: int
    uuid: str
    kind: str
    title: str
    lead: str
    sender: str
    link: str
    action_label: str
    extras: dict[str, Any]
    level: str
    priority: str
    category: str
    household_rule: str
    text_version: int
    deadline_at: datetime | None
    sent_at: datetime
    surfaces_at: datetime
    recalled_at: datetime | None
    recall_reason: str
    read_at: datetime | None
    confirmed_at: datetime | None
    signed_at: datetime | None
    replied_at: datetime | None
    done_at: datetime | None
    delivered: bool
    muted: bool
    snoozed_until: datetime | None
    snooze_reason: str
    reminded_at: datetime | None
    children: list[Chip]
    asks: bool  # whether anything is still asked of this person
    settled: bool  # somebody did it, by the household rule

    @property
    def is_new(self) -> bool:
        return self.read_at is None and not self.muted

    @property
    def link_or_page(self) -> str:
        return self.link or f"/feed/items/{self.uuid}/"


class FeedPage(msgspec.Struct, frozen=True):
    """A page of cards; `next` continues after the last one, None at the end."""

    cards: list[Card]
    next: str | None = None


# A guardian sees what is about children they answer for today: an edge that ended or was barred takes the cards along.
_MINE = (
    "mine (student_id) AS ("
    "SELECT edge.student_id FROM people_guardianship AS edge WHERE edge.school_id = %s AND edge.guardian_id = %s"
    " AND edge.restriction <> 'no_contact' AND (edge.starts_on IS NULL OR edge.starts_on <= %s)"
    " AND (edge.ends_on IS NULL OR edge.ends_on >= %s)"
    " UNION SELECT lender.student_id FROM people_delegation AS lent JOIN people_guardianship AS lender"
    " ON lender.id = lent.guardianship_id WHERE lent.delegate_id = %s AND lent.revoked_at IS NULL"
    " AND lent.starts_on <= %s AND lent.ends_on >= %s AND lender.restriction <> 'no_contact'"
    " AND (lender.starts_on IS NULL OR lender.starts_on <= %s) AND (lender.ends_on IS NULL OR lender.ends_on >= %s))"
)
_VISIBLE = "(r.student_id IS NULL OR r.student_id IN (SELECT student_id FROM mine))"
_CARD = (
    f"SELECT page.seen, {at('page.surfaces_at')}, i.id, i.uuid, i.kind, i.title, i.lead, i.sender_label, i.link,"
    " i.action_label, i.extras, i.level, i.priority, i.category, i.household_rule, i.text_version,"
    f" {at('i.deadline_at')}, {at('i.sent_at')}, {at('i.recalled_at')}, i.recall_reason,"
    f" {at('r.read_at')}, {at('r.confirmed_at')}, {at('r.signed_at')}, {at('r.replied_at')}, {at('r.done_at')},"
    f" {at('r.delivered_at')}, r.muted, {at('r.snoozed_until')}, r.snooze_reason, {at('r.reminded_at')},"
    f" r.student_id, r.asks, {at('r.settled_at')}, child.uuid, child.name"
    " FROM page JOIN delivery_item AS i ON i.id = page.item_id"
    " JOIN delivery_recipient AS r ON r.item_id = page.item_id AND r.person_id = %s AND "
    + _VISIBLE
    + " LEFT JOIN people_person AS child ON child.id = r.student_id"
)


def _mine(school_id: int, person_id: int, on: str) -> list[Any]:
    return [school_id, person_id, on, on, person_id, on, on, on, on]


def family_of(person: Person, *, now: datetime) -> list[dict[str, Any]]:
    """The children a person answers for today, in the order they came: names for chips, rights. One statement."""
    on = access.school_day(now, person).isoformat()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {_MINE} SELECT child.id, child.uuid, child.name, school_class.name,"
            " COALESCE(edge.may_confirm, TRUE), COALESCE(edge.may_sign, FALSE)"
            " FROM mine JOIN people_person AS child ON child.id = mine.student_id AND child.archived_at IS NULL"
            " LEFT JOIN people_guardianship AS edge ON edge.school_id = child.school_id AND edge.guardian_id = %s"
            " AND edge.student_id = child.id"
            " LEFT JOIN people_enrolment AS enrolment ON enrolment.school_id = child.school_id"
            " AND enrolment.student_id = child.id AND enrolment.ends_on IS NULL"
            " LEFT JOIN school_schoolclass AS school_class ON school_class.id = enrolment.school_class_id"
            " ORDER BY child.id",
            [*_mine(person.school_id, person.pk, on), person.pk],
        )
        rows = cursor.fetchall()
    names = ("person_id", "uuid", "name", "class_name", "may_confirm", "may_sign")
    return [{**dict(zip(names, row, strict=True)), "uuid": _uuid(row[1]), "class_name": row[3] or ""} for row in rows]


def _uuid(value: Any) -> str:
    text = str(value)
    return text if "-" in text else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _cards(rows: Sequence[Sequence[Any]]) -> list[Card]:
    """Rows of _CARD, grouped: one card for all rows of an item."""
    grouped: dict[int, list[Sequence[Any]]] = {}
    for row in rows:
        grouped.setdefault(row[2], []).append(row)
    cards = []
    for same in grouped.values():
        row = same[0]
        children = [
            Chip(each[30], _uuid(each[33]), each[34], bool(each[31]), moment(each[24]), moment(each[32]))
            for each in same
            if each[30] is not None
        ]
        recalled_at = moment(row[18])
        cards.append(
            Card(
                row[2],
                _uuid(row[3]),
                row[4],
                row[5],
                "" if recalled_at else row[6],
                row[7],
                row[8],
                row[9],
                msgspec.json.decode(row[10]) if isinstance(row[10], str | bytes) else row[10],
                row[11],
                row[12],
                row[13],
                row[14],
                row[15],
                moment(row[16]),
                moment(row[17]) or _NEVER,
                moment(row[1]) or _NEVER,
                recalled_at,
                row[19],
                moment(row[20]),
                _latest(same, 21),
                _latest(same, 22),
                _latest(same, 23),
                _latest(same, 24),
                row[25] is not None,
                bool(row[26]),
                moment(row[27]),
                row[28],
                moment(row[29]),
                children,
                recalled_at is None and any(each[31] and each[32] is None for each in same),
                all(each[32] is not None for each in same),
            )
        )
    return cards


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def _latest(rows: Sequence[Sequence[Any]], column: int) -> datetime | None:
    if len(rows) == 1:
        return moment(rows[0][column])
    return max((found for row in rows if (found := moment(row[column])) is not None), default=None)


def feed_of(
    *,
    person_id: int,
    school_id: int,
    on: str,
    now: datetime,
    only: str | None = None,
    child_id: int | None = None,
    item_ids: Collection[int] | None = None,
    before: str | None = None,
    limit: int = 20,
) -> FeedPage:
    """One page of a person's feed: new ones first, then by when they came. One statement.

    `only` is a category, or `unread`, `read`. `on` is today's date at the school. `before` is a page's own `next`.
    """
    conditions: list[str] = [_VISIBLE]
    extra: list[Any] = []
    joined = ""
    if only and only not in {"unread", "read"}:
        joined = " JOIN delivery_item AS kind_of ON kind_of.id = r.item_id AND kind_of.category = %s"
        extra.append(only)
    if child_id is not None:
        conditions.append("r.student_id = %s")
        extra.append(child_id)
    if item_ids is not None:
        inside, found = ids(list(item_ids))
        conditions.append(f"r.item_id IN {inside}")
        extra += found
    cursor_seen, cursor_at, cursor_item = _cursor(before)
    branches, parameters = [], []
    for seen, condition in ((0, "r.read_at IS NULL AND NOT r.muted"), (1, "(r.read_at IS NOT NULL OR r.muted)")):
        if seen < cursor_seen or (only == "unread" and seen) or (only == "read" and not seen):
            continue
        after = ""
        own: list[Any] = [person_id, instant(now), *extra]
        if joined:
            own = [extra[0], person_id, instant(now), *extra[1:]]
        if seen == cursor_seen and cursor_at is not None:
            after = " AND (r.surfaces_at, r.item_id) < (%s, %s)"
            own += [instant(cursor_at), cursor_item]
        branches.append(
            f"SELECT * FROM (SELECT r.item_id, r.surfaces_at, {seen} AS seen FROM delivery_recipient AS r{joined}"
            f" WHERE r.person_id = %s AND {condition} AND r.surfaces_at <= %s AND {' AND '.join(conditions)}{after}"
            " GROUP BY r.surfaces_at, r.item_id ORDER BY r.surfaces_at DESC, r.item_id DESC LIMIT %s) AS"
            f" part{seen}"
        )
        parameters += [*own, limit + 1]
    if not branches:
        return FeedPage([])
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {_MINE}, page AS (SELECT * FROM ({' UNION ALL '.join(branches)}) AS parts"
            " ORDER BY seen, surfaces_at DESC, item_id DESC LIMIT %s) "
            f"{_CARD} ORDER BY page.seen, page.surfaces_at DESC, page.item_id DESC, r.student_id",
            [*_mine(school_id, person_id, on), *parameters, limit + 1, person_id],
        )
        rows = cursor.fetchall()
    cards = _cards(rows)
    if len(cards) <= limit:
        return FeedPage(cards)
    last = cards[limit - 1]
    seen = 0 if last.is_new else 1
    return FeedPage(cards[:limit], f"{seen}.{last.surfaces_at.timestamp():.6f}.{last.item_id}")


def _cursor(before: str | None) -> tuple[int, datetime | None, int]:
    if not before:
        return 0, None, 0
    try:
        seen, seconds, micro, item_id = before.split(".")
        moment_of = datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(micro))
        return int(seen), moment_of, int(item_id)
    except (ValueError, OverflowError, OSError):
        return 0, None, 0


def feed(
    person: Person,
    *,
    now: datetime,
    only: str | None = None,
    child: int | None = None,
    q: str | None = None,
    before: str | None = None,
    limit: int = 20,
) -> FeedPage:
    """A page of the person's feed. `q` searches titles, leads and texts; two characters are enough."""
    if only == "todo":
        return FeedPage(to_do(person, now=now, child=child))
    if only == "snoozed":
        return FeedPage(snoozed(person, now=now))
    found = None if not q else _search(person, q)
    return feed_of(
        person_id=person.pk,
        school_id=person.school_id,
        on=access.school_day(now, person).isoformat(),
        now=now,
        only=only,
        child_id=child,
        item_ids=found,
        before=before,
        limit=limit,
    )


def _search(person: Person, q: str) -> list[int]:
    """Items in the person's inbox that hold every word of `q`; the newest five hundred. The feed checks visibility."""
    items = Item.objects.filter(
        Exists(Recipient.objects.filter(item_id=OuterRef("pk"), person_id=person.pk)), recalled_at__isnull=True
    )
    for word in q.split()[:5]:
        in_text = Item.objects.filter(
            pk=OuterRef("pk"), versions__number=F("text_version"), versions__text__icontains=word
        )
        items = items.filter(
            Q(title__icontains=word) | Q(lead__icontains=word) | Q(sender_label__icontains=word) | Q(Exists(in_text))
        )
    found = set(items.order_by("-pk").values_list("pk", flat=True)[:500])
    for find in finders.values():
        found.update(find(person, q))
    return list(found)


OVERDUE_SHOWN = timedelta(days=3)


def _listed(  # noqa: PLR0917  (one private step)
    person: Person,
    now: datetime,
    condition: str,
    order: str,
    parameters: Sequence[Any],
    order_parameters: Sequence[Any] = (),
) -> list[Card]:
    on = access.school_day(now, person).isoformat()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {_MINE}, page AS (SELECT r.item_id, r.surfaces_at, 1 AS seen FROM delivery_recipient AS r"
            f" JOIN delivery_item AS i ON i.id = r.item_id WHERE r.person_id = %s AND {_VISIBLE} AND {condition}"
            f" GROUP BY r.item_id, r.surfaces_at) {_CARD} {order}",
            [*_mine(person.school_id, person.pk, on), person.pk, *parameters, person.pk, *order_parameters],
        )
        return _cards(cursor.fetchall())


def to_do(person: Person, *, now: datetime, child: int | None = None) -> list[Card]:
    """What still asks something of this person, the nearest deadline first, what is overdue last. One statement.

    What is overdue by more than three days is left to the feed and the sender: the list is for what can be in time.
    """
    condition = (
        "r.settled_at IS NULL AND r.asks AND i.level <> 'read' AND i.recalled_at IS NULL AND r.surfaces_at <= %s"
    )
    condition += " AND (i.deadline_at IS NULL OR i.deadline_at > %s)"
    parameters = [instant(now), instant(now - OVERDUE_SHOWN)]
    if child is not None:
        condition += " AND r.student_id = %s"
        parameters.append(child)
    order = "ORDER BY COALESCE(i.deadline_at <= %s, FALSE), i.deadline_at IS NULL, i.deadline_at, i.id, r.student_id"
    return _listed(person, now, condition, f"{order} LIMIT 200", parameters, [instant(now)])


def snoozed(person: Person, *, now: datetime) -> list[Card]:
    """What the person put away, the next to come back first."""
    return _listed(
        person, now, "r.snoozed_until > %s", "ORDER BY r.snoozed_until, i.id, r.student_id LIMIT 200", [instant(now)]
    )


def card_of(person: Person, item: Item, *, now: datetime) -> Card | None:
    """One item as this person's card; None when they may not see it."""
    cards = _listed(person, now, "r.item_id = %s", "ORDER BY r.student_id", [item.pk])
    return cards[0] if cards else None


@dataclass(frozen=True, slots=True)
class Counts:
    """What the chips above a feed show: new items by category, and in all."""

    unread: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.unread.values())


def unread_counts(person: Person, *, now: datetime) -> Counts:
    """New items by category. One statement."""
    on = access.school_day(now, person).isoformat()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {_MINE} SELECT i.category, count(DISTINCT r.item_id) FROM delivery_recipient AS r"
            " JOIN delivery_item AS i ON i.id = r.item_id WHERE r.person_id = %s AND r.read_at IS NULL AND NOT r.muted"
            f" AND r.surfaces_at <= %s AND {_VISIBLE} GROUP BY i.category",
            [*_mine(person.school_id, person.pk, on), person.pk, instant(now)],
        )
        return Counts(dict(cursor.fetchall()))


def unread_count(person: Person, *, now: datetime) -> int:
    """New items in the person's feed."""
    return unread_counts(person, now=now).total


# --- how far an item has come


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far an item has come. Recipients are guardian × child; `subjects` the children (or staff) it is about.

    Under "any one guardian" a child is settled by the first, so `settled` of `subjects` is what a class teacher waits
    for, and the others tell where it is stuck. `unreachable` recipients have no account and no other way.
    """

    recipients: int = 0
    queued: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    done: int = 0
    subjects: int = 0
    settled: int = 0
    reached: int = 0  # subjects somebody of whom has read it
    unreachable: int = 0
    class_id: int | None = None
    class_name: str = ""

    @property
    def waiting(self) -> int:
        return self.subjects - self.settled


_SUBJECT = Coalesce("student_id", "person_id")
# By length, because an encrypted column cannot be compared; an empty one is stored empty.
_UNREACHABLE = Q(person__account__isnull=True) & (
    Q(Exact(Length("person__email"), 0)) | Q(person__email_failed_at__isnull=False)
)


def _funnels(copies: QuerySet[Recipient], by: list[str]) -> list[dict[str, Any]]:
    return list(
        copies.order_by()
        .annotate(subject=_SUBJECT)
        .values(*by)
        .annotate(
            recipients=Count("pk"),
            queued=Count("queued_at"),
            sent=Count("sent_at"),
            delivered=Count("delivered_at"),
            read=Count("read_at"),
            done=Count("done_at"),
            subjects=Count("subject", distinct=True),
            settled=Count("subject", distinct=True, filter=Q(settled_at__isnull=False)),
            reached=Count("subject", distinct=True, filter=Q(read_at__isnull=False)),
            unreachable=Count("pk", filter=_UNREACHABLE),
        )
    )


def funnel(item_ids: Collection[int], *, within: QuerySet[Recipient] | None = None) -> dict[int, Funnel]:
    """item → how far it has come; one statement. `within` narrows to copies the asker may see."""
    copies = (within if within is not None else Recipient.objects.all()).filter(item_id__in=list(item_ids))
    found = {row.pop("item_id"): Funnel(**row) for row in _funnels(copies, ["item_id"])}
    return {item_id: found.get(item_id, Funnel()) for item_id in item_ids}


def funnel_by_class(item: Item, *, within: QuerySet[Recipient] | None = None) -> list[Funnel]:
    """How far the item has come in each class, in the order of the classes; staff and others last. One statement."""
    copies = (within if within is not None else Recipient.objects.all()).filter(item_id=item.pk)
    rows = _funnels(copies, ["school_class_id", "school_class__name", "school_class__grade_id", "school_class__number"])
    rows.sort(
        key=lambda row: (
            row["school_class_id"] is None,
            row["school_class__grade_id"] or 0,
            row["school_class__number"] or 0,
        )
    )
    funnels = []
    for row in rows:
        class_id, name = row.pop("school_class_id"), row.pop("school_class__name")
        row.pop("school_class__grade_id")
        row.pop("school_class__number")
        funnels.append(Funnel(**row, class_id=class_id, class_name=name or ""))
    return funnels


STATES = ("waiting", "unread", "read", "done", "undelivered", "unreachable", "all")


@dataclass(frozen=True, slots=True)
class RecipientPage:
    rows: list[Recipient]
    next: int | None


def recipients_of(
    item: Item,
    *,
    state: str = "all",
    class_id: int | None = None,
    q: str = "",
    after: int | None = None,
    limit: int | None = 100,
    within: QuerySet[Recipient] | None = None,
) -> RecipientPage:
    """The copies of an item in a state, with person, student and class loaded; one statement. Without `limit`, all.

    `waiting`: still asked; `unread`: not opened; `read`: opened but not done; `undelivered`: on no device yet;
    `unreachable`: no account and no other way. `q` is part of a name, or its pinyin.
    """
    copies = (within if within is not None else Recipient.objects.all()).filter(item_id=item.pk)
    copies = copies.select_related("person", "student", "school_class")
    conditions = {
        "waiting": Q(settled_at__isnull=True, asks=True),
        "unread": Q(read_at__isnull=True),
        "read": Q(read_at__isnull=False, done_at__isnull=True),
        "done": Q(done_at__isnull=False),
        "undelivered": Q(delivered_at__isnull=True),
        "unreachable": _UNREACHABLE,
    }
    if state in conditions:
        copies = copies.filter(conditions[state])
    if class_id is not None:
        copies = copies.filter(school_class_id=class_id)
    if q:
        copies = copies.filter(
            Q(person__name__icontains=q)
            | Q(student__name__icontains=q)
            | Q(person__pinyin__istartswith=q)
            | Q(student__pinyin__istartswith=q)
        )
    if after is not None:
        copies = copies.filter(pk__gt=after)
    rows = list(copies.order_by("pk")[: limit + 1 if limit else None])
    if limit is None or len(rows) <= limit:
        return RecipientPage(rows, None)
    return RecipientPage(rows[:limit], rows[limit - 1].pk)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to one copy, with its time."""

    at: datetime
    what: str  # queued, sent, delivered, read, confirmed, signed, replied, reminded, email …
    details: dict[str, Any]


def history(recipient: Recipient) -> list[Step]:
    """Everything that happened to one copy, oldest first: its own steps, reminders, messages outside, signatures."""
    steps = [
        Step(reached, name, {})
        for name in ("queued", "sent", "delivered", "read", "confirmed", "replied")
        if (reached := getattr(recipient, f"{name}_at")) is not None
    ]
    steps += [
        Step(s.signed_at, "signed", {"version": s.text_version, "name": s.typed_name, "drawn": bool(s.strokes)})
        for s in recipient.signatures.all()
    ]
    for dispatch in Dispatch.objects.filter(item_id=recipient.item_id, person_id=recipient.person_id):
        steps.append(
            Step(
                dispatch.sent_at or dispatch.due_at,
                "dispatch",
                {
                    "channel": dispatch.channel,
                    "reason": dispatch.reason,
                    "state": dispatch.state,
                    "failure": dispatch.failure,
                },
            )
        )
    if recipient.reminded_at:
        for entry in audit.about(recipient.item).filter(action="item.reminded", at__lte=recipient.reminded_at):
            steps.append(Step(entry.at, "reminded", {"actor": entry.actor}))
    if recipient.settled_at and recipient.done_at is None:
        steps.append(Step(recipient.settled_at, "settled_by_other", {}))
    return sorted(steps, key=lambda step: step.at)


def hours_to_done(item_ids: Collection[int]) -> dict[int, float | None]:
    """item → the median hours from sending to done; None while nobody has. One statement."""
    rows = Recipient.objects.filter(item_id__in=list(item_ids), done_at__isnull=False).values_list(
        "item_id", "queued_at", "done_at"
    )
    hours: dict[int, list[float]] = defaultdict(list)
    for item_id, queued_at, done_at in rows:
        if done_at is not None:
            hours[item_id].append((done_at - queued_at).total_seconds() / 3600)
    found: dict[int, float | None] = dict.fromkeys(item_ids)
    for item_id, values in hours.items():
        found[item_id] = sorted(values)[len(values) // 2]
    return found


@dataclass(frozen=True, slots=True)
class Talk:
    """One family member's lines about an item, with the staff's answers."""

    item: Item
    person: Person
    lines: list[Reply]
    waiting: bool


def talks(items: Sequence[Item], *, waiting_only: bool = False) -> list[Talk]:
    """The talks behind these items, the longest waiting first; one statement."""
    by_id = {item.pk: item for item in items}
    lines: dict[tuple[int, int], list[Reply]] = defaultdict(list)
    for line in Reply.objects.filter(item_id__in=by_id).select_related("person", "student").order_by("id"):
        lines[line.item_id, line.person_id].append(line)
    found = [
        Talk(by_id[item_id], same[0].person, same, any(line.answered_at is None for line in same))
        for (item_id, _person_id), same in lines.items()
    ]
    if waiting_only:
        found = [talk for talk in found if talk.waiting]
    return sorted(found, key=lambda talk: (not talk.waiting, talk.lines[-1].written_at))


def waiting_talks(person: Person, *, limit: int = 50) -> list[Talk]:
    """Talks behind what this person, or whom they stand in for, sent, that wait for an answer. Two statements."""
    if not person.current_roles:  # who has left reads no family's lines
        return []
    senders = {person.pk} | {
        role.stands_in_for.person_id for role in person.current_roles if role.stands_in_for is not None
    }
    waiting = Reply.objects.filter(item_id=OuterRef("pk"), answered_at__isnull=True)
    items = Item.objects.filter(Exists(waiting), school_id=person.school_id, sender_id__in=senders)
    return talks(list(items.order_by("-pk")[:limit]), waiting_only=True)
