"""Mail about an account itself: links that confirm an address or lead to a new password, and word of what changed.

Each is a row, taken by a conditional update and sent by a job. The token of a link is made in the moment of sending,
so no table and no queue ever holds one; a mail sent twice by a killed process carries a new link, and the newest holds.
Nothing of a pupil is in any of them.
"""

from __future__ import annotations

import logging
import secrets
import smtplib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from homeroom.kit import jobs, mail
from homeroom.kit.encryption import fingerprint

from .contact import normal_phone, phone_key
from .models import Account, AccountMail

log = logging.getLogger(__name__)
Kind = AccountMail.Kind
JOB = "people.send_account_mail"
RESET_FOR = timedelta(minutes=30)
CONFIRM_FOR = timedelta(days=1)
TOLD_FOR = timedelta(days=3)
LEASE = timedelta(minutes=2)
KEPT = timedelta(days=30)
PAUSE = timedelta(minutes=2)


def is_on() -> bool:
    """Whether the installation can send mail."""
    return bool(settings.EMAIL_URL)


def queue(kind: str, *, account: Account | None, address: str = "", typed: str = "", lasts: timedelta) -> AccountMail:
    """Write down a mail to be sent as soon as this is committed. Called inside the transaction of the change."""
    now = timezone.now()
    row = AccountMail.objects.create(
        account=account,
        kind=kind,
        address=address,
        typed=typed,
        language=(account.language if account else "") or translation.get_language() or "",
        created_at=now,
        due_at=now,
        expires_at=now + lasts,
    )
    jobs.wake(JOB)
    return row


def tell(account: Account, kind: str, addresses: Iterable[str]) -> None:
    """Tell these addresses that something of the account was changed; nothing without mail or address."""
    for address in sorted(set(addresses) - {""}):
        if is_on():
            queue(kind, account=account, address=address, lasts=TOLD_FOR)


def spend_reset_links(account: Account) -> None:
    """Make every link to a new password useless: there is a new password."""
    unused = AccountMail.objects.filter(account=account, kind=Kind.RESET, used_at__isnull=True)
    unused.update(used_at=timezone.now(), due_at=None)


def remove_old(*, now: datetime) -> int:
    """Forget mails whose links ran out a month ago."""
    with transaction.atomic():
        return AccountMail.objects.filter(expires_at__lt=now - KEPT).delete()[0]


def send_due(*, now: Callable[[], datetime]) -> int:
    """Send what is due; returns mails handed over."""
    sent = 0
    if not is_on():
        return sent
    while not jobs.stopping():
        batch = _claim(now())
        if not batch:
            break
        for row in batch:
            if row.kind == Kind.FORGOTTEN:
                _find_accounts(row)
        sent += _send([row for row in batch if row.kind != Kind.FORGOTTEN], now)
    return sent


def _claim(now: datetime) -> list[AccountMail]:
    wanted = AccountMail.objects.filter(due_at__lte=now).order_by("due_at", "pk").values_list("pk", flat=True)[:20]
    rows = []
    for pk in list(wanted):
        with transaction.atomic():
            taken = AccountMail.objects.filter(pk=pk, due_at__lte=now).update(
                due_at=now + LEASE, attempts=F("attempts") + 1
            )
        if taken:
            rows.append(AccountMail.objects.select_related("account").get(pk=pk))
    over = [row.pk for row in rows if row.expires_at <= now]
    _close(over)
    return [row for row in rows if row.pk not in over]


def _close(pks: Sequence[int], **values: object) -> None:
    with transaction.atomic():
        AccountMail.objects.filter(pk__in=pks).update(due_at=None, **values)


@transaction.atomic
def _find_accounts(row: AccountMail) -> None:
    """Queue a link to each account meant that has a confirmed address; whoever asked is never told whether one has."""
    for account in accounts_named(row.typed):
        if account.email:
            queue(Kind.RESET, account=account, address=account.email, lasts=row.expires_at - timezone.now())
    _close([row.pk])


def accounts_named(typed: str) -> list[Account]:
    """The active accounts with this phone number, confirmed address or user name."""
    named = Q(username=typed.strip().lower())
    if normal_phone(typed):
        named |= Q(phone_key=phone_key(typed))
    if "@" in typed:
        named |= Q(email=typed.strip().lower())
    return list(Account.objects.filter(named, is_active=True).order_by("id")[:10])


