"""Every change of notices."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.delivery.public import (
    Asked,
    Category,
    HouseholdRule,
    Item,
    Level,
    Priority,
    ReminderPolicy,
    correct_item,
    recall_item,
    send_item,
    settle_children,
    unsettle_children,
)
from homeroom.eventlog.public import announce
from homeroom.files import public as files
from homeroom.groups import public as groups
from homeroom.kit.access import Actor, SystemActor, require
from homeroom.kit.errors import Invalid, Stale, Trouble
from homeroom.kit.ids import new_id
from homeroom.people.models import Person
from homeroom.people.public import label
from homeroom.search import public as search
from homeroom.wording import public as wording

from . import access, markup
from .events import NoticeCorrected, NoticePublished, NoticeRecalled
from .models import TITLE_AT_MOST, FeeMark, Notice

log = logging.getLogger(__name__)
OWNER = "notice"
FILES_AT_MOST = 20
AHEAD_AT_MOST = timedelta(days=366)
# Night for most families: the default of the quiet hours each of them can change.
NIGHT_FROM, NIGHT_UNTIL = time(21, 30), time(7, 0)

POLICIES: dict[str, ReminderPolicy | None] = {
    Notice.Reminders.NONE: None,
    Notice.Reminders.GENTLE: ReminderPolicy(first_after=None, before_deadline=timedelta(hours=6), at_most=1),
    Notice.Reminders.USUAL: ReminderPolicy(),
    Notice.Reminders.FIRM: ReminderPolicy(
        first_after=timedelta(hours=4), every=timedelta(hours=12), before_deadline=timedelta(hours=2), at_most=5
    ),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What the composer holds; anything may still be missing."""

    title: str = ""
    text: str = ""
    audience: groups.Audience = field(default_factory=groups.Audience)
    category: str = Category.NOTICE
    level: str = Level.READ
    household_rule: str = HouseholdRule.ANY
    priority: str = Priority.ROUTINE
    reminders: str = Notice.Reminders.USUAL
    deadline_at: datetime | None = None
    fee_item: str = ""
    fee_amount: Decimal | None = None
    files: Sequence[UUID] = ()


@transaction.atomic
def save_draft(
    *, actor: Person, draft: Draft, client_key: UUID, now: datetime, notice: Notice | None = None, edition: int = 0
) -> Notice:
    """Keep what was written, as a new draft or in place of `notice`; the same `client_key` again is the same draft.

    A scheduled notice stays scheduled. `edition` is the one the writer last saw.
    Raises NotAllowed, Stale when another window saved since, Invalid for values no notice can have.
    """
    require(access.can_compose(actor))
    if notice is None:
        known = Notice.objects.filter(school_id=actor.school_id, sender=actor, client_key=client_key)
        notice = known.select_for_update().first()
    else:
        notice = Notice.objects.select_for_update().get(pk=notice.pk)
    if notice is None:
        notice = Notice(school_id=actor.school_id, sender=actor, client_key=client_key, created_at=now, updated_at=now)
    else:
        require(access.can_edit(actor, notice))
        if not notice.is_editable:
            raise Stale(_("This notice was published already. Correct it on its own page."))
        if edition and edition != notice.edition:
            raise Stale(_("This draft was saved in another window since. Reload the page to go on from there."))
        notice.edition += 1
    _write(notice, draft)
    notice.updated_at = now
    if notice.state == Notice.State.SCHEDULED:
        _require_ready(notice, actor, notice.schedule_at or now)
    notice.failure = ""
    notice.save()
    files.attach(actor=actor, owner_kind=OWNER, owner_id=notice.pk, files=_few(draft.files))
    return notice


def _few(chosen: Sequence[UUID]) -> Sequence[UUID]:
    if len(chosen) > FILES_AT_MOST:
        raise Invalid(_("Attach at most %(most)d files.") % {"most": FILES_AT_MOST})
    return chosen


