"""Cases: their states, who may do what with them, and what each page shows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from homeroom.kit.access import ALLOWED, Decision, denied
from homeroom.kit.errors import NotAllowed, NotVisible
from homeroom.people.models import Guardianship, Person, Role
from homeroom.people.public import labels

from . import markup, queries
from .models import Block, Case, Conversation, Membership, Message, Report, Ruling, Side

Kind = Conversation.Kind
State = Case.State
Outcome = Ruling.Outcome
PAGE = 20
AROUND = 3  # messages before and after, for the context
WAITING = (State.OPEN, State.APPEALED)
AGAINST_AUTHOR = (Outcome.HIDDEN, Outcome.REFUSED)


class Act(StrEnum):
    DECIDE = "decide"
    TAKE_BACK = "take_back"
    APPEAL = "appeal"


MOVES: dict[tuple[str, Act], Case.State] = {
    (State.OPEN, Act.DECIDE): State.DECIDED,
    (State.OPEN, Act.TAKE_BACK): State.TAKEN_BACK,
    (State.DECIDED, Act.APPEAL): State.APPEALED,
    (State.APPEALED, Act.DECIDE): State.FINAL,
}


def next_state(case: Case, act: Act) -> Case.State:
    """Where `act` leads from here. Raises NotAllowed in words when it leads nowhere."""
    state = MOVES.get((case.state, act))
    if state is None:
        raise NotAllowed(_("This has been decided in the meantime. Reload the page."))
    return state


def outcomes_of(case: Case) -> tuple[Ruling.Outcome, Ruling.Outcome]:
    """The two ways it can go: for the author, and against."""
    return (Outcome.APPROVED, Outcome.REFUSED) if case.held_id else (Outcome.STAND, Outcome.HIDDEN)


def scope(person: Person) -> Q | None:
    """A condition on Case for what the person moderates: leaders all of the school, class teachers what families
    wrote in their channels, grade leaders appeals from these. None for everybody else."""
    if person.leads(person.school_id):
        return Q(school_id=person.school_id)
    classes = [r.school_class_id for r in person.current_roles if r.kind == Role.Kind.CLASS_TEACHER]
    grades = [r.grade_id for r in person.current_roles if r.kind == Role.Kind.GRADE_LEADER]
    if not classes and not grades:
        return None
    channel = Q(school_id=person.school_id, conversation__kind=Kind.CHANNEL)
    own = channel & Q(conversation__school_class_id__in=classes)
    appeals = channel & Q(conversation__school_class__grade_id__in=grades, appealed_at__isnull=False)
    return own | appeals


def can_decide(actor: Person, case: Case) -> Decision:
    """Who moderates there, is no party to it, and has not decided it before."""
    where = scope(actor)
    if where is None or not Case.objects.filter(where, pk=case.pk).exists():
        raise NotVisible
    if actor.pk == case.author_id:
        return denied(_("Nobody decides about what they wrote themselves."))
    leads = actor.leads(case.school_id)
    if case.reports.filter(reporter=actor).exists() and not leads:
        return denied(_("You have reported this yourself. A school leader decides."))
    place = case.conversation.school_class
    if case.state == State.APPEALED and not leads and not (place is not None and actor.leads_grade(place.grade_id)):
        return denied(_("A leader decides about the appeal."))
    if case.state == State.APPEALED and case.rulings.filter(decider=actor).exists():
        return denied(_("Somebody else decides about the appeal."))
    if case.state == State.OPEN and not leads and _by_staff(case):
        return denied(_("A school leader decides about what a colleague wrote."))
    return ALLOWED


def _by_staff(case: Case) -> bool:
    return Membership.objects.filter(
        conversation_id=case.conversation_id, person_id=case.author_id, side=Side.STAFF
    ).exists()


def can_appeal(actor: Person, case: Case) -> Decision:
    """The author, once, when it went against them."""
    if actor.pk != case.author_id:
        raise NotVisible
    last = case.rulings.last()
    if last is None or last.on_appeal or (last.outcome not in AGAINST_AUTHOR and not last.muted_days):
        return denied(_("There is nothing to appeal against."))
    return ALLOWED


def cases_for(person: Person) -> QuerySet[Case]:
    """Every case the person moderates."""
    where = scope(person)
    if where is None:
        return Case.objects.none()
    return Case.objects.filter(where).exclude(author=person)


def get_case_for(person: Person, uuid: UUID) -> Case:
    """A case of somebody who moderates it or wrote what it is about, or NotVisible."""
    mine = Q(author=person, school_id=person.school_id)
    where = scope(person)
    found = (
        Case.objects.filter(mine if where is None else mine | where, uuid=uuid)
        .select_related("conversation__school_class", "conversation__student", "message", "held")
        .first()
    )
    if found is None:
        raise NotVisible
    return found


def waiting_for(person: Person) -> int:
    """How many cases wait for this moderator."""
    where = scope(person)
    if where is None:
        return 0
    waiting = Case.objects.filter(where, state__in=WAITING).exclude(author=person)
    if not person.leads(person.school_id) and not person.has_role(Role.Kind.GRADE_LEADER):
        return waiting.filter(state=State.OPEN).count()
    decided = Ruling.objects.filter(case_id=OuterRef("pk"), decider=person)
    return waiting.exclude(Q(state=State.APPEALED) & Exists(decided)).count()


@dataclass(frozen=True, slots=True)
class Entry:
    """A case as the queue shows it."""

    case: Case
    author: str
    place: str
    text: str
    reports: list[Report]
    rulings: list[tuple[Ruling, str]]
    around: list[tuple[Message, str]] = field(default_factory=list)
    reporters: dict[int, str] = field(default_factory=dict)


def entries(cases: Sequence[Case], *, context: bool = False) -> list[Entry]:
    """These cases with what a page shows of them; the number of statements does not grow with theirs."""
    ids = [case.pk for case in cases]
    reports: dict[int, list[Report]] = {pk: [] for pk in ids}
    for report in Report.objects.filter(case_id__in=ids):
        reports[report.case_id].append(report)
    rulings: dict[int, list[Ruling]] = {pk: [] for pk in ids}
    for ruling in Ruling.objects.filter(case_id__in=ids):
        rulings[ruling.case_id].append(ruling)
    around = {case.pk: _around(case) for case in cases} if context else {}
    who = {case.author_id for case in cases} | {r.decider_id for rows in rulings.values() for r in rows}
    who |= {r.reporter_id for rows in reports.values() for r in rows}
    who |= {case.conversation.teacher_id for case in cases if case.conversation.teacher_id}
    named = labels(who)
    made = []
    for case in cases:
        near = around.get(case.pk, [])
        if context:
            here = {case.author_id, *(message.author_id for message in near)}
            named |= queries.speakers(case.conversation, here)
        text = case.held.text if case.held is not None else case.message.text if case.message is not None else ""
        made.append(
            Entry(
                case=case, author=named.get(case.author_id, ""), place=place_of(case.conversation, named), text=text,
                reports=reports[case.pk], rulings=[(r, named.get(r.decider_id, "")) for r in rulings[case.pk]],
                around=[(message, named.get(message.author_id, "")) for message in near], reporters=named,
            )
        )  # fmt: skip
    return made


def _around(case: Case) -> list[Message]:
    """A few messages before and after; for one that waits, the newest when it was written."""
    rows = Message.objects.filter(conversation_id=case.conversation_id)
    if case.message is not None:
        number = case.message.number
        return list(rows.filter(number__gte=number - AROUND, number__lte=number + AROUND).order_by("number"))
    before = rows.filter(sent_at__lte=case.opened_at).order_by("-number")[: AROUND * 2]
    return list(before)[::-1]


def place_of(conversation: Conversation, named: dict[int, str]) -> str:
    """The conversation as somebody who is not in it calls it."""
    if conversation.kind == Kind.CHANNEL and conversation.school_class is not None:
        return str(_("%(name)s, class channel") % {"name": conversation.school_class.name})
    if conversation.student is not None:
        names = {"child": conversation.student.name, "teacher": named.get(conversation.teacher_id or 0, "")}
        return str(_("%(child)s with %(teacher)s") % names)
    return str(_("Staff room"))


# --- one's own held messages, and whom one does not want to read


@dataclass(frozen=True, slots=True)
class Own:
    """One's own message that waits, or was not sent, as the thread shows it."""

    case: Case
    html: str
    text: str
    ruling: Ruling | None
    may_appeal: bool