def _send(rows: Sequence[AccountMail], now: Callable[[], datetime]) -> int:
    sent = 0
    session: smtplib.SMTP | None = None
    for row in rows:
        token = secrets.token_urlsafe(24) if row.kind in {Kind.RESET, Kind.CONFIRM} else ""
        with transaction.atomic():
            AccountMail.objects.filter(pk=row.pk).update(token_key=token_key(token))
        try:
            session = session or mail.Server.of(settings.EMAIL_URL).connect()
            session.send_message(_composed(row, token), to_addrs=[row.address])
        except (smtplib.SMTPRecipientsRefused, ValueError, UnicodeError, smtplib.SMTPNotSupportedError) as refused:
            codes = [code for code, _text in getattr(refused, "recipients", {}).values()]
            if not codes or min(codes) >= 500:
                _close([row.pk])  # the address is no good
        except (OSError, smtplib.SMTPException) as trouble:
            log.warning("mail about an account waits: %s", type(trouble).__name__)
            with transaction.atomic():
                AccountMail.objects.filter(pk=row.pk).update(due_at=now() + PAUSE)
            if session is not None:
                session.close()
            session = None
        else:
            _close([row.pk], sent_at=now())
            sent += 1
    if session is not None:
        try:
            session.quit()
        except (OSError, smtplib.SMTPException):
            session.close()
    return sent


def token_key(token: str) -> str:
    return fingerprint(token, "account-mail")


def usable(kind: str, token: str, *, now: datetime) -> AccountMail | None:
    """The mail behind a link that can still be used."""
    key = token_key(token)
    if not key:
        return None
    row = AccountMail.objects.select_related("account").filter(kind=kind, token_key=key).first()
    return row if row is not None and is_usable(row, now=now) else None


def is_usable(row: AccountMail, *, now: datetime) -> bool:
    return (
        row.used_at is None
        and row.expires_at > now
        and row.account is not None
        and row.account.is_active
        # A link to an address that is the account's no longer opens nothing.
        and (row.kind != Kind.RESET or row.account.email == row.address)
    )


def _composed(row: AccountMail, token: str) -> EmailMessage:
    with translation.override(row.language or settings.LANGUAGE_CODE):
        site = str(settings.SITE_NAME)
        subject, lines, link, label = _words(row, token)
        if not link:
            lines.append(_("If this was not you, sign in and change your password, or ask the school office."))
        return mail.compose(
            to=row.address,
            subject=f"[{site}] {subject}",
            lines=lines,
            link=link,
            link_label=label,
            sign=site,
            key=f"account.{row.pk}.{row.attempts}",
        )


def _words(row: AccountMail, token: str) -> tuple[str, list[str], str, str]:
    """Subject, lines, link and its label."""
    match row.kind:
        case Kind.RESET:
            return (
                _("Choose a new password"),
                [
                    _("Somebody, probably you, forgot the password of the account “%(name)s”.")
                    % {"name": row.account.username if row.account else ""},
                    _("The link works once, within half an hour. If it was not you, nothing needs to be done."),
                ],
                f"{settings.PUBLIC_URL}/sign-in/new-password/{token}/",
                _("Choose a new password"),
            )
        case Kind.CONFIRM:
            return (
                _("Confirm your e-mail address"),
                [
                    _("This address was given for an account. Open the link on a device where you are signed in."),
                    _("The link works for a day. If it was not you, nothing needs to be done: nothing is sent here."),
                ],
                f"{settings.PUBLIC_URL}/me/contact/{token}/",
                _("Confirm this address"),
            )
        case Kind.EMAIL_CHANGED:
            return (
                _("Your e-mail address was changed"),
                [_("Mail about your account no longer comes to this address.")],
                "",
                "",
            )
        case Kind.PHONE_CHANGED:
            return (
                _("Your sign-in phone number was changed"),
                [_("The phone number with which you sign in is another one now.")],
                "",
                "",
            )
    return (
        _("Your password was changed"),
        [_("The password of your account was changed, and all other devices were signed out.")],
        "",
        "",
    )
