"""Changing how one signs in and is reached, and a forgotten password, over a real SMTP server."""

from __future__ import annotations

import email
import re
import socket
from datetime import timedelta
from email import policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from homeroom.audit.models import Entry
from homeroom.demo.cast import PASSWORD, Cast
from homeroom.people import letters
from homeroom.people.models import Account, AccountMail, Person, Session

GOOD = "seven green bottles"
FORGOTTEN = "/sign-in/forgotten/"


class Mailbox:
    """A mail server that keeps what it accepts; `refuse` answers every recipient."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse = ""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(email.message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def link(self) -> str:
        """The address, without the host, that the newest mail leads to."""
        text = self.mails[-1].get_body(("plain",)).get_content()
        return re.search(r"https://school\.example\.cn(/\S+)", text)[1]


@pytest.fixture
def mailbox(db, settings):
    cache.clear()
    box = Mailbox()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
    settings.PUBLIC_URL = "https://school.example.cn"
    yield box
    controller.stop()


def send(*, at=None) -> int:
    return letters.send_due(now=lambda: at or timezone.now())


def page(client: Client, action: str, **typed: str):
    return client.post(reverse("people:contact"), {"action": action, "password": PASSWORD, **typed})


@pytest.fixture
def account(school: Cast) -> Account:
    """The mother's, with an address that is confirmed."""
    Account.objects.filter(pk=school.mother.account_id).update(email="old@example.cn")
    return Account.objects.get(pk=school.mother.account_id)


class TestOnesOwnContact:
    def test_a_new_address_is_used_once_its_link_was_opened(self, school, account, mailbox, client_for):
        browser = client_for(school.mother)
        page(browser, "email", email="New@Example.cn")
        assert send() == 1
        assert [mail["To"] for mail in mailbox.mails] == ["new@example.cn"]
        link = mailbox.link()
        browser.get(link)  # a mail program looking at it changes nothing
        account.refresh_from_db()
        assert account.email == "old@example.cn"
        assert Person.objects.get(pk=school.mother.pk).email == ""
        browser.post(link)
        account.refresh_from_db()
        assert account.email == Person.objects.get(pk=school.mother.pk).email == "new@example.cn"
        assert send() == 1
        assert mailbox.mails[-1]["To"] == "old@example.cn"
        assert browser.post(link).status_code == 410
        actions = list(Entry.objects.filter(action__startswith="account.email").values_list("action", flat=True))
        assert actions == ["account.email_asked", "account.email_changed"]

    def test_whoever_gets_the_mail_by_mistake_cannot_use_it(self, school, account, mailbox, client_for):
        page(client_for(school.mother), "email", email="new@example.cn")
        send()
        assert client_for(school.father).post(mailbox.link()).status_code == 404
        assert Client().post(mailbox.link()).status_code == 302
        account.refresh_from_db()
        assert account.email == "old@example.cn"

    def test_a_link_is_over_after_a_day_and_when_another_is_asked_for(self, school, account, mailbox, client_for):
        browser = client_for(school.mother)
        page(browser, "email", email="first@example.cn")
        send()
        first = mailbox.link()
        page(browser, "email", email="second@example.cn")
        send()
        assert browser.post(first).status_code == 410
        AccountMail.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert browser.post(mailbox.link()).status_code == 410
        account.refresh_from_db()
        assert account.email == "old@example.cn"

    @pytest.mark.parametrize(
        ("action", "typed"),
        [("phone", {"phone": "15499990001"}), ("email", {"email": "n@example.cn"}), ("no_email", {})],
    )
    @pytest.mark.usefixtures("mailbox")
    def test_nothing_is_changed_without_the_password(self, school, account, client_for, action, typed):
        before = (account.phone_key, account.email)
        answer = page(client_for(school.mother), action, **typed, password="wrong")
        account.refresh_from_db()
        assert (answer.status_code, account.phone_key, account.email) == (422, *before)
        assert not AccountMail.objects.exists()

    def test_passwords_are_not_guessed_here(self, school, account, mailbox, client_for):
        browser = client_for(school.mother)
        for _guess in range(8):
            page(browser, "no_email", password="wrong")
        assert page(browser, "no_email").status_code == 422
        account.refresh_from_db()
        assert account.email == "old@example.cn"

    def test_signing_in_with_another_number(self, school, account, mailbox, client_for, client):
        page(client_for(school.mother), "phone", phone="154 9999 0001")
        assert client.post("/sign-in/", {"login": "15499990001", "password": PASSWORD}).status_code == 302
        assert Person.objects.get(pk=school.mother.pk).phone == school.mother.phone  # the school's own record
        assert send() == 1
        assert mailbox.mails[-1]["To"] == "old@example.cn"

    @pytest.mark.parametrize(("action", "typed"), [("phone", {"phone": "12"}), ("email", {"email": "nobody"})])
    @pytest.mark.usefixtures("account", "mailbox")
    def test_what_cannot_be_one_is_refused(self, school, client_for, action, typed):
        assert page(client_for(school.mother), action, **typed).status_code == 422
        assert not AccountMail.objects.exists()

    def test_an_address_is_removed(self, school, account, mailbox, client_for):
        page(client_for(school.mother), "no_email")
        account.refresh_from_db()
        assert account.email == ""
        send()
        assert mailbox.mails[-1]["To"] == "old@example.cn"

    def test_without_mail_no_address_is_asked_for(self, school, account, client_for, settings):
        settings.EMAIL_URL = ""
        browser = client_for(school.mother)
        assert 'name="email"' not in browser.get(reverse("people:contact")).content.decode()
        assert page(browser, "email", email="n@example.cn").status_code == 404


