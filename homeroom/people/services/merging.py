"""Two entries of one human become one: the roster's and one made by hand, or two with different numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.eventlog.public import announce
from homeroom.kit.access import Decision, require
from homeroom.kit.errors import Invalid
from homeroom.people import access, following
from homeroom.people.events import DelegationChanged, GuardianshipChanged, PersonsMerged, RoleChanged
from homeroom.people.models import Account, Delegation, Enrolment, Guardianship, Invitation, Person, Role, Session
from homeroom.people.sessions import end_sessions
from homeroom.school.public import roster_moved

# What an entry knows of a human: taken over where the entry that stays knows nothing.
WAYS = {
    "phone": _("Phone number"), "email": _("E-mail address"), "address": _("Address"), "id_number": _("ID number"),
    "staff_number": _("Staff number"), "sex": _("Sex"), "born_on": _("Date of birth"),
}  # fmt: skip
WITH_KEY = {"phone": "phone_key", "id_number": "id_number_key"}


@dataclass(frozen=True)
class MergePreview:
    """What will happen when `other` becomes `kept`; impossible while `stops` is not empty."""

    kept: Person
    other: Person
    stops: list[str | Promise] = field(default_factory=list)
    must_choose_account: bool = False
    account: Account | None = None  # by which they sign in afterwards, if that need not be chosen
    closed_account: Account | None = None  # nobody signs in with it any more, if that need not be chosen
    children: list[Guardianship] = field(default_factory=list)  # edges that come over
    joined: list[tuple[Guardianship, Guardianship]] = field(default_factory=list)  # both have one to the same child
    roles: list[Role] = field(default_factory=list)
    taken: list[str | Promise] = field(default_factory=list)  # what the entry that stays did not know
    dropped: list[str | Promise] = field(default_factory=list)  # what differs: that of the entry that stays holds
    rows: dict[str, int] = field(default_factory=dict)  # by module, how much follows


def preview_merge(*, actor: Person, kept: Person, other: Person) -> MergePreview:
    """What `merge_persons` would do. Raises NotAllowed as it does."""
    require(access.can_merge(actor, kept, other))
    edges = list(Guardianship.objects.filter(guardian=other).select_related("student"))
    same = {edge.student_id: edge for edge in Guardianship.objects.filter(guardian=kept).select_related("student")}
    account, closed, must_choose = _account_after(kept, other)
    settles = _may_settle(actor, kept, other)
    differing = [name for name in WAYS if _known(kept, name) and _known(other, name) and not _alike(kept, other, name)]
    return MergePreview(
        kept=kept,
        other=other,
        stops=[*_stops(kept, other), *([] if settles else [settles.reason])],
        must_choose_account=must_choose,
        account=account,
        closed_account=closed,
        children=[edge for edge in edges if edge.student_id not in same],
        joined=[(same[edge.student_id], edge) for edge in edges if edge.student_id in same],
        roles=list(Role.objects.filter(person=other).select_related("school_class", "grade", "subject")),
        taken=[WAYS[name] for name in WAYS if _known(other, name) and not _known(kept, name)],
        dropped=[WAYS[name] for name in differing],
        rows=dict(following.counts(other)),
    )


@transaction.atomic
def merge_persons(
    *, actor: Person, kept: Person, other: Person, now: datetime, account: UUID | None = None
) -> dict[str, int]:
    """Let `other` become `kept`: children, duties, account, receipts, conversations, everything that names it.

    Where both answer for one child, the rights of the two are put together. What differs of phone, address and the like
    stays as `kept` has it. `other` is archived, for history names it. When both sign in, `account` says by which
    account from now on; the other one is closed unless it acts for somebody else too. The choice is an IT
    administrator's or leader's.

    Returns the rows moved, by table. Raises NotAllowed; Invalid while something stops it or no account was chosen.
    """
    locked = {person.pk: person for person in Person.objects.select_for_update().filter(pk__in=[kept.pk, other.pk])}
    kept, other = locked[kept.pk], locked[other.pk]
    plan = preview_merge(actor=actor, kept=kept, other=other)
    require(_may_settle(actor, kept, other))
    if plan.stops:
        raise Invalid(plan.stops[0])
    stays, closed = _chosen_account(plan, account)
    _end_sessions_of(other)
    slips = Invitation.objects.filter(person__in=[kept, other], used_at__isnull=True, revoked_at__isnull=True)
    slips.update(revoked_at=now)  # those of `kept` too: each would open what both have
    lent = list(Delegation.objects.filter(delegate=other).values_list("guardianship__student_id", flat=True))
    moved = following.follow(kept, other)
    _take_over(kept, other)
    if closed is not None and closed != stays:
        _end_sessions_of(kept)
    other.account, other.archived_at = None, now  # before the other: a staff number is there once only
    other.save(update_fields=["account", "archived_at"])
    kept.account = stays
    kept.save()
    if closed is not None and closed != stays and not closed.persons.exists():
        end_sessions(closed)
        Account.objects.filter(pk=closed.pk).update(is_active=False)
    roster_moved(kept.school_id)
    audit.record(
        actor=actor, action="person.merged", target=kept, other_id=other.pk, rows=dict(moved),
        account_id=stays.pk if stays else None, closed_account_id=closed.pk if closed and closed != stays else None,
        joined=[edge.student_id for edge, _other in plan.joined], dropped=len(plan.dropped),
    )  # fmt: skip
    _announce(kept, other, plan, lent)
    return dict(moved)


def _known(person: Person, name: str) -> bool:
    return bool(getattr(person, name))


def _alike(kept: Person, other: Person, name: str) -> bool:
    name = WITH_KEY.get(name, name)
    return bool(getattr(kept, name) == getattr(other, name))


def _in_use(account: Account) -> bool:
    return account.is_active and (account.last_login is not None or account.sessions.exists())


def _account_after(kept: Person, other: Person) -> tuple[Account | None, Account | None, bool]:
    """The account that stays, the one that is closed, and whether somebody has to choose."""
    mine, theirs = kept.account, other.account
    if mine is None or theirs is None or mine == theirs:
        return mine or theirs, None, False
    if _in_use(mine) and _in_use(theirs):
        return None, None, True
    return (theirs, mine, False) if _in_use(theirs) else (mine, theirs, False)


def _may_settle(actor: Person, kept: Person, other: Person) -> Decision:
    stays, closed, must_choose = _account_after(kept, other)
    return access.can_settle_accounts(actor, kept.school_id, stays=stays, closed=closed, must_choose=must_choose)


def _chosen_account(plan: MergePreview, wanted: UUID | None) -> tuple[Account | None, Account | None]:
    if not plan.must_choose_account:
        return plan.account, plan.closed_account
    mine, theirs = plan.kept.account, plan.other.account
    if mine is not None and theirs is not None and wanted in {mine.uuid, theirs.uuid}:
        return (mine, theirs) if wanted == mine.uuid else (theirs, mine)
    choose = _("Both sign in. Choose the account that stays.")
    raise Invalid(choose, fields={"account": choose})


def _stops(kept: Person, other: Person) -> list[str | Promise]:
    """Why these two cannot be put together as they are."""
    found: list[str | Promise] = []
    if kept.pk == other.pk or kept.school_id != other.school_id or kept.archived_at or other.archived_at:
        return [_("Choose another entry of the same school.")]
    pupils = Q(student__in=[kept, other])
    if Enrolment.objects.filter(pupils).exists() or kept.student_number or other.student_number:
        found.append(_("One of them is a pupil. Pupils are put right by the import of the roster."))
    if Guardianship.objects.filter(guardian__in=[kept, other]).filter(pupils).exists():
        found.append(_("One answers for the other: they cannot be the same person."))
    if any(one.account is not None and one.account.runs_installation for one in (kept, other)):
        found.append(_("One of them runs this installation. Its account cannot be put together with another."))
    if kept.id_number_key and other.id_number_key and kept.id_number_key != other.id_number_key:
        found.append(_("They have different ID numbers: they are two people, or one number must be corrected first."))
    mine = {edge.student_id: edge for edge in Guardianship.objects.filter(guardian=kept)}
    for edge in Guardianship.objects.filter(guardian=other).select_related("student"):
        twin = mine.get(edge.student_id)
        if twin is not None and twin.restriction != edge.restriction:
            text = _("Their restrictions differ for %(child)s. Decide on the child's page which one holds.")
            found.append(text % {"child": edge.student.name})
    if tables := following.without_rule(kept, other):
        text = _("Both have entries that cannot be put together: %(tables)s.")
        found.append(text % {"tables": ", ".join(tables)})
    return found


def _take_over(kept: Person, other: Person) -> None:
    for name in WAYS:
        if _known(other, name) and not _known(kept, name):
            setattr(kept, name, getattr(other, name))
            if name in WITH_KEY:
                setattr(kept, WITH_KEY[name], getattr(other, WITH_KEY[name]))
            if name == "email":
                kept.email_failed_at = other.email_failed_at


def _end_sessions_of(person: Person) -> None:
    """Whoever acts as this entry signs in again; the account's other persons are not disturbed."""
    for session in Session.objects.filter(person=person).select_related("account"):
        if session.account is not None:
            end_sessions(session.account, only=session.session_key)


