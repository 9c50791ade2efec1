"""Finding what was said: the newest messages first, of the conversations somebody is in, from when they joined."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.utils import translation
from django.utils.translation import gettext as _

from homeroom.people.models import Guardianship, Person
from homeroom.people.public import current_classes, guardian_label, labels
from homeroom.search.public import NEWEST, Wanted, found_passages, words_of

from . import access, queries
from .faces import faces
from .models import Conversation, Membership, Message

PAGE = 20
BEFORE_HIT = 18  # characters of a message shown before the first word found
LONGEST = 110
AUTHORS_AT_MOST = 100
CHILDREN_SUGGESTED = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody typed and chose. Dates are days of the school."""

    q: str = ""
    child: str = ""
    who: str = ""
    kind: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for yet: a word, or whose messages."""
        return not words_of(self.q) and not self.who.strip()


@dataclass(frozen=True, slots=True)
class Hit:
    """A message found, as the reader sees it. `parts` are pieces of its text, and whether each was asked for."""

    message: Message
    kind: str
    title: str
    child: str
    note: str
    author: str
    mine: bool
    parts: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits; `before` names the next one, None at the end."""

    hits: list[Hit] = field(default_factory=list)
    before: int | None = None


def find(person: Person, asked: Asked, *, now: datetime, before: int | None = None, limit: int = PAGE) -> Found:
    """The newest messages that hold every word; a fixed number of statements.

    The index decides, and every hit is read again by today's rights, so what was withdrawn this second is not shown.
    """
    rows = _memberships(person, asked, now)
    first = Message.objects.filter(
        conversation_id=OuterRef("conversation_id"), number=OuterRef("since_number") + 1
    ).values("pk")
    places = list(rows.annotate(first=Subquery(first)).values_list("conversation_id", "since_number", "first"))
    authors = _authors(person, asked.who, rows) if asked.who.strip() else None
    since, until = _instants(person, asked)
    ids = found_passages(
        Wanted(
            query=asked.q,
            places={conversation_id: since_number for conversation_id, since_number, _first in places},
            authors=authors,
            since=since,
            until=until,
            above_id=min((first or 0 for _conversation, _since, first in places), default=0) - 1,
            before_id=before if before is not None else NEWEST,
        ),
        limit=limit + 1,
    )
    visible = access.readable(person, now=now).filter(pk__in=ids[:limit], withdrawn_at__isnull=True)
    messages = list(visible.select_related("conversation").order_by("-pk"))
    return Found(_hits(person, messages, asked, now), ids[limit - 1] if len(ids) > limit else None)


def _memberships(person: Person, asked: Asked, now: datetime) -> QuerySet[Membership]:
    """The places with something to read, of the child and the kind asked for."""
    rows = Membership.objects.filter(
        access.holding(now), person=person, conversation__school_id=person.school_id,
        conversation__last_number__gt=F("since_number"),
    )  # fmt: skip
    if asked.kind:
        rows = rows.filter(conversation__kind=asked.kind)
    if child := asked.child.strip():
        rows = rows.filter(
            Q(conversation__student__name__icontains=child) | Q(conversation__student__pinyin__icontains=child.lower())
        )
    return rows


def _authors(person: Person, typed: str, rows: QuerySet[Membership]) -> list[int]:
    """Whoever is meant by a name, 我, 王老师 or 张小雨妈妈, among those who are or were in these conversations."""
    typed = typed.strip()
    if typed in {_("me"), "我"}:
        return [person.pk]
    present = Membership.objects.filter(conversation_id__in=rows.values("conversation_id"))
    named = Q(name__icontains=typed) | Q(pinyin__icontains=typed.lower())
    if typed.endswith("老师") and len(typed) > 2:
        named |= Q(name__startswith=typed[:-2])
    school = Person.objects.filter(school_id=person.school_id)
    found = set(
        school.filter(named, Exists(present.filter(person_id=OuterRef("pk")))).values_list("pk", flat=True)[
            :AUTHORS_AT_MOST
        ]
    )
    of_guardian = present.filter(person_id=OuterRef("guardian_id"))
    edges = (
        Guardianship.objects.annotate(typed=Value(typed))
        .filter(Exists(of_guardian), school_id=person.school_id, typed__contains=F("student__name"))
        .values_list("guardian_id", "student__name", "relation")[:AUTHORS_AT_MOST]
    )
    found |= {guardian_id for guardian_id, name, relation in edges if typed in guardian_label(name, relation)}
    return sorted(found)