def _write(notice: Notice, draft: Draft) -> None:
    wrong: dict[str, str | Promise] = {}
    notice.title = markup.one_line(draft.title)
    if len(notice.title) > TITLE_AT_MOST:
        wrong["title"] = _("The title is longer than %(most)d characters.") % {"most": TITLE_AT_MOST}
    notice.text = markup.sanitise(draft.text)
    if len(notice.text) > markup.TEXT_AT_MOST:
        wrong["text"] = _("The text is too long. Attach it as a file instead.")
    for name, choices in (
        ("category", Category.values), ("level", Level.values), ("household_rule", HouseholdRule.values),
        ("priority", Priority.values), ("reminders", Notice.Reminders.values),
    ):  # fmt: skip
        if getattr(draft, name) not in choices:
            wrong[name] = _("Choose one of the list.")
        setattr(notice, name, getattr(draft, name))
    amount = draft.fee_amount
    if amount is not None and not (amount.is_finite() and 0 <= amount < 1_000_000):
        wrong["fee_amount"] = _("Enter an amount below one million.")
    if wrong:
        raise Invalid(fields=wrong)
    notice.audience = draft.audience.as_json()
    notice.audience_words = groups.describe(draft.audience, notice.school)[:200]
    notice.deadline_at = draft.deadline_at
    notice.fee_item = markup.one_line(draft.fee_item)[:60]
    notice.fee_amount = amount.quantize(Decimal("0.01")) if amount is not None else None


def _require_ready(notice: Notice, actor: Person, at: datetime) -> groups.Audience:
    """What must hold when `notice` goes out at `at`. Raises Invalid, NotAllowed."""
    audience = groups.Audience.parse(notice.audience)
    wrong: dict[str, str | Promise] = {}
    if not notice.title:
        wrong["title"] = _("Give the notice a title.")
    if not markup.plain(notice.text):
        wrong["text"] = _("Write the text of the notice.")
    if not audience:
        wrong["any"] = _("Choose who gets it.")
    if notice.deadline_at is not None and notice.deadline_at <= at:
        wrong["deadline_at"] = _("The deadline has passed by the time it is sent.")
    if notice.asks_money and not notice.fee_amount:
        wrong["fee_amount"] = _("Enter the amount.")
    if notice.asks_money and not notice.fee_item:
        wrong["fee_item"] = _("Say what the fee is for.")
    unknown = wording.unknown_in(notice.title + markup.plain(notice.text))
    if unknown:
        wrong.setdefault("text", _("There is no variable called %(name)s.") % {"name": unknown[0]})
    if wrong:
        raise Invalid(fields=wrong)
    require(groups.can_address(actor, audience, _day(notice, at)))
    return audience


def _day(notice: Notice, at: datetime) -> Any:
    return at.astimezone(ZoneInfo(notice.school.time_zone)).date()


def check(*, actor: Person, notice: Notice, at: datetime) -> groups.Preview:
    """Whether the notice could go out at `at`, and whom it would reach. Raises what publishing would."""
    audience = _require_ready(notice, actor, at)
    found = groups.preview(audience, notice.school, _day(notice, at))
    if not (found.pairs or found.staff or found.pupils):
        raise Invalid(fields={"any": _("This means nobody at the moment.")})
    return found


def is_night(at: datetime, zone: str) -> bool:
    """Whether most families do not want to be disturbed then."""
    clock = at.astimezone(ZoneInfo(zone)).time()
    return clock >= NIGHT_FROM or clock < NIGHT_UNTIL


@transaction.atomic
def schedule_notice(*, actor: Person, notice: Notice, at: datetime, now: datetime) -> Notice:
    """Publish by itself at `at`; a scheduled notice may be given another time. Raises NotAllowed, Invalid."""
    notice = Notice.objects.select_for_update().select_related("school", "sender").get(pk=notice.pk)
    require(access.can_edit(actor, notice))
    if not notice.is_editable:
        raise Stale(_("This notice was published already."))
    if at <= now or at > now + AHEAD_AT_MOST:
        wrong = _("Choose a time within the next year.")
        raise Invalid(wrong, fields={"schedule_at": wrong})
    _require_ready(notice, actor, at)
    notice.state, notice.schedule_at, notice.failure = Notice.State.SCHEDULED, at, ""
    notice.edition = F("edition") + 1
    notice.save(update_fields=["state", "schedule_at", "failure", "edition"])
    audit.record(actor=actor, action="notice.scheduled", target=notice, at=at.isoformat())
    notice.refresh_from_db()
    return notice


@transaction.atomic
def cancel_schedule(*, actor: Person, notice: Notice, now: datetime) -> Notice:
    """Make a scheduled notice a draft again; a draft stays one. Raises NotAllowed, Stale once it was published."""
    notice = Notice.objects.select_for_update().get(pk=notice.pk)
    require(access.can_edit(actor, notice))
    if not notice.is_editable:
        raise Stale(_("It was published before you cancelled. You can still recall it."))
    if notice.state == Notice.State.SCHEDULED:
        notice.state, notice.schedule_at, notice.updated_at = Notice.State.DRAFT, None, now
        notice.edition = F("edition") + 1
        notice.save(update_fields=["state", "schedule_at", "edition", "updated_at"])
        audit.record(actor=actor, action="notice.unscheduled", target=notice)
        notice.refresh_from_db()
    return notice


