"""Reporting, holding, deciding and appealing. Nothing here deletes a word, and every decision has a reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.conversations import access, hints
from homeroom.conversations.entering import enter_again
from homeroom.conversations.events import MessageWithdrawn
from homeroom.conversations.models import (
    Block,
    Case,
    Conversation,
    Draft,
    Held,
    Membership,
    Message,
    Report,
    Ruling,
)
from homeroom.conversations.moderation import (
    Act,
    Outcome,
    State,
    can_appeal,
    can_block,
    can_decide,
    next_state,
    outcomes_of,
)
from homeroom.conversations.pace import Pace
from homeroom.conversations.writer import tell
from homeroom.conversations.writing import Posting, Written, write
from homeroom.delivery.public import Asked, Category, Level, Priority, send_item
from homeroom.eventlog.public import announce
from homeroom.files import public as files_of
from homeroom.kit.access import SystemActor, require
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible, Trouble
from homeroom.people.models import Person

from .changing import _changed as changed
from .changing import _locked as locked
from .holding import OWNER, announce_case
from .reading import save_draft

MESSAGE = "message"
MUTED_AT_MOST = 30  # days
reports = Pace(most=20, seconds=3600)
_SYSTEM = SystemActor("moderation")


@transaction.atomic
def report_message(*, actor: Person, message: Message, reason: str, text: str, now: datetime) -> Case:
    """Say that a message should be looked at. Its author never learns by whom; a second time changes nothing.

    Raises NotVisible for who cannot read it, NotAllowed for one's own, Invalid without a reason, TooFast.
    """
    message = locked(message)
    membership = access.membership_in(actor, message.conversation, now=now)
    if membership.since_number >= message.number:
        raise NotVisible
    if message.author_id == actor.pk:
        raise NotAllowed(_("This is your own message. You can withdraw it."))
    if message.withdrawn_at is not None:
        raise NotAllowed(_("This message was withdrawn."))
    if reason not in Report.Reason.values:
        missing = _("Choose what is the matter.")
        raise Invalid(missing, fields={"reason": missing})
    reports.count(actor.pk)
    case = Case.objects.filter(message=message, state__in=[State.OPEN, State.APPEALED]).first()
    if case is None:
        case = Case.objects.create(
            school_id=message.school_id, conversation=message.conversation, author_id=message.author_id,
            message=message, opened_at=now,
        )  # fmt: skip
        announce_case(case, actor.pk)
    _report, made = Report.objects.get_or_create(
        case=case, reporter=actor, defaults={"reason": reason, "text": text.strip()[:500], "made_at": now}
    )
    if made:
        audit.record(actor=actor, action="message.reported", target=case, message_id=message.pk, reason=reason)
    return case


@transaction.atomic
def decide_case(*, actor: Person, case: Case, outcome: str, reason: str, now: datetime, mute_days: int = 0) -> Ruling:
    """Decide about a reported or a held message, or about the appeal against the first decision.

    Hiding withdraws with a trace; the row keeps the text. Letting through posts under the author's name. An appeal that
    succeeds undoes the first decision. Raises NotVisible, NotAllowed, and Invalid without a reason or for a message
    that cannot be said any more.
    """
    case = _locked(case)
    require(can_decide(actor, case))
    state = next_state(case, Act.DECIDE)
    on_appeal = case.state == State.APPEALED
    reason = reason.strip()[:300]
    if outcome not in outcomes_of(case):
        raise Invalid(_("Choose how it ends."))
    if not reason:
        missing = _("Say why: those concerned read your reason.")
        raise Invalid(missing, fields={"reason": missing})
    if not 0 <= mute_days <= MUTED_AT_MOST:
        wrong = _("Between 0 and %(most)d days.") % {"most": MUTED_AT_MOST}
        raise Invalid(wrong, fields={"mute_days": wrong})
    first = case.rulings.first() if on_appeal else None
    ruling = Ruling.objects.create(
        case=case, decider=actor, outcome=outcome, reason=reason, muted_days=mute_days, on_appeal=on_appeal, made_at=now
    )
    _carry_out(actor, case, ruling, first, now)
    if mute_days or (first is not None and first.muted_days):
        _mute(case, until=_muted_until(case))
    Case.objects.filter(pk=case.pk).update(state=state)
    case.state = state
    audit.record(
        actor=actor, action="case.decided", target=case, school_id=case.school_id, outcome=outcome,
        muted_days=mute_days, on_appeal=on_appeal,
    )  # fmt: skip
    announce_case(case, actor.pk)
    _tell_those_concerned(case, ruling, now)
    return ruling


@transaction.atomic
def appeal_case(*, actor: Person, case: Case, text: str, now: datetime) -> None:
    """The author, once: somebody else looks at it again. Raises NotVisible, NotAllowed, Invalid without a reason."""
    case = _locked(case)
    require(can_appeal(actor, case))
    state = next_state(case, Act.APPEAL)
    if not text.strip():
        missing = _("Say what was not seen rightly.")
        raise Invalid(missing, fields={"text": missing})
    Case.objects.filter(pk=case.pk).update(state=state, appealed_at=now, appeal_text=text.strip()[:500])
    audit.record(actor=actor, action="case.appealed", target=case, school_id=case.school_id)
    announce_case(case, actor.pk)


@transaction.atomic
def take_back(*, actor: Person, case: Case, now: datetime) -> str:
    """Do not wait any longer with one's own message; returns its text, so that nothing typed is lost."""
    case = _locked(case)
    if actor.pk != case.author_id or case.held is None:
        raise NotVisible
    state = next_state(case, Act.TAKE_BACK)
    Case.objects.filter(pk=case.pk).update(state=state)
    audit.record(actor=actor, action="case.taken_back", target=case, school_id=case.school_id)
    announce_case(case, actor.pk)
    return case.held.text