def _announce(kept: Person, other: Person, plan: MergePreview, lent: list[int]) -> None:
    school = kept.school_id
    announce(PersonsMerged(school_id=school, person_id=kept.pk, other_id=other.pk))
    for edge in [*plan.children, *(other_edge for _edge, other_edge in plan.joined)]:
        for person in (kept, other):
            announce(GuardianshipChanged(school_id=school, person_id=person.pk, student_id=edge.student_id))
    for student_id in lent:
        announce(DelegationChanged(school_id=school, person_id=kept.pk, student_id=student_id))
    for role in plan.roles:
        announce(RoleChanged(school_id=school, person_id=kept.pk, role_id=role.pk))


RIGHTS = ("sees_records", "may_confirm", "may_sign", "may_pick_up")
IN_FORCE, TO_COME, OVER = range(3)


def join_edges(kept: Guardianship, other: Guardianship) -> None:
    """One edge of two to the same child: the rights of either, the longer time, both notes; restrictions are equal.

    Where one is in force and the other is not, only the first gives rights and dates: what is over, or has not begun,
    must not come to life by this. So too where one is to come and the other is over.
    """
    today = kept.guardian.today
    mine, theirs = _when(kept, today), _when(other, today)
    if mine == theirs:
        for name in RIGHTS:
            setattr(kept, name, getattr(kept, name) or getattr(other, name))
        kept.contact_order = min(kept.contact_order, other.contact_order)
        kept.starts_on = min(kept.starts_on, other.starts_on) if kept.starts_on and other.starts_on else None
        kept.ends_on = max(kept.ends_on, other.ends_on) if kept.ends_on and other.ends_on else None
    else:
        (kept if mine > theirs else other).delegations.filter(revoked_at=None).update(revoked_at=timezone.now())
    if theirs < mine:
        for name in (*RIGHTS, "contact_order", "starts_on", "ends_on"):
            setattr(kept, name, getattr(other, name))
    if kept.relation == Guardianship.Relation.OTHER:
        kept.relation = other.relation
    notes = dict.fromkeys(note for note in (kept.custody_note, other.custody_note) if note)
    kept.custody_note = "\n".join(notes)
    other.delegations.update(guardianship=kept)
    following.edges_join(kept, other)
    other.delete()
    kept.save()


def _when(edge: Guardianship, today: date) -> int:
    if edge.ends_on is not None and edge.ends_on < today:
        return OVER
    return TO_COME if edge.starts_on is not None and edge.starts_on > today else IN_FORCE


following.both_have("people.Guardianship", join_edges)