@transaction.atomic
def discard_draft(*, actor: Person, notice: Notice) -> None:
    """Delete what was never sent."""
    notice = Notice.objects.select_for_update().get(pk=notice.pk)
    require(access.can_edit(actor, notice))
    if not notice.is_editable:
        raise Stale(_("A published notice cannot be deleted. Recall it instead."))
    audit.record(actor=actor, action="notice.discarded", target=notice)
    files.detach_all(owner_kind=OWNER, owner_ids=[notice.pk])
    notice.delete()


@transaction.atomic
def publish_notice(*, actor: Person, notice: Notice, now: datetime) -> Notice:
    """Send the notice to everyone its audience means now. Publishing a published notice changes nothing.

    At most forty statements for any number of recipients. Raises NotAllowed, Invalid, Stale when it was recalled.
    """
    notice = _locked(notice.pk)
    require(access.can_edit(actor, notice))
    return _publish(notice, by=actor, author=actor, now=now)


def _locked(pk: int) -> Notice:
    # On SQLite select_for_update does nothing; the immediate transaction is the lock.
    return Notice.objects.select_for_update(of=("self",)).select_related("school", "sender__school").get(pk=pk)


def _publish(notice: Notice, *, by: Actor, author: Person, now: datetime) -> Notice:
    """`author` is whose reach counts."""
    if notice.state == Notice.State.PUBLISHED:
        return notice
    if notice.state == Notice.State.RECALLED:
        raise Stale(_("This notice was recalled. Use it again as a new one."))
    audience = _require_ready(notice, author, now)
    resolved = groups.resolve(audience, notice.school, _day(notice, now))
    if resolved.is_empty:
        raise Invalid(fields={"any": _("This means nobody at the moment.")})
    neutral = neutral_values(notice, now=now)
    title = wording.render(notice.title, neutral)
    plain = markup.plain(notice.text)
    attached = files.attached(OWNER, [notice.pk]).get(notice.pk, [])
    item = send_item(
        actor=by,
        school=notice.school,
        kind=OWNER,
        source_id=notice.pk,
        sender=notice.sender,
        title=title,
        lead=wording.render(markup.lead(notice.text), neutral),
        text=wording.render(plain, neutral),
        level=notice.level,
        household_rule=notice.household_rule,
        priority=notice.priority,
        category=notice.category,
        deadline_at=notice.deadline_at,
        policy=POLICIES[notice.reminders],
        extras=_extras(notice, len(attached)),
        recipients=_asked(resolved),
        now=now,
    )
    notice.state, notice.item, notice.published_at = Notice.State.PUBLISHED, item, now
    notice.schedule_at, notice.failure, notice.updated_at = None, "", now
    notice.edition += 1
    notice.save(update_fields=["state", "item", "published_at", "schedule_at", "failure", "updated_at", "edition"])
    _index(notice, plain)
    audit.record(actor=by, action="notice.published", target=notice, item=item.pk, children=len(resolved.students))
    announce(NoticePublished(school_id=notice.school_id, notice_id=notice.pk, item_id=item.pk))
    return notice


def _asked(resolved: groups.Resolved) -> Iterable[Asked]:
    for pair in resolved.pairs:
        yield Asked(pair.person_id, pair.student_id)
    for person_id in (*resolved.staff, *resolved.pupils):
        yield Asked(person_id)


def _extras(notice: Notice, attached: int) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if attached:
        extras["files"] = attached
    if notice.asks_money:
        extras["amount"] = str(notice.fee_amount)
    return extras


def _index(notice: Notice, plain: str) -> None:
    text = " ".join((notice.title, plain, notice.fee_item))
    search.index(kind=OWNER, object_id=notice.pk, school_id=notice.school_id, text=text)


def neutral_values(notice: Notice, *, now: datetime) -> dict[str, str]:
    """Values that fit every reader, for cards and titles."""
    at = (notice.published_at or notice.schedule_at or now).astimezone(ZoneInfo(notice.school.time_zone))
    return {
        "child": gettext("your child"),
        "class": gettext("your child's class"),
        "date": gettext("%(month)d/%(day)d") % {"month": at.month, "day": at.day},
        "teacher": notice.item.sender_label if notice.item is not None else label(notice.sender),
        "school": notice.school.signature,
    }


