"""SMTP: one connection for a batch, temporary troubles told apart from permanent ones.

The envelope sender is `bounces+<token>@host`: a bounce that comes back names its person in the address it is sent to,
whatever its text says. The token is signed, so nobody can strike out another's address by forging a bounce.
"""

# ruff: noqa: S610  (the text is constant; every value is a parameter)
from __future__ import annotations

import logging
import re
import smtplib
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import parseaddr
from functools import lru_cache

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from homeroom.delivery.channels import Message, Outcome, Result
from homeroom.delivery.sql import ids
from homeroom.kit import mail
from homeroom.kit.encryption import fingerprint
from homeroom.kit.mail import Server
from homeroom.people.models import Person

log = logging.getLogger(__name__)
_TEMPORARY = range(400, 500)


@lru_cache(maxsize=4)
def _server(url: str) -> Server:
    return Server.of(url)


class Email:
    name = "email"
    label = _("Email")
    leaves_platform = True

    def is_on(self) -> bool:
        return bool(settings.EMAIL_URL)

    def reachable(self, person_ids: Sequence[int]) -> frozenset[int]:
        inside, parameters = ids(person_ids)
        rows = Person.objects.filter(archived_at__isnull=True, email_failed_at__isnull=True).extra(
            where=[f"people_person.id IN {inside}", "people_person.email <> ''"], params=parameters
        )
        return frozenset(rows.values_list("pk", flat=True))

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """Send each over one connection, opened again when it breaks off."""
        addresses = dict(
            Person.objects.filter(
                pk__in={message.person_id for message in messages}, email_failed_at__isnull=True
            ).values_list("pk", "email")
        )
        outcomes: list[Outcome] = []
        session: smtplib.SMTP | None = None
        down: Outcome | None = None
        for message in messages:
            address = addresses.get(message.person_id, "")
            if not address:
                outcomes.append(Outcome(Result.UNREACHABLE, "no address"))
                continue
            if down is not None:  # the server is not there: the rest waits too, without a timeout each
                outcomes.append(down)
                continue
            if session is None:
                session, down = _open()
                if session is None:
                    outcomes.append(down or Outcome(Result.LATER, "down"))
                    continue
            outcome, alive = _hand_over(session, message, address)
            if outcome.result == Result.UNREACHABLE:
                mark_unreachable(message.person_id)
            if not alive:
                session.close()
                session = None
            outcomes.append(outcome)
        if session is not None:
            _close(session)
        return outcomes


def _open() -> tuple[smtplib.SMTP | None, Outcome | None]:
    try:
        return _server(settings.EMAIL_URL).connect(), None
    except smtplib.SMTPResponseException as refused:
        log.warning("mail server refused the session: %s", refused.smtp_code)
        return None, Outcome(Result.LATER, f"session {refused.smtp_code}")
    except (OSError, smtplib.SMTPException) as trouble:
        log.warning("mail server cannot be reached: %s", type(trouble).__name__)
        return None, Outcome(Result.LATER, type(trouble).__name__)


def _close(session: smtplib.SMTP) -> None:
    try:
        session.quit()
    except (OSError, smtplib.SMTPException):
        session.close()


def _hand_over(session: smtplib.SMTP, message: Message, address: str) -> tuple[Outcome, bool]:
    """What became of the message, and whether the session can go on."""
    try:
        session.send_message(compose(message, address), from_addr=bounce_address(message.person_id), to_addrs=[address])
    except smtplib.SMTPRecipientsRefused as refused:
        code, _text = next(iter(refused.recipients.values()))
        return _refused(code, permanent_code="address refused"), True
    except smtplib.SMTPServerDisconnected:
        return Outcome(Result.LATER, "disconnected"), False
    except smtplib.SMTPResponseException as refused:
        # The sender or the text was refused, not the address: another try may pass, the address stays good.
        alive = refused.smtp_code != 421
        if alive:
            try:
                session.rset()
            except (OSError, smtplib.SMTPException):
                alive = False
        return Outcome(Result.LATER, f"smtp {refused.smtp_code}"), alive
    except (ValueError, UnicodeError):
        return Outcome(Result.UNREACHABLE, "bad address"), True
    except smtplib.SMTPNotSupportedError:
        return Outcome(Result.UNREACHABLE, "address not supported"), True
    except (TimeoutError, OSError, smtplib.SMTPException) as trouble:
        return Outcome(Result.LATER, type(trouble).__name__), False
    return Outcome(Result.SENT), True


def _refused(code: int, *, permanent_code: str) -> Outcome:
    if code in _TEMPORARY:
        return Outcome(Result.LATER, f"smtp {code}")
    return Outcome(Result.UNREACHABLE, f"{permanent_code} {code}")


def compose(message: Message, address: str) -> EmailMessage:
    """The mail for one message."""
    return mail.compose(
        to=address,
        subject=message.subject,
        lines=message.lines,
        link=message.link,
        link_label=message.link_label,
        sign=message.school_name,
        key=message.key,
    )


# --- bounces


def bounce_address(person_id: int) -> str:
    """The envelope sender of a mail to this person."""
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"bounces+{person_id}-{fingerprint(str(person_id), 'bounce')[:16]}@{host}"


_TOKEN = re.compile(r"bounces\+(\d{1,18})-([0-9a-f]{16})@")


def person_of_bounce(address: str) -> int | None:
    """Whom a bounce to this address is about; None when it is not one of ours."""
    match = _TOKEN.search(address)
    if match is None or fingerprint(match[1], "bounce")[:16] != match[2]:
        return None
    return int(match[1])


def mark_unreachable(person_id: int) -> None:
    """Note that a person's address does not work; a new address clears it."""
    Person.objects.filter(pk=person_id, email_failed_at__isnull=True).update(email_failed_at=timezone.now())