def own_held(membership: Membership, *, since: datetime) -> list[Own]:
    """What the member wrote here that waits for a moderator, or was decided against lately."""
    rows = (
        Case.objects.filter(
            conversation_id=membership.conversation_id, author_id=membership.person_id, held__isnull=False,
            state__in=[State.OPEN, State.DECIDED, State.APPEALED, State.FINAL], held__message__isnull=True,
        )
        .filter(Q(state__in=WAITING) | Q(rulings__made_at__gte=since))
        .select_related("held")
        .prefetch_related("rulings")
        .order_by("pk")
        .distinct()
    )  # fmt: skip
    made = []
    for case in rows:
        ruling = list(case.rulings.all())[-1] if case.state in {State.DECIDED, State.FINAL} else None
        assert case.held is not None  # noqa: S101  (the query asks for it)
        html = markup.html(case.held.text)
        made.append(Own(case, html, case.held.text, ruling, case.state == State.DECIDED))
    return made


def not_read_by(person_id: int) -> set[int]:
    """Whose messages the person does not want to read: those they named, and who answers for the same children."""
    named = set(Block.objects.filter(person_id=person_id).values_list("blocked_id", flat=True))
    if not named:
        return named
    children = Guardianship.objects.filter(guardian_id__in=named).values("student_id")
    mine = Guardianship.objects.filter(guardian_id=person_id).values("student_id")
    family = Guardianship.objects.filter(student_id__in=children).exclude(student_id__in=mine)
    return (named | set(family.values_list("guardian_id", flat=True))) - {person_id}


def can_answer(membership: Membership, quoted_id: int) -> Decision:
    """Not whoever's messages the original's author does not read; and nobody is told that it is so."""
    author_id = Message.objects.values_list("author_id", flat=True).get(pk=quoted_id)
    if membership.side == Side.FAMILY and membership.person_id in not_read_by(author_id):
        return denied(_("You cannot quote this message."))
    return ALLOWED


def can_block(person: Person, message: Message) -> Decision:
    """Between families of a class channel; staff cannot be blocked, nor one's own family."""
    sides = dict(
        Membership.objects.filter(
            conversation_id=message.conversation_id, person_id__in=[person.pk, message.author_id]
        ).values_list("person_id", "side")
    )
    if message.author_id == person.pk or message.conversation.kind != Kind.CHANNEL:
        return denied(_("Only other families in a class channel can be folded away."))
    if sides.get(message.author_id) != Side.FAMILY or sides.get(person.pk) != Side.FAMILY:
        return denied(_("Staff cannot be folded away: they have to be able to reach you."))
    mine = Guardianship.objects.filter(guardian=person).values("student_id")
    if Guardianship.objects.filter(guardian_id=message.author_id, student_id__in=mine).exists():
        return denied(_("You answer for the same child."))
    return ALLOWED