@transaction.atomic
def send_test(*, actor: Person, notice: Notice, now: datetime) -> Item:
    """Send what was written so far to its writer alone, marked as a test."""
    require(access.can_edit(actor, notice))
    wrong: dict[str, str | Promise] = {}
    if not notice.title:
        wrong["title"] = _("Give the notice a title.")
    if not markup.plain(notice.text):
        wrong["text"] = _("Write the text of the notice.")
    if wrong:
        raise Invalid(fields=wrong)
    neutral = neutral_values(notice, now=now)
    return send_item(
        actor=actor,
        school=notice.school,
        kind=OWNER,
        source_id=notice.pk,
        sender=actor,
        title=gettext("Test: %(title)s") % {"title": wording.render(notice.title, neutral)},
        lead=wording.render(markup.lead(notice.text), neutral),
        text=wording.render(markup.plain(notice.text), neutral),
        level=notice.level,
        priority=Priority.ROUTINE,
        category=notice.category,
        extras={**_extras(notice, 0), "test": True},
        recipients=[Asked(actor.pk)],
        now=now,
    )


@transaction.atomic
def correct_notice(
    *,
    actor: Person,
    notice: Notice,
    title: str,
    text: str,
    note: str,
    now: datetime,
    ask_again: bool = False,
    deadline_at: datetime | None = None,
) -> Notice:
    """Put a new version of a published text in place; the old ones stay readable.

    With `ask_again` everybody who had answered is asked once more.
    Raises NotAllowed, Invalid, Stale when it is not published.
    """
    notice = _locked(notice.pk)
    require(access.can_change(actor, notice))
    if notice.state != Notice.State.PUBLISHED or notice.item is None:
        raise Stale(_("Only a published notice can be corrected."))
    notice.title, notice.text = markup.one_line(title), markup.sanitise(text)
    plain = markup.plain(notice.text)
    wrong: dict[str, str | Promise] = {}
    if not notice.title or len(notice.title) > TITLE_AT_MOST:
        wrong["title"] = _("Give the notice a title of at most %(most)d characters.") % {"most": TITLE_AT_MOST}
    if not plain or len(notice.text) > markup.TEXT_AT_MOST:
        wrong["text"] = _("Write the text of the notice.")
    if not note.strip():
        wrong["note"] = _("Say in a few words what has changed; families see it.")
    unknown = wording.unknown_in(notice.title + plain)
    if unknown:
        wrong.setdefault("text", _("There is no variable called %(name)s.") % {"name": unknown[0]})
    if wrong:
        raise Invalid(fields=wrong)
    neutral = neutral_values(notice, now=now)
    correct_item(
        actor=actor,
        item=notice.item,
        title=wording.render(notice.title, neutral),
        lead=wording.render(markup.lead(notice.text), neutral),
        text=wording.render(plain, neutral),
        note=markup.one_line(note),
        ask_again=ask_again,
        deadline_at=deadline_at if deadline_at != notice.deadline_at else None,
        now=now,
    )
    if deadline_at is not None:
        notice.deadline_at = deadline_at
    notice.edition += 1
    notice.updated_at = now
    notice.save(update_fields=["title", "text", "deadline_at", "edition", "updated_at"])
    _index(notice, plain)
    audit.record(actor=actor, action="notice.corrected", target=notice, asked_again=ask_again)
    announce(NoticeCorrected(school_id=notice.school_id, notice_id=notice.pk))
    return notice


@transaction.atomic
def recall_notice(*, actor: Person, notice: Notice, reason: str, now: datetime) -> Notice:
    """Take a published notice back; it stays in every inbox as withdrawn. Recalling twice changes nothing."""
    notice = _locked(notice.pk)
    require(access.can_change(actor, notice))
    if notice.state == Notice.State.RECALLED:
        return notice
    if notice.state != Notice.State.PUBLISHED or notice.item is None:
        raise Stale(_("Only a published notice can be recalled."))
    recall_item(actor=actor, item=notice.item, reason=markup.one_line(reason), now=now)
    notice.state, notice.recalled_at, notice.updated_at = Notice.State.RECALLED, now, now
    notice.save(update_fields=["state", "recalled_at", "updated_at"])
    search.forget(kind=OWNER, object_ids=[notice.pk])
    audit.record(actor=actor, action="notice.recalled", target=notice)
    announce(NoticeRecalled(school_id=notice.school_id, notice_id=notice.pk))
    return notice


@transaction.atomic
def use_again(*, actor: Person, notice: Notice, now: datetime) -> Notice:
    """A new draft with the same words, audience and files; times are left to be chosen."""
    require(access.can_compose(actor))
    copy = Notice.objects.create(
        school_id=actor.school_id,
        sender=actor,
        client_key=new_id(),
        audience=notice.audience,
        audience_words=notice.audience_words,
        title=notice.title,
        text=notice.text,
        category=notice.category,
        level=notice.level,
        household_rule=notice.household_rule,
        priority=notice.priority,
        reminders=notice.reminders,
        fee_item=notice.fee_item,
        fee_amount=notice.fee_amount,
        created_at=now,
        updated_at=now,
    )
    files.attach_same(owner_kind=OWNER, from_id=notice.pk, to_id=copy.pk)
    audit.record(actor=actor, action="notice.used_again", target=copy, of=notice.pk)
    return copy


