"""Shared reads of conversations. Each takes the same number of statements for one message and for a hundred."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from homeroom.files import public as files_of
from homeroom.people.models import Delegation, Enrolment, Guardianship, Person
from homeroom.people.public import current_classes, guardian_label, labels
from homeroom.ui import moments

from . import access, markup
from .extras import HANDOVER, NOTHING, Extra, extras_of
from .models import MARKS, Conversation, HouseRules, Membership, Message, MessageRevision, Reaction, Side

Kind = Conversation.Kind
PAGE = 40
INBOX_PAGE = 50
OWNER = "message"
SOUND = "sound"  # as files call it


@dataclass(frozen=True, slots=True)
class Entry:
    """A conversation as its list shows it to one person."""

    conversation: Conversation
    membership: Membership
    title: str
    child: str  # whose matter it is; empty for channels and rooms
    note: str  # class, or what kind of conversation it is
    last: str  # the newest message in one line, with who wrote it
    unread: int


@dataclass(frozen=True, slots=True)
class Quote:
    """What a message answers; without text when the reader cannot read the original, or it was withdrawn."""

    author: str
    text: str
    number: int  # 0: in another conversation


@dataclass(frozen=True, slots=True)
class Sign:
    kind: str
    mark: str
    count: int
    mine: bool
    names: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as one reader sees it."""

    message: Message
    author: str
    side: str
    mine: bool
    html: str
    quote: Quote | None
    files: list[Any]
    signs: list[Sign]
    former: list[tuple[str, datetime]]
    withdrawn_by: str
    extra: Extra
    can_edit: bool
    can_withdraw: bool
    can_quote: bool
    answer_privately: bool

    @property
    def day(self) -> str:
        """The date at the reader's school, for telling days apart."""
        return timezone.localtime(self.message.sent_at).date().isoformat()

    @property
    def day_words(self) -> str:
        """今天, 昨天, 11月20日."""
        return moments.day_name(timezone.localtime(self.message.sent_at).date())


@dataclass(slots=True)
class Page:
    """Messages in the order of their numbers."""

    messages: list[Shown] = field(default_factory=list)
    older: bool = False  # whether there are earlier ones the reader can see
    newer: bool = False


def unread_of(person: Person, *, now: datetime) -> tuple[bool, int]:
    """Whether the person's school uses conversations, and how many messages wait; one statement."""
    with connection.cursor() as cursor:
        instant = now if connection.vendor == "postgresql" else connection.ops.adapt_datetimefield_value(now)
        cursor.execute(
            "SELECT (SELECT count(*) FROM school_moduleswitch"
            " WHERE school_id = %s AND module = 'conversations' AND NOT is_on),"
            " (SELECT COALESCE(sum(c.last_number - m.read_number), 0) FROM conversations_membership m"
            " JOIN conversations_conversation c ON c.id = m.conversation_id"
            " WHERE m.person_id = %s AND m.left_at IS NULL AND (m.ends_at IS NULL OR m.ends_at > %s)"
            " AND c.last_number > m.read_number)",
            [person.school_id, person.pk, instant],
        )
        off, waiting = cursor.fetchone()
    return not off, int(waiting)


def inbox(person: Person, *, now: datetime, only_unread: bool = False, before: datetime | None = None) -> list[Entry]:
    """The person's conversations, the one with the newest message first; one more than a page when there are older."""
    rows = access.memberships_of(person, now=now).select_related(
        "conversation__student", "conversation__teacher", "conversation__school_class", "conversation__grade"
    )
    if only_unread:
        rows = rows.filter(conversation__last_number__gt=F("read_number"))
    if before is not None:
        rows = rows.filter(conversation__last_message_at__lt=before)
    ordered = list(rows.order_by(F("conversation__last_message_at").desc(nulls_last=True), "-pk")[: INBOX_PAGE + 1])
    newest = _newest([row.conversation for row in ordered])
    names = labels(
        {row.conversation.teacher_id for row in ordered if row.conversation.teacher_id}
        | {message.author_id for message in newest.values()}
    )
    students = {row.conversation.student_id for row in ordered if row.conversation.student_id}
    classes = current_classes(students) if students else {}
    families = family_labels({message.author_id for message in newest.values()}, students)
    entries = []
    for row in ordered:
        conversation = row.conversation
        message = newest.get(conversation.pk)
        line = ""
        if message is not None and message.number > row.since_number:
            who = families.get((message.author_id, conversation.student_id or 0)) or names.get(message.author_id, "")
            line = _line(message, _("You") if message.author_id == person.pk else who)
        title, child, note = titles(conversation, row, names, classes)
        unread = max(0, conversation.last_number - row.read_number)
        entries.append(Entry(conversation, row, title, child, note, line, unread))
    return entries