class TestForgotten:
    def ask(self, client: Client, name: str):
        return client.post(FORGOTTEN, {"name": name})

    @pytest.mark.parametrize("name", ["limei", "old@example.cn", "LIMEI ", "phone"])
    def test_a_link_leads_to_a_new_password(self, school, account, mailbox, client_for, name):
        client, signed_in = Client(), client_for(school.mother)
        self.ask(client, school.mother.phone if name == "phone" else name)
        assert send() == 1
        assert client.get(mailbox.link()).url == reverse("people:new_password")
        assert client.post(reverse("people:new_password"), {"password": GOOD}).url == "/sign-in/"
        assert not Session.objects.filter(account=account).exists()
        assert signed_in.get("/me/").status_code == 302
        assert client.post("/sign-in/", {"login": "limei", "password": PASSWORD}).status_code == 200
        assert client.post("/sign-in/", {"login": "limei", "password": GOOD}).status_code == 302
        assert Entry.objects.filter(action="account.password_reset", school_id=school.school.pk).exists()
        send()
        assert "limei" not in mailbox.mails[-1].as_string()  # word of the change, without a link or name

    def test_the_answer_does_not_tell_who_exists(self, school, account, mailbox, client):
        names = ("limei", "nobody-at-all", "zhangweiqiang", "15400000000")
        answers = {self.ask(Client(), name).content.partition(b"<main")[2].partition(b"</main>")[0] for name in names}
        assert len(answers) == 1
        assert AccountMail.objects.count() == 4
        assert send() == 1

    def test_who_has_no_confirmed_address_gets_nothing(self, school, mailbox, client):
        Person.objects.filter(pk=school.mother.pk).update(email="roster@example.cn")
        self.ask(client, "limei")
        assert send() == 0

    def test_a_closed_account_gets_nothing(self, school, account, mailbox, client):
        Account.objects.filter(pk=account.pk).update(is_active=False)
        self.ask(client, "limei")
        assert send() == 0

    def test_a_link_works_once_and_for_half_an_hour(self, school, account, mailbox, client):
        self.ask(client, "limei")
        send()
        link = mailbox.link()
        late = AccountMail.objects.get(kind="reset")
        assert late.expires_at - late.created_at <= timedelta(minutes=30)
        client.get(link)
        assert client.post(reverse("people:new_password"), {"password": "12345678"}).status_code == 422
        client.post(reverse("people:new_password"), {"password": GOOD})
        assert Client().get(link).status_code == 410
        assert client.post(reverse("people:new_password"), {"password": "another good one"}).status_code == 410
        account.refresh_from_db()
        assert account.check_password(GOOD)

    def test_a_changed_password_or_address_ends_a_link(self, school, account, mailbox, client, client_for):
        self.ask(client, "limei")
        send()
        client_for(school.mother).post("/me/password/", {"old": PASSWORD, "new": GOOD})
        assert client.get(mailbox.link()).status_code == 410
        self.ask(client, "limei")
        send()
        assert "new-password" in mailbox.link()
        Account.objects.filter(pk=account.pk).update(email="other@example.cn")
        assert client.get(mailbox.link()).status_code == 410

    def test_whoever_must_wait_still_waits(self, school, account, mailbox, client):
        for _guess in range(8):
            client.post("/sign-in/", {"login": "limei", "password": "wrong"})
        self.ask(client, "limei")
        send()
        client.get(mailbox.link())
        client.post(reverse("people:new_password"), {"password": GOOD})
        assert client.post("/sign-in/", {"login": "limei", "password": GOOD}).status_code == 429

    def test_nobodys_mailbox_is_flooded(self, school, account, mailbox, client):
        for _time in range(6):
            assert self.ask(client, "limei").status_code == 200
        assert send() == 3

    def test_one_address_asks_a_bounded_number_of_times(self, school, mailbox, client):
        codes = [self.ask(client, f"name{number}").status_code for number in range(61)]
        assert (codes[59], codes[60]) == (200, 429)

    def test_several_people_of_one_phone_each_get_their_own(self, school, mailbox, client):
        for who in (school.guardian_of_two, school.father_of_two):
            Account.objects.filter(pk=who.account_id).update(email=f"{who.pk}@example.cn")
        self.ask(client, school.guardian_of_two.phone)
        assert send() == 2
        assert len({mail["To"] for mail in mailbox.mails}) == 2

    def test_without_mail_the_page_tells_of_the_slip_only(self, school, client, settings):
        settings.EMAIL_URL = ""
        assert 'name="name"' not in client.get(FORGOTTEN).content.decode()
        self.ask(client, "limei")
        assert not AccountMail.objects.exists()
        assert FORGOTTEN in client.get("/sign-in/").content.decode()


