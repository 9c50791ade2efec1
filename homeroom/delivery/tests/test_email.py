"""Email against a real SMTP server: accepted, refused for now, refused for good, encrypted, broken off."""

from __future__ import annotations

import datetime as dt
import email
import socket
import ssl
from datetime import timedelta
from email import policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from homeroom.delivery import dispatching
from homeroom.delivery.channels.email.bounces import take_bounce
from homeroom.delivery.channels.email.channel import Server, bounce_address, person_of_bounce
from homeroom.delivery.models import Dispatch
from homeroom.delivery.public import Asked, correct_item, mark_read, recall_item

from .conftest import everyone_about


class Handler:
    """A mail server that keeps what it accepts and answers RCPT and DATA as told."""

    def __init__(self):
        self.mails, self.senders, self.rcpt, self.data, self.drop, self.encrypted = [], [], {}, "250 OK", False, False

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.rcpt.get(address, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        if self.drop:
            self.drop = False
            server.transport.abort()
            return "250 OK"
        if self.data.startswith("2"):
            self.encrypted = session.ssl is not None
            self.mails.append(email.message_from_bytes(envelope.content, policy=policy.default))
            self.senders.append(envelope.mail_from)
        return self.data


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def smtp(settings):
    handler = Handler()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_URL = f"smtp://127.0.0.1:{controller.port}"
    settings.PUBLIC_URL = "https://school.example.cn"
    settings.DEFAULT_FROM_EMAIL = "homeroom@school.example.cn"
    yield handler
    controller.stop()


@pytest.fixture
def now():
    return timezone.now().replace(hour=2, minute=0)  # ten in the morning at the school


@pytest.fixture
def family(school):
    for person in (school.mother, school.father):
        person.email = f"{'m' if person == school.mother else 'f'}@example.cn"
        person.save()
    return school


def states(item):
    return sorted(Dispatch.objects.filter(item=item).values_list("state", flat=True))


def send_out(now):
    return dispatching.send_due(now=lambda: now)


def test_a_mail_says_what_kind_of_thing_waits_and_nothing_of_it(family, send, smtp, now):
    send(title="张小雨的体检结果", lead="视力下降", category="health", to=everyone_about(family, family.child_a))
    assert send_out(now) == 2
    mail = smtp.mails[0]
    text = mail.get_body(("plain",)).get_content()
    for part in (mail["Subject"], text, mail.get_body(("html",)).get_content()):
        assert "张小雨" not in part
        assert "视力" not in part
    assert mail["Subject"].startswith(f"【{family.school.signature}】")
    assert "张同学" in text
    assert "https://school.example.cn/feed/items/" in text
    assert {mail.get_content_type() for mail in smtp.mails} == {"multipart/alternative"}


def test_each_person_gets_one_mail_for_all_children(school, send, smtp, now):
    school.guardian_of_two.email = "two@example.cn"
    school.guardian_of_two.save()
    send(to=everyone_about(school, school.sibling_a, school.sibling_c))
    assert send_out(now) == 1
    assert send_out(now) == 0
    assert len(smtp.mails) == 1


def test_the_envelope_names_whom_a_bounce_is_about(family, send, smtp, now):
    send(to=[Asked(family.mother.pk, family.child_a.pk)])
    send_out(now)
    assert person_of_bounce(smtp.senders[0]) == family.mother.pk


def test_a_temporary_refusal_is_tried_again_with_growing_pauses(family, send, smtp, now):
    item = send(to=[Asked(family.mother.pk, family.child_a.pk)])
    smtp.rcpt["m@example.cn"] = "451 try later"
    assert send_out(now) == 0
    first = Dispatch.objects.get(item=item)
    assert (first.state, first.attempts) == ("waiting", 1)
    assert send_out(now) == 0
    assert Dispatch.objects.get().attempts == 1  # not before its pause is over
    assert send_out(now + timedelta(minutes=2)) == 0
    assert Dispatch.objects.get().due_at - now > timedelta(minutes=5)
    del smtp.rcpt["m@example.cn"]
    assert send_out(now + timedelta(minutes=8)) == 1
    assert len(smtp.mails) == 1
    family.mother.refresh_from_db()
    assert family.mother.email_failed_at is None


def test_nobody_is_tried_without_end(family, send, smtp, now):
    item = send(to=[Asked(family.mother.pk, family.child_a.pk)])
    smtp.rcpt["m@example.cn"] = "451 try later"
    for day in range(dispatching.MOST_ATTEMPTS):
        send_out(now + timedelta(hours=7 * day))
    assert states(item) == ["given_up"]


def test_a_permanent_refusal_marks_the_address(family, send, smtp, now):
    item = send(to=everyone_about(family, family.child_a))
    smtp.rcpt["m@example.cn"] = "550 no such user"
    assert send_out(now) == 1
    assert states(item) == ["sent", "unreachable"]
    family.mother.refresh_from_db()
    assert family.mother.email_failed_at
    again = send(to=everyone_about(family, family.child_a))
    assert set(Dispatch.objects.filter(item=again).values_list("person_id", flat=True)) == {family.father.pk}


def test_a_refused_text_blames_no_address(family, send, smtp, now):
    send(to=everyone_about(family, family.child_a))
    smtp.data = "554 spam"
    assert send_out(now) == 0
    family.mother.refresh_from_db()
    assert family.mother.email_failed_at is None
    smtp.data = "250 OK"
    assert send_out(now + timedelta(minutes=2)) == 2


def test_a_connection_that_breaks_off_loses_nothing(family, send, smtp, now):
    item = send(to=everyone_about(family, family.child_a))
    smtp.drop = True
    send_out(now)
    send_out(now + timedelta(minutes=2))
    assert states(item) == ["sent", "sent"]
    assert len(smtp.mails) == 2


def test_a_server_that_is_not_there_is_tried_later(family, send, settings, now):
    settings.EMAIL_URL = f"smtp://127.0.0.1:{free_port()}"
    item = send(to=everyone_about(family, family.child_a))
    assert send_out(now) == 0
    assert states(item) == ["waiting", "waiting"]
    assert not Dispatch.objects.filter(claimed_until__isnull=False).exists()


def test_who_has_read_it_meanwhile_gets_no_mail(family, send, smtp, now):
    item = send(to=[Asked(family.mother.pk, family.child_a.pk)])
    mark_read(actor=family.mother, item=item, now=now)
    assert send_out(now) == 0
    assert states(item) == ["cancelled"]


def test_who_was_barred_meanwhile_gets_no_mail(family, send, smtp, now):
    item = send(to=[Asked(family.mother.pk, family.child_a.pk)])
    family.mother.children_edges.update(restriction="no_contact")
    assert send_out(now) == 0
    assert states(item) == ["cancelled"]
    assert smtp.mails == []


def test_whoever_got_a_mail_hears_of_its_recall(family, send, smtp, now):
    item = send(to=[Asked(family.mother.pk, family.child_a.pk)])
    send_out(now)
    recall_item(actor=family.class_teacher, item=item, now=now)
    assert send_out(now) == 1
    assert "撤回" in smtp.mails[1]["Subject"]


def test_a_correction_that_asks_again_is_told(family, send, smtp, now):
    item = send(to=[Asked(family.mother.pk, family.child_a.pk)])
    send_out(now)
    correct_item(actor=family.class_teacher, item=item, title="新", lead="", now=now, ask_again=True)
    assert send_out(now) == 1


# --- encrypted


@pytest.fixture
def certificate(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2040, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def guarded(certificate, settings):
    """A server that takes mail only after STARTTLS and signing in."""
    handler = Handler()

    class StartTls(Controller):
        def factory(self):
            def check(server, session, envelope, mechanism, auth_data):
                right = (auth_data.login, auth_data.password) == (b"school", b"s3cret")
                return AuthResult(success=right, handled=False)  # the server itself answers 535

            return SMTP(
                handler, tls_context=certificate, require_starttls=True, auth_required=True, authenticator=check
            )

    controller = StartTls(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, controller.port
    controller.stop()


def test_starttls_and_signing_in(family, send, guarded, settings, now):
    handler, port = guarded
    settings.EMAIL_URL = f"smtp://school:s3cret@127.0.0.1:{port}/?tls=starttls&verify=0"
    send(to=[Asked(family.mother.pk, family.child_a.pk)])
    assert send_out(now) == 1
    assert handler.encrypted


@pytest.mark.parametrize(
    "url",
    [
        "smtp://school:wrong@127.0.0.1:{port}/?tls=starttls&verify=0",
        "smtp://school:s3cret@127.0.0.1:{port}/?tls=starttls",
    ],
)
def test_a_wrong_password_or_certificate_sends_nothing(family, send, guarded, settings, now, url):  # noqa: PLR0917
    handler, port = guarded
    settings.EMAIL_URL = url.format(port=port)
    item = send(to=[Asked(family.mother.pk, family.child_a.pk)])
    assert send_out(now) == 0
    assert states(item) == ["waiting"]
    assert handler.mails == []


def test_a_server_without_starttls_gets_nothing_in_the_clear(family, send, smtp, settings, now):
    settings.EMAIL_URL += "/?tls=starttls"
    send(to=[Asked(family.mother.pk, family.child_a.pk)])
    assert send_out(now) == 0
    assert smtp.mails == []


@pytest.mark.parametrize("url", ["http://x", "smtp://", "smtp://host/?tls=maybe"])
def test_settings_that_cannot_be(url):
    with pytest.raises(ImproperlyConfigured):
        Server.of(url)


# --- bounces

BOUNCE = """From: MAILER-DAEMON@mail.example.cn
To: <{to}>
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It did not arrive.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.cn

Final-Recipient: rfc822; m@example.cn
Action: {action}
Status: {status}
--b--
"""


@pytest.mark.parametrize(
    ("action", "status", "noted"), [("failed", "5.1.1", True), ("delayed", "4.4.1", False), ("failed", "4.2.2", False)]
)
def test_a_bounce_marks_the_address_when_it_is_for_good(family, action, status, noted):
    raw = BOUNCE.format(to=bounce_address(family.mother.pk), action=action, status=status)
    assert take_bounce(email.message_from_string(raw, policy=policy.default)) is noted
    family.mother.refresh_from_db()
    assert bool(family.mother.email_failed_at) is noted


def test_a_forged_bounce_marks_nobody(family):
    forged = bounce_address(family.mother.pk).replace(f"+{family.mother.pk}-", f"+{family.father.pk}-")
    raw = BOUNCE.format(to=forged, action="failed", status="5.1.1")
    assert take_bounce(email.message_from_string(raw, policy=policy.default)) is None
    assert not type(family.father).objects.filter(email_failed_at__isnull=False).exists()