def _newest(conversations: Sequence[Conversation]) -> dict[int, Message]:
    last = Message.objects.filter(
        conversation_id__in=[c.pk for c in conversations if c.last_number], number=F("conversation__last_number")
    )
    return {message.conversation_id: message for message in last}


def _line(message: Message, who: str) -> str:
    if message.withdrawn_at is not None:
        return _("%(who)s withdrew a message") % {"who": who}
    if message.cites_kind == HANDOVER:
        return _("This conversation was handed over")
    text = markup.one_line(message.text) or (_("[card]") if message.cites_kind else _("[file]"))
    return _("%(who)s: %(text)s") % {"who": who, "text": text}


def titles(
    conversation: Conversation,
    membership: Membership,
    names: dict[int, str],
    classes: dict[int, tuple[int | None, str]],
) -> tuple[str, str, str]:
    """(title, child, note) of a conversation for one of its members."""
    if conversation.kind == Kind.FAMILY and conversation.student is not None:
        child, class_name = conversation.student.name, classes.get(conversation.student.pk, (None, ""))[1]
        if membership.side == Side.STAFF:
            note = class_name
            if conversation.teacher_id != membership.person_id:
                note = f"{class_name} · " + _("for %(teacher)s") % {
                    "teacher": names.get(conversation.teacher_id or 0, "")
                }
            return _("%(child)s's family") % {"child": child}, "", note
        return names.get(conversation.teacher_id or 0, ""), child, class_name
    if conversation.kind == Kind.PUPIL and conversation.student is not None:
        child, class_name = conversation.student.name, classes.get(conversation.student.pk, (None, ""))[1]
        if membership.side == Side.STAFF:
            return _("%(name)s (pupil)") % {"name": child}, "", class_name
        teacher = names.get(conversation.teacher_id or 0, "")
        if membership.person_id == conversation.student_id:
            return teacher, "", class_name
        return _("%(child)s with %(teacher)s") % {"child": child, "teacher": teacher}, "", _("The pupil's own thread")
    if conversation.kind == Kind.CHANNEL and conversation.school_class is not None:
        return conversation.school_class.name, "", _("Class channel")
    grade = conversation.grade.name if conversation.grade is not None else _("Whole school")
    return grade, "", _("Staff room")


def titles_of(membership: Membership) -> tuple[str, str, str]:
    """(title, child, note) of one conversation."""
    conversation = membership.conversation
    names = labels([conversation.teacher_id]) if conversation.teacher_id else {}
    classes = current_classes([conversation.student_id]) if conversation.student_id else {}
    return titles(conversation, membership, names, classes)


def family_labels(person_ids: Collection[int], student_ids: Iterable[int]) -> dict[tuple[int, int], str]:
    """(person, student) → 张三妈妈, also for who answered for the child formerly, or stands in."""
    found = {}
    ids = list(student_ids)
    edges = Guardianship.objects.filter(guardian_id__in=person_ids, student_id__in=ids).select_related("student")
    lent = Delegation.objects.filter(delegate_id__in=person_ids, guardianship__student_id__in=ids)
    for row in lent.select_related("delegate", "guardianship__student"):
        found[row.delegate_id, row.guardianship.student_id] = _("%(name)s (for %(child)s's family)") % {
            "name": row.delegate.name, "child": row.guardianship.student.name}  # fmt: skip
    for edge in edges:
        found[edge.guardian_id, edge.student_id] = guardian_label(edge.student.name, edge.relation)
    return found