def _instants(person: Person, asked: Asked) -> tuple[datetime | None, datetime | None]:
    """From the first instant of the first day to the last of the last."""
    zone = ZoneInfo(person.school.time_zone)
    since = datetime.combine(asked.since, time(), zone) if asked.since is not None else None
    until = datetime.combine(asked.until + timedelta(days=1), time(), zone) if asked.until is not None else None
    return since, until


def _hits(person: Person, messages: Sequence[Message], asked: Asked, now: datetime) -> list[Hit]:
    if not messages:
        return []
    memberships = {
        row.conversation_id: row
        for row in access.memberships_of(person, now=now)
        .filter(conversation_id__in={message.conversation_id for message in messages})
        .select_related(
            "conversation__student", "conversation__teacher", "conversation__school_class", "conversation__grade"
        )
    }
    here = [row.conversation for row in memberships.values()]
    named = labels({place.teacher_id for place in here if place.teacher_id is not None})
    students = {place.student_id for place in here if place.student_id is not None}
    classes = current_classes(students) if students else {}
    speakers = faces({(message.conversation_id, message.author_id) for message in messages})
    words = words_of(asked.q)
    hits = []
    for message in messages:
        membership = memberships[message.conversation_id]
        title, child, note = queries.titles(membership.conversation, membership, named, classes)
        mine = message.author_id == person.pk
        who = msgspec.json.decode(speakers[message.conversation_id, message.author_id].who)
        author = _("You") if mine else who[translation.get_language()][0]
        parts = pieces(message.text, words)
        hits.append(Hit(message, membership.conversation.kind, title, child, note, author, mine, parts))
    return hits


def pieces(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """The text around the first word found on one line, cut into what was asked for and what was not."""
    text = " ".join(text.split())
    flat, origin = [], []  # each letter as it is compared, and where it stands
    for position, letter in enumerate(text):
        for compared in unicodedata.normalize("NFKC", letter).casefold():
            flat.append(compared)
            origin.append(position)
    compared_text = "".join(flat)
    marked = [False] * len(text)
    for word in words:
        at = compared_text.find(word)
        while at >= 0:
            for position in origin[at : at + len(word)]:
                marked[position] = True
            at = compared_text.find(word, at + 1)
    start = max(0, marked.index(True) - BEFORE_HIT) if True in marked else 0
    end = min(len(text), start + LONGEST)
    made: list[tuple[str, bool]] = [("…", False)] if start else []
    for position in range(start, end):
        if made and position > start and made[-1][1] == marked[position]:
            made[-1] = (made[-1][0] + text[position], marked[position])
        else:
            made.append((text[position], marked[position]))
    return [*made, ("…", False)] if end < len(text) else made


def children_in(person: Person, *, now: datetime) -> list[str]:
    """The children the person's conversations are about, to choose from."""
    names = access.memberships_of(person, now=now).filter(conversation__student__isnull=False)
    found = names.order_by("conversation__student__name").values_list("conversation__student__name", flat=True)
    return list(found.distinct()[:CHILDREN_SUGGESTED])


def kinds_of(person: Person, *, now: datetime) -> list[tuple[str, str]]:
    """The kinds of conversations the person is in, with their names."""
    rows = Membership.objects.filter(access.holding(now), person=person, conversation__school_id=person.school_id)
    there = set(rows.order_by().values_list("conversation__kind", flat=True).distinct())
    return [(kind.value, str(kind.label)) for kind in Conversation.Kind if kind.value in there]
