"""Changes to an account: its password, its devices, its second factor."""

from __future__ import annotations

from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from homeroom.audit import public as audit
from homeroom.kit.access import require
from homeroom.kit.errors import Invalid, NotVisible
from homeroom.people import access, letters
from homeroom.people.models import Account, AccountMail, Person, Session
from homeroom.people.passwords import complaints, least_length
from homeroom.people.sessions import end_sessions


def check_new_password(account: Account | None, password: str, *, least: int | None = None, phone: str = "") -> None:
    """Raise Invalid, with what to mend beside the field `password`."""
    found = complaints(
        password,
        least=least if least is not None else least_length(account),
        phone=phone or (account.phone if account else ""),
        username=account.username if account else "",
    )
    if found:
        raise Invalid(" ".join(found), fields={"password": " ".join(found)})


@transaction.atomic
def change_password(*, actor: Person, account: Account, old: str, new: str, session_key: str) -> None:
    """Set a new password and end every other session of the account.

    Raises Invalid, with the field it belongs to, when the old password is wrong or the new one too weak.
    """
    if not account.check_password(old):
        wrong = _("This is not your present password.")
        raise Invalid(wrong, fields={"old": wrong})
    check_new_password(account, new)
    account.set_password(new)
    account.save(update_fields=["password"])
    end_sessions(account, but=session_key)
    letters.spend_reset_links(account)
    letters.tell(account, AccountMail.Kind.PASSWORD_CHANGED, [account.email])
    audit.record(actor=actor, action="account.password_changed", target=account, school_id=actor.school_id)


@transaction.atomic
def leave_device(*, actor: Person, account: Account, device: UUID) -> bool:
    """End one session of the account at once, sockets included. Raises NotVisible for another account's device."""
    session = Session.objects.filter(account=account, uuid=device).first()
    if session is None:
        raise NotVisible
    end_sessions(account, only=session.session_key)
    audit.record(actor=actor, action="account.device_left", target=account, school_id=actor.school_id)
    return True


@transaction.atomic
def leave_other_devices(*, actor: Person, account: Account, session_key: str) -> int:
    """End every session of the account but the present one; returns how many."""
    ended = end_sessions(account, but=session_key)
    if ended:
        audit.record(
            actor=actor, action="account.devices_left", target=account, school_id=actor.school_id, sessions=ended
        )
    return ended


@transaction.atomic
def reset_second_factor(*, actor: Person, person: Person) -> None:
    """Remove the second factor of somebody who lost it, and end their sessions: they set up a new one at sign-in."""
    require(access.can_reset_second_factor(actor, person))
    account = Account.objects.get(persons=person)
    Authenticator.objects.filter(user=account).delete()
    end_sessions(account)
    audit.record(actor=actor, action="account.second_factor_reset", target=person)


@transaction.atomic
def remember_preferences(*, account: Account, language: str, elder: bool) -> None:
    """Keep what the person chose, so that the next device starts with it. A preference is no act to be audited."""
    Account.objects.filter(pk=account.pk).exclude(language=language, elder_mode=elder).update(
        language=language, elder_mode=elder
    )