def speakers(conversation: Conversation, person_ids: Collection[int]) -> dict[int, str]:
    """The verified label of each of these people as it is meant in this conversation."""
    ids = set(person_ids)
    if not ids:
        return {}
    named = labels(ids)
    if conversation.kind == Kind.STAFF:
        return named
    if conversation.student_id is not None:
        students = [conversation.student_id]
    else:
        enrolled = Enrolment.objects.filter(school_class_id=conversation.school_class_id)
        students = list(enrolled.values_list("student_id", flat=True))
    family = Membership.objects.filter(conversation=conversation, person_id__in=ids, side=Side.FAMILY)
    families = set(family.values_list("person_id", flat=True))
    for (person_id, _student), label in sorted(family_labels(families, students).items(), reverse=True):
        named[person_id] = label
    return named


def thread(
    membership: Membership, *, now: datetime, after: int | None = None, before: int | None = None, limit: int = PAGE
) -> Page:
    """Messages above `after`, or the newest below `before`, or the newest; with no more than `limit` of them."""
    visible = Message.objects.filter(
        conversation_id=membership.conversation_id, number__gt=max(membership.since_number, after or 0)
    )
    if after is not None:
        rows = list(visible.order_by("number")[: limit + 1])
        return Page(shown(membership, rows[:limit], now=now), newer=len(rows) > limit)
    if before is not None:
        visible = visible.filter(number__lt=before)
    rows = list(visible.order_by("-number")[: limit + 1])
    return Page(shown(membership, rows[:limit][::-1], now=now), older=len(rows) > limit)


def changed(membership: Membership, *, after_change: int, up_to: int, now: datetime, limit: int = PAGE) -> list[Shown]:
    """Messages up to number `up_to` edited, withdrawn or reacted to since that change, oldest change first."""
    rows: QuerySet[Message] = Message.objects.filter(
        conversation_id=membership.conversation_id,
        changed_number__gt=max(0, after_change),
        number__gt=membership.since_number,
        number__lte=up_to,
    ).order_by("changed_number")[:limit]
    return shown(membership, list(rows), now=now)


def shown(membership: Membership, messages: Sequence[Message], *, now: datetime) -> list[Shown]:
    """These messages of one conversation as the member sees them."""
    if not messages:
        return []
    conversation, reader_id = membership.conversation, membership.person_id
    ids = [message.pk for message in messages]
    quoted = _quotable(membership, [m.quoted_id for m in messages if m.quoted_id is not None], now=now)
    signs = _signs(ids)
    who = {m.author_id for m in messages} | {m.withdrawn_by_id for m in messages if m.withdrawn_by_id}
    who |= {message.author_id for message in quoted.values()}
    who |= {person_id for rows in signs.values() for _kind, person_id in rows}
    named = speakers(conversation, who)
    staff = set(
        Membership.objects.filter(conversation=conversation, person_id__in=who, side=Side.STAFF).values_list(
            "person_id", flat=True
        )
    )
    attached = files_of.attached(OWNER, [m.pk for m in messages if m.has_files]) if any(
        m.has_files for m in messages) else {}  # fmt: skip
    former = _former([m.pk for m in messages if m.edited_at is not None])
    sounds = [pk for pk, files in attached.items() if any(file.kind == SOUND for file in files)]
    hanging = any(message.cites_kind for message in messages) or sounds
    extras = extras_of(messages, membership.person, sounds) if hanging else {}
    made = []
    for message in messages:
        gone = message.withdrawn_at is not None
        mine = message.author_id == reader_id
        by_staff = message.author_id in staff
        moderates = conversation.kind == Kind.CHANNEL and membership.side == Side.STAFF and not by_staff
        made.append(
            Shown(
                message=message,
                author=named.get(message.author_id, ""),
                side=Side.STAFF if by_staff else Side.FAMILY,
                mine=mine,
                html="" if gone else markup.html(message.text),
                quote=None if gone or not message.quoted_id else _quote(message, quoted, named, conversation),
                files=[] if gone else attached.get(message.pk, []),
                signs=[] if gone else _counted(signs.get(message.pk, []), reader_id, named),
                former=[] if gone else former.get(message.pk, []),
                withdrawn_by=named.get(message.withdrawn_by_id or 0, "") if gone else "",
                extra=extras.get(message.pk, NOTHING),
                can_edit=(
                    mine
                    and not gone
                    and message.cites_kind != HANDOVER
                    and membership.can_speak
                    and not (conversation.read_first and membership.side == Side.FAMILY)
                    and now - message.sent_at <= access.EDITABLE_FOR
                ),
                can_withdraw=not gone and (mine or moderates),
                can_quote=not gone and membership.can_speak,
                answer_privately=(
                    not gone and conversation.kind == Kind.CHANNEL and membership.side == Side.FAMILY and by_staff
                ),
            )
        )
    return made


