"""Invitations: one-time ways in, as link, QR and a short code on a slip of paper.

The token and the code are told once, to whoever printed them; the database keeps their fingerprints. Printing again
makes new ones and leaves the old slips good, for they may be in a child's bag already; the first that is used ends
all others of that person.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.eventlog.public import announce
from homeroom.kit.access import Actor, SystemActor, require
from homeroom.kit.encryption import fingerprint
from homeroom.kit.errors import Invalid, Stale
from homeroom.people import access
from homeroom.people.contact import normal_phone, phone_key
from homeroom.people.events import PersonJoined
from homeroom.people.models import Account, Invitation, Person, Role
from homeroom.people.passwords import FAMILY_LENGTH, STAFF_LENGTH
from homeroom.people.sessions import end_sessions

from .accounts import check_new_password

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks like something else on paper
CODE_LENGTH = 8
VALID_FOR = timedelta(days=30)
WRONG_ANSWERS = 5


@dataclass(frozen=True, slots=True)
class Issued:
    """One invitation as it is printed. `code` is written in two groups of four."""

    person: Person
    url: str
    code: str
    expires_at: datetime


class InvitationOver(Stale):
    """The invitation was used, revoked or has run out in the meantime."""

    code = "invitation_over"
    default_message = _(
        "This invitation cannot be used any more. Ask the class teacher or the school office for a new one."
    )


@transaction.atomic
def create_invitations(
    *, actor: Actor, person_ids: Iterable[int], now: datetime, valid_for: timedelta = VALID_FOR
) -> list[Issued]:
    """A new invitation for each person, in the order given.

    For somebody who has an account already it is a way back in: a new password for the same person.
    Raises NotAllowed if `actor` may not invite all of them; then nobody is invited.
    """
    wanted = list(dict.fromkeys(person_ids))
    persons = {
        person.pk: person
        for person in Person.objects.select_related("school").filter(pk__in=wanted, archived_at__isnull=True)
    }
    require(access.can_invite(actor, list(persons.values())))

    issued, rows = [], []
    expires_at = now + valid_for
    for person_id in wanted:
        if person_id not in persons:
            continue
        person = persons[person_id]
        token = secrets.token_urlsafe(18)
        code = "".join(secrets.choice(ALPHABET) for _position in range(CODE_LENGTH))
        rows.append(
            Invitation(
                school_id=person.school_id,
                person=person,
                token_key=fingerprint(token, "invitation"),
                code_key=fingerprint(code, "invitation-code"),
                expires_at=expires_at,
            )
        )
        issued.append(Issued(person, f"{settings.PUBLIC_URL}/i/{token}/", f"{code[:4]}-{code[4:]}", expires_at))
    Invitation.objects.bulk_create(rows, batch_size=500)
    audit.record_many(
        actor=actor,
        action="invitation.created",
        targets=[(row.person, {"expires_at": str(expires_at)}) for row in rows],
    )
    return issued


@transaction.atomic
def revoke_invitations(*, actor: Person, person: Person, now: datetime) -> int:
    """Make every open invitation of `person` useless; returns how many."""
    require(access.can_invite(actor, [person]))
    revoked = _open(now).filter(person=person).update(revoked_at=now)
    if revoked:
        audit.record(actor=actor, action="invitation.revoked", target=person, invitations=revoked)
    return revoked


@transaction.atomic
def answer_invitation(*, invitation: Invitation, digits: str, now: datetime) -> bool:
    """Whether `digits` are the last four of the phone on record; a wrong answer is counted, the fifth ends it.

    It returns and does not raise, because the count must be kept.
    """
    live = _open(now).select_for_update().filter(pk=invitation.pk).first()
    if live is None:
        return False
    phone = normal_phone(live.person.phone)
    typed = "".join(letter for letter in digits if letter.isdigit())
    if len(typed) == 4 and secrets.compare_digest(phone[-4:], typed):
        return True
    Invitation.objects.filter(pk=live.pk).update(wrong_answers=F("wrong_answers") + 1)
    if live.wrong_answers + 1 >= WRONG_ANSWERS:
        Invitation.objects.filter(pk=live.pk).update(revoked_at=now)
        audit.record(actor=SystemActor("invitations"), action="invitation.guessed", target=live.person)
    return False


@transaction.atomic
def accept_invitation(
    *, invitation: Invitation, password: str, phone: str, username: str, now: datetime
) -> tuple[Account, Person]:
    """Join by a new account, or set a new password for the account that is this person's alone.

    Whoever holds a slip gets this person, never another: where the account acts for somebody else too, the person
    moves to an account of its own. A phone on record is kept; `phone` counts only when there is none.
    Raises Invalid for what was typed, InvitationOver when the invitation is spent.
    """
    person = invitation.person
    staff = person.is_staff_member
    number = normal_phone(person.phone) or normal_phone(phone)
    if phone.strip() and not number:
        wrong = _("This is not a phone number. Enter 11 digits, for example 138 0013 8000.")
        raise Invalid(wrong, fields={"phone": wrong})
    username = username.strip().lower()
    own = person.account if person.account is not None and person.account.persons.count() == 1 else None
    if own is None:
        _check_username(username, needed=not number)
    check_new_password(own, password, least=STAFF_LENGTH if staff else FAMILY_LENGTH, phone=number)

    _spend(invitation, now)
    if own is None:
        own = Account(username=username or _free_username(), phone=number, phone_key=phone_key(number))
        own.runs_installation = (
            person.has_role(Role.Kind.IT_ADMINISTRATOR) and not Account.objects.filter(runs_installation=True).exists()
        )
        own.set_password(password)
        own.save()
        person.account = own
    else:
        own.set_password(password)
        own.save(update_fields=["password"])
        end_sessions(own)
    if not person.phone and number:
        person.phone, person.phone_key = number, phone_key(number)
    person.save(update_fields=["account", "phone", "phone_key"])
    audit.record(actor=person, action="invitation.used", target=person, account_id=own.pk)
    announce(PersonJoined(school_id=person.school_id, person_id=person.pk))
    return own, person


@transaction.atomic
def join_with_account(*, invitation: Invitation, account: Account, now: datetime) -> Person:
    """Add the invited person to an account that is signed in: the same adult at another school."""
    person = invitation.person
    _spend(invitation, now)
    person.account = account
    if not person.phone and account.phone:
        person.phone, person.phone_key = account.phone, account.phone_key
    person.save(update_fields=["account", "phone", "phone_key"])
    audit.record(actor=person, action="invitation.used", target=person, account_id=account.pk)
    announce(PersonJoined(school_id=person.school_id, person_id=person.pk))
    return person


def _open(now: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now)


def _spend(invitation: Invitation, now: datetime) -> None:
    if not _open(now).filter(pk=invitation.pk).update(used_at=now):
        raise InvitationOver
    _open(now).filter(person_id=invitation.person_id).update(revoked_at=now)


def _check_username(username: str, *, needed: bool) -> None:
    if not username:
        if needed:
            missing = _("Choose a user name: there is no phone number to sign in with.")
            raise Invalid(missing, fields={"username": missing})
        return
    if normal_phone(username) or len(username) < 3 or not all(c.isalnum() or c in "._-" for c in username):
        wrong = _("Use 3 or more letters or digits, but not a phone number.")
        raise Invalid(wrong, fields={"username": wrong})
    if Account.objects.filter(username=username).exists():
        taken = _("Somebody else has this user name. Choose another.")
        raise Invalid(taken, fields={"username": taken})


def _free_username() -> str:
    while True:
        name = "h" + "".join(secrets.choice("23456789") for _position in range(8))
        if not Account.objects.filter(username=name).exists():
            return name
