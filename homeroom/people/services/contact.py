"""Changes to how an account is reached and opened again: its sign-in phone, its confirmed address, a lost password."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.access import SystemActor
from homeroom.kit.errors import Invalid, NotVisible, Stale
from homeroom.people import letters
from homeroom.people.contact import normal_phone, phone_key
from homeroom.people.models import Account, AccountMail, Person
from homeroom.people.sessions import end_sessions

from .accounts import check_new_password

Kind = AccountMail.Kind


class LinkOver(Stale):
    """The link of a mail was used, or has run out."""

    code = "link_over"
    default_message = _("This link cannot be used any more. Ask for a new one.")


def _require_password(account: Account, password: str) -> None:
    if not account.check_password(password):
        wrong = _("This is not your password.")
        raise Invalid(wrong, fields={"password": wrong})


@transaction.atomic
def change_phone(*, actor: Person, account: Account, phone: str, password: str) -> None:
    """Sign in with another number from now on, or with none. What the school has on record stays.

    The user name stays a way in. The confirmed address is told. Raises Invalid for the password or the number.
    """
    _require_password(account, password)
    number = normal_phone(phone)
    if phone.strip() and not number:
        wrong = _("This is not a phone number. Enter 11 digits, for example 138 0013 8000.")
        raise Invalid(wrong, fields={"phone": wrong})
    if phone_key(number) == account.phone_key:
        return
    account.phone, account.phone_key = number, phone_key(number)
    account.save(update_fields=["phone", "phone_key"])
    letters.tell(account, Kind.PHONE_CHANGED, [account.email])
    audit.record(actor=actor, action="account.phone_changed", target=account, school_id=actor.school_id)


@transaction.atomic
def ask_to_confirm(*, actor: Person, account: Account, address: str, password: str) -> None:
    """Send a link to a new address; nothing else goes there, and the old one stays, until it is opened.

    Raises Invalid for the password or the address.
    """
    _require_password(account, password)
    address = address.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        wrong = _("This is not an e-mail address.")
        raise Invalid(wrong, fields={"email": wrong}) from None
    # An earlier link leads to an address that is not wanted any more.
    AccountMail.objects.filter(account=account, kind=Kind.CONFIRM).update(due_at=None, token_key="")
    letters.queue(Kind.CONFIRM, account=account, address=address, lasts=letters.CONFIRM_FOR)
    audit.record(actor=actor, action="account.email_asked", target=account, school_id=actor.school_id)


@transaction.atomic
def confirm_address(*, actor: Person, account: Account, token: str, now: datetime) -> str:
    """Use the address of a link from now on, for the account and each of its persons; the old ones are told.

    Returns the address. Raises NotVisible for another account's link, LinkOver for a spent one.
    """
    row = letters.usable(Kind.CONFIRM, token, now=now)
    if row is None:
        raise LinkOver
    if row.account_id != account.pk:  # whoever got the mail by mistake must not become this account's way back in
        raise NotVisible
    if not AccountMail.objects.filter(pk=row.pk, used_at__isnull=True).update(used_at=now):
        raise LinkOver
    _set_address(actor, account, row.address)
    return str(row.address)


@transaction.atomic
def remove_address(*, actor: Person, account: Account, password: str) -> None:
    """Have no address any more; the old one is told. Raises Invalid for the password."""
    _require_password(account, password)
    AccountMail.objects.filter(account=account, kind=Kind.CONFIRM).update(due_at=None, token_key="")
    _set_address(actor, account, "")


def _set_address(actor: Person, account: Account, address: str) -> None:
    persons = list(account.persons.filter(archived_at__isnull=True))
    told = {account.email, *(person.email for person in persons)} - {address}
    account.email = address
    account.save(update_fields=["email"])
    for person in persons:
        person.email, person.email_failed_at = address, None
        person.save(update_fields=["email", "email_failed_at"])
    letters.tell(account, Kind.EMAIL_CHANGED, told)
    audit.record(actor=actor, action="account.email_changed", target=account, school_id=actor.school_id)


@transaction.atomic
def ask_for_link(*, typed: str) -> None:
    """Somebody forgot a password. The same is done whether an account exists or not; a job looks for it later."""
    letters.queue(Kind.FORGOTTEN, account=None, typed=typed[:200], lasts=letters.RESET_FOR)


@transaction.atomic
def set_forgotten_password(*, row: AccountMail, password: str, now: datetime) -> Account:
    """Set a new password by a link, and end every session of the account. It is not signed in by that.

    Whoever must wait after wrong passwords still waits, and a second factor is still asked for. Raises Invalid for a
    weak password, LinkOver for a spent link.
    """
    if not letters.is_usable(row, now=now) or row.account is None:
        raise LinkOver
    account = row.account
    check_new_password(account, password)
    if not AccountMail.objects.filter(pk=row.pk, used_at__isnull=True).update(used_at=now):
        raise LinkOver
    letters.spend_reset_links(account)
    account.set_password(password)
    account.save(update_fields=["password"])
    end_sessions(account)
    letters.tell(account, Kind.PASSWORD_CHANGED, [account.email])
    first = account.persons.order_by("id").first()
    audit.record(
        actor=SystemActor("mail_link"),
        action="account.password_reset",
        target=account,
        school_id=first.school_id if first else None,
    )
    return account