@transaction.atomic
def mark_fee(*, actor: Person, notice: Notice, students: Sequence[UUID], state: str, now: datetime) -> int:
    """Mark children as paid or exempt, or with an empty `state` as neither again. Returns children changed.

    Their families are not asked or reminded any more; unmarking asks those who had not answered themselves.
    """
    notice = _locked(notice.pk)
    require(access.can_mark_fees(actor, notice))
    if not notice.asks_money or notice.item is None or notice.state != Notice.State.PUBLISHED:
        raise Stale(_("Only a published fee notice has payments."))
    if state and state not in FeeMark.State.values:
        raise Invalid
    got = notice.item.recipients.filter(student__uuid__in=list(students))
    student_ids = sorted(set(got.values_list("student_id", flat=True)))
    marks = FeeMark.objects.filter(notice=notice, student_id__in=student_ids)
    if state:
        FeeMark.objects.bulk_create(
            [
                FeeMark(
                    school_id=notice.school_id,
                    notice=notice,
                    student_id=pk,
                    state=state,
                    marked_by=actor,
                    marked_at=now,
                )
                for pk in student_ids
            ],
            update_conflicts=True,
            unique_fields=["notice", "student"],
            update_fields=["state", "marked_by", "marked_at"],
        )
        settle_children(actor=actor, item=notice.item, student_ids=student_ids, now=now)
    else:
        student_ids = sorted(marks.values_list("student_id", flat=True))
        marks.delete()
        unsettle_children(actor=actor, item=notice.item, student_ids=student_ids, now=now)
    audit.record(actor=actor, action="notice.fee_marked", target=notice, state=state, students=student_ids)
    return len(student_ids)


SCHEDULER = SystemActor("scheduler")


def publish_due(*, now: datetime, at_most: int = 50) -> int:
    """Publish what was scheduled up to `now`; returns how many. Each in a transaction of its own.

    A process killed in the middle has published nothing of that notice, and it is still due; two processes meet at the
    row's lock, and the second finds it published.
    """
    due = Notice.objects.filter(state=Notice.State.SCHEDULED, schedule_at__lte=now).order_by("schedule_at", "pk")
    published = 0
    for pk in list(due.values_list("pk", flat=True)[:at_most]):
        try:
            published += _publish_one(pk, now)
        except Trouble as trouble:
            _could_not(pk, trouble, now)
    return published


@transaction.atomic
def _publish_one(pk: int, now: datetime) -> bool:
    notice = _locked(pk)
    if notice.state != Notice.State.SCHEDULED or notice.schedule_at is None or notice.schedule_at > now:
        return False  # changed, or published by another process, since it was listed
    _publish(notice, by=SCHEDULER, author=notice.sender, now=now)
    return True


@transaction.atomic
def _could_not(pk: int, trouble: Trouble, now: datetime) -> None:
    """Make it a draft again and tell its sender why: trying the same for ever helps nobody."""
    notice = _locked(pk)
    if notice.state != Notice.State.SCHEDULED:
        return
    reason = "; ".join(dict.fromkeys(str(text) for text in trouble.fields.values())) or str(trouble)
    notice.state, notice.schedule_at, notice.failure = Notice.State.DRAFT, None, reason[:300]
    notice.edition += 1
    notice.save(update_fields=["state", "schedule_at", "failure", "edition"])
    audit.record(actor=SCHEDULER, action="notice.not_published", target=notice, code=trouble.code)
    send_item(
        actor=SCHEDULER,
        school=notice.school,
        kind="notice_not_published",
        source_id=notice.pk,
        sender=None,
        title=gettext("Not published: %(title)s") % {"title": notice.title},
        lead=reason,
        link=f"/notices/{notice.uuid}/edit/",
        level=Level.READ,
        priority=Priority.IMPORTANT,
        recipients=[Asked(notice.sender_id)],
        now=now,
    )


__all__ = [
    "Draft", "cancel_schedule", "check", "correct_notice", "discard_draft", "is_night", "mark_fee",
    "neutral_values", "publish_due", "publish_notice", "recall_notice", "save_draft", "schedule_notice", "send_test",
    "use_again",
]  # fmt: skip
