"""A person's feed: what is new, what is to do, what was put away, and for which children."""

# ruff: noqa: S608  (only constant names are put together; every value is a parameter)
from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q

from homeroom.delivery import access
from homeroom.delivery.models import Item, Recipient
from homeroom.delivery.registries import finders
from homeroom.delivery.sql import ids, instant
from homeroom.people.models import Person

from .cards import CARD, MINE, VISIBLE, Card, FeedPage, cards_in, dashed, mine_for


def family_of(person: Person, *, now: datetime) -> list[dict[str, Any]]:
    """The children a person answers for today, in the order they came: names for chips, rights. One statement."""
    on = access.school_day(now, person).isoformat()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {MINE} SELECT child.id, child.uuid, child.name, school_class.name,"
            " COALESCE(edge.may_confirm, TRUE), COALESCE(edge.may_sign, FALSE)"
            " FROM mine JOIN people_person AS child ON child.id = mine.student_id AND child.archived_at IS NULL"
            " LEFT JOIN people_guardianship AS edge ON edge.school_id = child.school_id AND edge.guardian_id = %s"
            " AND edge.student_id = child.id"
            " LEFT JOIN people_enrolment AS enrolment ON enrolment.school_id = child.school_id"
            " AND enrolment.student_id = child.id AND enrolment.ends_on IS NULL"
            " LEFT JOIN school_schoolclass AS school_class ON school_class.id = enrolment.school_class_id"
            " ORDER BY child.id",
            [*mine_for(person.school_id, person.pk, on), person.pk],
        )
        rows = cursor.fetchall()
    names = ("person_id", "uuid", "name", "class_name", "may_confirm", "may_sign")
    return [{**dict(zip(names, row, strict=True)), "uuid": dashed(row[1]), "class_name": row[3] or ""} for row in rows]


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
    conditions: list[str] = [VISIBLE]
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
            f"WITH {MINE}, page AS (SELECT * FROM ({' UNION ALL '.join(branches)}) AS parts"
            " ORDER BY seen, surfaces_at DESC, item_id DESC LIMIT %s) "
            f"{CARD} ORDER BY page.seen, page.surfaces_at DESC, page.item_id DESC, r.student_id",
            [*mine_for(school_id, person_id, on), *parameters, limit + 1, person_id],
        )
        rows = cursor.fetchall()
    cards = cards_in(rows)
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
            f"WITH {MINE}, page AS (SELECT r.item_id, r.surfaces_at, 1 AS seen FROM delivery_recipient AS r"
            f" JOIN delivery_item AS i ON i.id = r.item_id WHERE r.person_id = %s AND {VISIBLE} AND {condition}"
            f" GROUP BY r.item_id, r.surfaces_at) {CARD} {order}",
            [*mine_for(person.school_id, person.pk, on), person.pk, *parameters, person.pk, *order_parameters],
        )
        return cards_in(cursor.fetchall())


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

    unread: Counter[str]

    @property
    def total(self) -> int:
        return sum(self.unread.values())


def unread_counts(person: Person, *, now: datetime) -> Counts:
    """New items by category. One statement."""
    on = access.school_day(now, person).isoformat()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {MINE} SELECT i.category, count(DISTINCT r.item_id) FROM delivery_recipient AS r"
            " JOIN delivery_item AS i ON i.id = r.item_id WHERE r.person_id = %s AND r.read_at IS NULL AND NOT r.muted"
            f" AND r.surfaces_at <= %s AND {VISIBLE} GROUP BY i.category",
            [*mine_for(person.school_id, person.pk, on), person.pk, instant(now)],
        )
        return Counts(Counter(dict(cursor.fetchall())))


def unread_count(person: Person, *, now: datetime) -> int:
    """New items in the person's feed."""
    return unread_counts(person, now=now).total
