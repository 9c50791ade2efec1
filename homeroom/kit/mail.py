"""Handing mail to an SMTP server, as EMAIL_URL says."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from html import escape
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

TIMEOUT = 20


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over. `security` is "starttls", "tls" or "none"."""

    host: str
    port: int
    user: str
    password: str
    security: str
    verify: bool

    @classmethod
    def of(cls, url: str) -> Server:
        """Read EMAIL_URL: smtp://user:password@host:587/?tls=starttls, smtps://…@host:465/.

        Raises ImproperlyConfigured for anything else.
        """
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ImproperlyConfigured("EMAIL_URL must be like smtp://user:password@mail.example.cn:587/?tls=starttls")
        security = "tls" if parts.scheme == "smtps" else options.get("tls", "none")
        if security not in {"starttls", "tls", "none"}:
            raise ImproperlyConfigured("EMAIL_URL: tls must be starttls, tls or none")
        port = parts.port or {"tls": 465, "starttls": 587, "none": 25}[security]
        return cls(
            host=parts.hostname,
            port=port,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            security=security,
            verify=options.get("verify", "1") != "0",
        )

    def connect(self) -> smtplib.SMTP:
        """An open session, encrypted and signed in as configured. Raises OSError or SMTPException."""
        context = ssl.create_default_context()
        if not self.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.security == "tls":
            session: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=context)
        else:
            session = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        try:
            if self.security == "starttls":
                session.starttls(context=context)  # raises when the server does not offer it: never in the clear
            if self.user:
                session.login(self.user, self.password)
        except BaseException:
            session.close()
            raise
        return session


def compose(
    *, to: str, subject: str, lines: Sequence[str], link: str, link_label: str, sign: str, key: str
) -> EmailMessage:
    """A mail from the installation, signed `sign`: plain text, and the same as simple HTML. `link` may be empty."""
    sender_name, sender_address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    user, _at, host = sender_address.rpartition("@")
    mail = EmailMessage()
    mail["Subject"] = _one_line(subject)
    mail["From"] = Address(sender_name or _one_line(sign), user, host)
    mail["To"] = to
    mail["Date"] = format_datetime(timezone.now())
    mail["Message-ID"] = f"<{key}@{host}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    linked = ["", f"{link_label}: {link}"] if link else []
    mail.set_content("\n".join([*lines, *linked, "", sign, ""]))
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    anchor = f'<p><a href="{escape(link)}">{escape(link_label)}</a></p>' if link else ""
    mail.add_alternative(
        f"<!doctype html><html><body>{paragraphs}{anchor}<p>{escape(sign)}</p></body></html>", subtype="html"
    )
    return mail


def _one_line(text: str) -> str:
    return " ".join(text.split())