@transaction.atomic
def note_reading(*, actor: Person, case: Case) -> None:
    """A moderator reads what was said in a conversation they may not be in: that is on record."""
    audit.record(actor=actor, action="case.read", target=case, school_id=case.school_id)


@transaction.atomic
def keep_as_draft(*, actor: Person, membership: Membership, text: str, now: datetime) -> None:
    """Put a text that was taken back into the actor's draft, before what is there already."""
    draft = Draft.objects.filter(conversation_id=membership.conversation_id, person=actor).first()
    save_draft(actor=actor, membership=membership, text=f"{text}\n{draft.text}" if draft else text, now=now)


@transaction.atomic
def block_family(*, actor: Person, message: Message, now: datetime) -> None:
    """Fold away what this family writes; nobody is told. Raises NotVisible, NotAllowed."""
    access.membership_in(actor, message.conversation, now=now)
    require(can_block(actor, message))
    Block.objects.get_or_create(person=actor, blocked_id=message.author_id, defaults={"made_at": now})
    audit.record(actor=actor, action="family.blocked", target=message, school_id=message.school_id)


@transaction.atomic
def unblock(*, actor: Person, block_id: int) -> None:
    """Read that family again."""
    gone, _rows = Block.objects.filter(pk=block_id, person=actor).delete()
    if gone:
        audit.record(actor=actor, action="family.unblocked", target=actor, school_id=actor.school_id)


def _carry_out(actor: Person, case: Case, ruling: Ruling, first: Ruling | None, now: datetime) -> None:
    if ruling.outcome == Outcome.HIDDEN and case.message is not None:
        message = locked(case.message)
        if message.withdrawn_at is None:
            changed(message, withdrawn_at=now, withdrawn_by=actor, withdrawn_reason=ruling.reason[:200])
            enter_again([message.pk])
            announce(
                MessageWithdrawn(
                    school_id=case.school_id, conversation_id=case.conversation_id, message_id=message.pk,
                    person_id=actor.pk,
                )
            )  # fmt: skip
    if ruling.outcome == Outcome.STAND and first is not None and case.message is not None:
        message = locked(case.message)
        if message.withdrawn_by_id == first.decider_id and message.withdrawn_at is not None:
            changed(message, withdrawn_at=None, withdrawn_by=None, withdrawn_reason="")
            enter_again([message.pk])
    if ruling.outcome == Outcome.APPROVED and case.held is not None:
        _say(case, case.held, now)


