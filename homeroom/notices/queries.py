"""Shared reads of notices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from homeroom.delivery.public import Item, Recipient, funnel
from homeroom.people.models import Guardianship, Person
from homeroom.people.public import guardian_label, staff_label
from homeroom.search.public import matches

from . import access
from .models import FeeMark, Notice

PAGE = 20


def find_items(person: Person, q: str) -> list[int]:
    """Items in the person's inbox whose notice holds every word of `q`, the newest five hundred; one statement."""
    own = Recipient.objects.filter(item_id=OuterRef("pk"), person_id=person.pk)
    found = Item.objects.filter(
        Exists(own),
        school_id=person.school_id,
        kind="notice",
        recalled_at__isnull=True,
        source_id__in=matches(q, kind="notice", school_id=person.school_id),
    )
    return list(found.order_by("-pk").values_list("pk", flat=True)[:500])


@dataclass(frozen=True, slots=True)
class Listed:
    """A notice in a list with how far it has come."""

    notice: Notice
    recipients: int
    read: int
    subjects: int
    settled: int


def notice_list(
    person: Person, *, scope: str = "mine", state: str = "", q: str = "", before: int | None = None
) -> tuple[list[Listed], int | None]:
    """A page of notices, newest first, and where the next one begins; three statements.

    `scope`: mine, or all in one's charge. `q`: part of the title, or a word of a published text.
    """
    notices = access.followed_notices(person) if scope == "all" else access.own_notices(person)
    if state in Notice.State.values:
        notices = notices.filter(state=state)
    if q:
        inside = matches(q, kind="notice", school_id=person.school_id)
        notices = notices.filter(Q(title__icontains=q) | Q(pk__in=inside))
    if before is not None:
        notices = notices.filter(pk__lt=before)
    rows = list(notices.select_related("sender", "item").order_by("-pk")[: PAGE + 1])
    shown = rows[:PAGE]
    counts = funnel([notice.item_id for notice in shown if notice.item_id is not None])
    listed = []
    for notice in shown:
        far = counts.get(notice.item_id) if notice.item_id is not None else None
        numbers = (far.recipients, far.read, far.subjects, far.settled) if far else (0, 0, 0, 0)
        listed.append(Listed(notice, *numbers))
    return listed, shown[-1].pk if len(rows) > PAGE else None


@dataclass(slots=True)
class Copy:
    """One guardian's (or one's own) copy, for a list."""

    recipient: Recipient
    label: str  # 妈妈 of the child in full: 张三妈妈
    reachable: bool

    @property
    def state(self) -> str:
        """done, settled, read, delivered, sent or unreachable."""
        row = self.recipient
        if row.done_at:
            return "done"
        if row.settled_at:
            return "settled"
        if row.read_at:
            return "read"
        if not self.reachable:
            return "unreachable"
        return "delivered" if row.delivered_at else "sent"


@dataclass(slots=True)
class Household:
    """A child (or a member of staff) with everyone asked about them."""

    person: Person
    class_name: str
    copies: list[Copy] = field(default_factory=list)
    fee: str = ""

    @property
    def waiting(self) -> bool:
        """Whether something is still asked for this child."""
        return any(copy.recipient.settled_at is None and copy.recipient.asks for copy in self.copies)

    @property
    def reminded_at(self) -> datetime | None:
        return max((c.recipient.reminded_at for c in self.copies if c.recipient.reminded_at), default=None)

    @property
    def unreachable(self) -> bool:
        return not any(copy.reachable for copy in self.copies)


def households(
    notice: Notice, copies: QuerySet[Recipient], *, class_id: int | None = None, waiting_only: bool = False
) -> list[Household]:
    """Children and staff with their copies, by class and then name; four statements."""
    if class_id is not None:
        copies = copies.filter(school_class_id=class_id)
    if waiting_only:
        still = Recipient.objects.filter(
            Q(student_id=OuterRef("student_id")) | Q(student__isnull=True, person_id=OuterRef("person_id")),
            item_id=OuterRef("item_id"),
            settled_at__isnull=True,
            asks=True,
        )
        copies = copies.filter(Exists(still))
    rows = list(
        copies.select_related("person", "student", "school_class").order_by(
            "school_class__grade_id", "school_class__number", "student__pinyin", "student_id", "person_id"
        )
    )
    labels = relation_labels(rows)
    fees = dict(FeeMark.objects.filter(notice=notice).values_list("student_id", "state"))
    grouped: dict[tuple[int, int], Household] = {}
    for row in rows:
        who = row.student or row.person
        key = (row.school_class_id or 0, who.pk)
        if key not in grouped:
            class_name = row.school_class.name if row.school_class else _("Staff and pupils")
            grouped[key] = Household(who, class_name, fee=fees.get(who.pk, ""))
        grouped[key].copies.append(Copy(row, labels[row.pk], _reachable(row.person)))
    return list(grouped.values())


def _reachable(person: Person) -> bool:
    return person.account_id is not None or bool(person.email and person.email_failed_at is None)


def relation_labels(rows: Sequence[Recipient]) -> dict[int, str]:
    """copy → who that is in the school's words; two statements."""
    item_ids = {row.item_id for row in rows}
    concerned = Recipient.objects.filter(item_id__in=item_ids, student__isnull=False)
    edges: dict[tuple[int, int], str] = {}
    if any(row.student_id for row in rows):
        few = [row.student_id for row in rows if row.student_id] if len(rows) <= 500 else None
        of_these = Q(student_id__in=few) if few is not None else Q(student_id__in=concerned.values("student_id"))
        for guardian_id, student_id, relation in Guardianship.objects.filter(of_these).values_list(
            "guardian_id", "student_id", "relation"
        ):
            edges[guardian_id, student_id] = relation
    staff = [row.person for row in rows if row.student_id is None]
    roles = defaultdict(list)
    if staff:
        from homeroom.people.models import Role

        for role in (
            Role.objects.filter(person_id__in=[one.pk for one in staff]).select_related("subject").order_by("id")
        ):
            roles[role.person_id].append(role)
    labels = {}
    for row in rows:
        if row.student_id is None or row.student is None:
            labels[row.pk] = staff_label(row.person, roles[row.person_id]) if roles[row.person_id] else row.person.name
        elif (row.person_id, row.student_id) in edges:
            labels[row.pk] = guardian_label(row.student.name, edges[row.person_id, row.student_id])
        else:
            labels[row.pk] = _("%(name)s (stand-in)") % {"name": row.person.name}
    return labels


def class_ids_of(copies: QuerySet[Recipient], uuids: Iterable[str]) -> list[int]:
    """The classes among `copies` with one of these uuids."""
    found = copies.filter(school_class__uuid__in=list(uuids)).order_by()
    return [pk for pk in found.values_list("school_class_id", flat=True).distinct() if pk is not None]