class TestSending:
    def test_a_server_that_is_away_is_asked_again(self, school, account, mailbox, client, settings):
        good, settings.EMAIL_URL = settings.EMAIL_URL, "smtp://127.0.0.1:1"
        client.post(FORGOTTEN, {"name": "limei"})
        assert send() == 0
        settings.EMAIL_URL = good
        assert send() == 0
        assert send(at=timezone.now() + timedelta(minutes=5)) == 1

    def test_a_refused_address_is_not_tried_again(self, school, account, mailbox, client):
        mailbox.refuse = "550 no such user"
        client.post(FORGOTTEN, {"name": "limei"})
        assert send() == 0
        assert not AccountMail.objects.filter(due_at__isnull=False).exists()

    def test_no_token_is_stored(self, school, account, mailbox, client):
        client.post(FORGOTTEN, {"name": "limei"})
        send()
        token = mailbox.link().rstrip("/").split("/")[-1]
        stored = AccountMail.objects.filter(kind="reset").values_list().get()
        assert token not in str(stored)

    def test_what_is_long_over_is_forgotten(self, school, account, mailbox, client):
        client.post(FORGOTTEN, {"name": "limei"})
        assert letters.remove_old(now=timezone.now() + timedelta(days=20)) == 0
        assert letters.remove_old(now=timezone.now() + timedelta(days=32)) == 1