def _say(case: Case, held: Held, now: datetime) -> None:
    """Post what was held, under its author's name; it gets its number and its readers now."""
    conversation = Conversation.objects.select_for_update().get(pk=case.conversation_id)
    here = Membership.objects.filter(access.holding(now), conversation=conversation, person_id=held.author_id).first()
    if here is None or not here.can_speak:
        raise Invalid(_("Its author may not write there any more, so it cannot be sent."))
    (outcome,) = write([
        Posting(
            conversation_id=conversation.pk, membership_version=conversation.membership_version,
            school_id=case.school_id, author_id=held.author_id, text=held.text, client_key=held.client_key,
            sent_at=now, quoted_id=held.quoted_id, has_files=bool(held.files),
        )
    ])  # fmt: skip
    if isinstance(outcome, Trouble):
        raise outcome
    if held.files:
        files = [UUID(given) for given in held.files]
        files_of.attach(actor=held.author, owner_kind=MESSAGE, owner_id=outcome.id, files=files)
        files_of.detach_all(owner_kind=OWNER, owner_ids=[held.pk])
    Held.objects.filter(pk=held.pk).update(message_id=outcome.id)
    _tell_pages(outcome)


def _tell_pages(outcome: Written) -> None:
    transaction.on_commit(lambda: tell([outcome]))


def _muted_until(case: Case) -> datetime | None:
    """The latest end that the last ruling of any of the author's cases here sets."""
    cases = Case.objects.filter(conversation_id=case.conversation_id, author_id=case.author_id)
    last = [list(one.rulings.all())[-1:] for one in cases.prefetch_related("rulings")]
    ends = [one.made_at + timedelta(days=one.muted_days) for rulings in last for one in rulings if one.muted_days]
    return max(ends, default=None)


def _mute(case: Case, *, until: datetime | None) -> None:
    places = Membership.objects.filter(conversation_id=case.conversation_id, person_id=case.author_id)
    if places.update(muted_until=until):
        here = Conversation.objects.filter(pk=case.conversation_id)
        here.update(membership_version=F("membership_version") + 1)
        hints.conversation_moved(case.conversation.uuid)


def _locked(case: Case) -> Case:
    rows = Case.objects.select_for_update(of=("self",)).select_related(
        "conversation__school_class", "conversation__student", "message__conversation", "held__author", "author"
    )
    return rows.get(pk=case.pk)


def _tell_those_concerned(case: Case, ruling: Ruling, now: datetime) -> None:
    """The author and everybody who reported it, in plain words and each in their language."""
    where = reverse("conversations:case", args=[case.uuid])
    against = ruling.outcome in {Outcome.HIDDEN, Outcome.REFUSED} or bool(ruling.muted_days)
    if ruling.outcome != Outcome.STAND or ruling.muted_days or ruling.on_appeal:
        lead: list[str | Promise] = [Outcome(ruling.outcome).label, ruling.reason]
        if ruling.muted_days:
            lead.append(_("You only read in this conversation for %(days)d days.") % {"days": ruling.muted_days})
        if against and not ruling.on_appeal:
            lead.append(_("You can appeal once; somebody else decides then."))
        _item(case, [case.author], title=_("About your message"), lead=lead, link=where, now=now)
    reporters = [row.reporter for row in case.reports.select_related("reporter__school", "reporter__account")]
    thread = reverse("conversations:thread", args=[case.conversation.uuid])
    said: list[str | Promise] = [Outcome(ruling.outcome).label, ruling.reason]
    _item(case, reporters, title=_("Your report was looked at"), lead=said, link=thread, now=now)


def _item(
    case: Case,
    persons: Iterable[Person],
    *,
    title: str | Promise,
    lead: Sequence[str | Promise],
    link: str,
    now: datetime,
) -> None:
    for person in persons:
        with translation.override((person.account.language if person.account else "") or settings.LANGUAGE_CODE):
            send_item(
                actor=_SYSTEM, school=person.school, kind="moderation", source_id=case.pk, sender=None,
                sender_label=str(_("Messages")), title=str(title), lead=" · ".join(str(part) for part in lead),
                link=link, level=Level.READ, priority=Priority.ROUTINE, category=Category.OTHER,
                recipients=[Asked(person.pk, None)], action_label=str(_("See the decision")), now=now,
            )  # fmt: skip