def _quotable(membership: Membership, ids: Sequence[int], *, now: datetime) -> dict[int, Message]:
    """The quoted messages the reader can read."""
    if not ids:
        return {}
    person = Person(pk=membership.person_id, school_id=membership.conversation.school_id)
    return {message.pk: message for message in access.readable(person, now=now).filter(pk__in=ids)}


def _quote(message: Message, quoted: dict[int, Message], named: dict[int, str], here: Conversation) -> Quote:
    original = quoted.get(message.quoted_id or 0)
    if original is None:
        return Quote("", _("A message you cannot see"), 0)
    text = _("Withdrawn") if original.withdrawn_at is not None else markup.one_line(original.text) or _("[file]")
    number = original.number if original.conversation_id == here.pk else 0
    return Quote(named.get(original.author_id, ""), text, number)


def _signs(ids: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    rows = Reaction.objects.filter(message_id__in=ids).order_by("pk").values_list("message_id", "kind", "person_id")
    for message_id, kind, person_id in rows:
        found[message_id].append((kind, person_id))
    return found


def _counted(rows: Sequence[tuple[str, int]], reader_id: int, named: dict[int, str]) -> list[Sign]:
    by_kind: dict[str, list[int]] = defaultdict(list)
    for kind, person_id in rows:
        by_kind[kind].append(person_id)
    return [
        Sign(kind, MARKS[kind], len(persons), reader_id in persons, "、".join(named.get(pk, "") for pk in persons[:10]))
        for kind in Reaction.Kind.values
        if (persons := by_kind.get(kind))
    ]


def _former(ids: Sequence[int]) -> dict[int, list[tuple[str, datetime]]]:
    found: dict[int, list[tuple[str, datetime]]] = defaultdict(list)
    if ids:
        for message_id, text, at in MessageRevision.objects.filter(message_id__in=ids).values_list(
            "message_id", "text", "replaced_at"
        ):
            found[message_id].append((markup.html(text), at))
    return found


@dataclass(frozen=True, slots=True)
class ReadState:
    """How far the others have read one's own newest message, in words a rule allows; empty when it is not shown."""

    number: int
    words: str


def read_state(membership: Membership, *, working: bool) -> ReadState:
    """Whether one's newest message was read, never when. Staff's reading is not shown outside working time."""
    conversation = membership.conversation
    nothing = ReadState(0, "")
    if conversation.kind == Kind.STAFF or (membership.side == Side.FAMILY and not working):
        return nothing
    mine = Message.objects.filter(
        conversation=conversation, author_id=membership.person_id, withdrawn_at__isnull=True,
        number__gt=conversation.last_number - 200,
    )  # fmt: skip
    number = mine.order_by("-number").values_list("number", flat=True).first()
    if number is None:
        return nothing
    other = Side.FAMILY if membership.side == Side.STAFF else Side.STAFF
    reads = list(
        Membership.objects.filter(access.holding(timezone.now()), conversation=conversation, side=other).values_list(
            "read_number", flat=True
        )
    )
    done = sum(read >= number for read in reads)
    if conversation.kind == Kind.CHANNEL:
        if membership.side == Side.FAMILY or not reads:
            return nothing
        return ReadState(number, _("Read by %(done)d of %(all)d") % {"done": done, "all": len(reads)})
    return ReadState(number, _("Read") if done else _("Not yet read"))


def duty_phone(school_id: int) -> str:
    """The number for what cannot wait; empty where the school has given none."""
    return rules_of(school_id).duty_phone


def rules_of(school_id: int) -> HouseRules:
    """The school's rules; the usual ones when it has set none."""
    return HouseRules.objects.filter(school_id=school_id).first() or HouseRules(school_id=school_id)
