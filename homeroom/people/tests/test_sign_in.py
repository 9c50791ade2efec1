"""Signing in: by user name or phone, wrong passwords, several people behind one phone, the second factor."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.hashers import get_hasher
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from homeroom.demo.cast import PASSWORD, Cast
from homeroom.people.models import Account, Person, Role, Session
from homeroom.people.public import phone_key

GUARDED = "/me/"


def try_in(client: Client, login: str, password: str = PASSWORD, **options: object):
    return client.post("/sign-in/", {"login": login, "password": password}, **options)


def signed_in_as(client: Client) -> Account | None:
    pk = client.session.get("_auth_user_id")
    return Account.objects.get(pk=pk) if pk else None


@pytest.fixture(autouse=True)
def _nothing_counted(db: None) -> None:
    cache.clear()


@pytest.fixture
def phoned(school: Cast) -> Account:
    """The mother's account, with a phone number of its own."""
    account = school.mother.account
    account.phone, account.phone_key = "15412345678", phone_key("15412345678")
    account.save()
    return account


def test_a_user_name_and_a_password_open_the_session(school: Cast, client: Client) -> None:
    account = school.class_teacher.account
    response = try_in(client, account.username.upper(), HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Chrome/120.0")
    assert response.status_code == 302
    assert signed_in_as(client) == account
    session = Session.objects.get(account=account)
    assert (session.device, session.address) == ("Chrome · Windows", "127.0.0.1")
    assert client.get(GUARDED).status_code == 200


@pytest.mark.parametrize("typed", ["15412345678", "154 1234 5678", "+86 154-1234-5678", " １５４１２３４５６７８ "])
def test_a_phone_number_may_be_written_in_any_usual_way(client: Client, phoned: Account, typed: str) -> None:
    try_in(client, typed)
    assert signed_in_as(client) == phoned


def test_of_two_people_with_one_phone_the_password_tells_who_is_meant(
    school: Cast, client: Client, phoned: Account
) -> None:
    father = school.father.account
    father.phone, father.phone_key = phoned.phone, phoned.phone_key
    father.set_password("another one entirely")
    father.save()
    try_in(client, phoned.phone, "another one entirely")
    assert signed_in_as(client) == father


def test_with_the_same_password_too_the_page_asks_who_it_is(school: Cast, client: Client, phoned: Account) -> None:
    father = school.father.account
    father.phone, father.phone_key = phoned.phone, phoned.phone_key
    father.save()
    response = try_in(client, phoned.phone)
    assert response.url == "/sign-in/who/"
    assert signed_in_as(client) is None
    page = client.get("/sign-in/who/").content.decode()
    assert str(father.uuid) in page
    assert str(phoned.uuid) in page
    client.post("/sign-in/who/", {"account": str(father.uuid)})
    assert signed_in_as(client) == father


def test_nobody_chooses_an_account_whose_password_they_did_not_give(
    school: Cast, client: Client, phoned: Account
) -> None:
    father = school.father.account
    father.phone, father.phone_key = phoned.phone, phoned.phone_key
    father.save()
    try_in(client, phoned.phone)
    response = client.post("/sign-in/who/", {"account": str(school.leader.account.uuid)})
    assert response.status_code == 404
    assert signed_in_as(client) is None


@pytest.mark.parametrize(
    ("login", "password"), [("wang", "wrong"), ("nobody", PASSWORD), ("", ""), ("13800000000", "x")]
)
def test_a_wrong_password_and_an_unknown_name_look_the_same(
    school: Cast, client: Client, login: str, password: str
) -> None:
    response = try_in(client, login, password)
    assert response.status_code == 200
    assert signed_in_as(client) is None


def test_an_account_that_was_closed_cannot_sign_in(school: Cast, client: Client) -> None:
    Account.objects.filter(pk=school.mother.account_id).update(is_active=False)
    try_in(client, school.mother.account.username)
    assert signed_in_as(client) is None


def test_a_closed_account_loses_its_open_session(school: Cast, client_for) -> None:
    browser = client_for(school.mother)
    assert browser.get(GUARDED).status_code == 200
    Account.objects.filter(pk=school.mother.account_id).update(is_active=False)
    assert browser.get(GUARDED).status_code == 302


class TestLockOut:
    def test_eight_wrong_passwords_lock_this_account_at_this_address(self, school: Cast, client: Client) -> None:
        name = school.mother.account.username
        for _try in range(7):
            assert try_in(client, name, "wrong").status_code == 200
        locked = try_in(client, name, "wrong")
        assert locked.status_code == 429
        until = timezone.localtime() + timedelta(minutes=15)
        assert re.search(f"{until:%H:%M}|{until - timedelta(minutes=1):%H:%M}", locked.content.decode())
        assert try_in(client, name).status_code == 429
        assert signed_in_as(client) is None

    def test_others_behind_the_same_address_sign_in_as_ever(self, school: Cast, client: Client) -> None:
        for _try in range(10):
            try_in(client, school.mother.account.username, "wrong")
        try_in(client, school.father.account.username)
        assert signed_in_as(client) == school.father.account

    def test_the_same_person_gets_in_from_another_address(self, school: Cast, client: Client) -> None:
        for _try in range(10):
            try_in(client, school.mother.account.username, "wrong", REMOTE_ADDR="198.51.100.7")
        try_in(client, school.mother.account.username, REMOTE_ADDR="203.0.113.9")
        assert signed_in_as(client) == school.mother.account

    def test_trying_on_does_not_lengthen_the_lock(self, school: Cast, client: Client, monkeypatch) -> None:
        name = school.mother.account.username
        for _try in range(12):
            try_in(client, name, "wrong")
        later = timezone.now() + timedelta(minutes=15, seconds=2)
        monkeypatch.setattr("django.core.cache.backends.db.tz_now", lambda: later)
        try_in(client, name)
        assert signed_in_as(client) == school.mother.account

    def test_another_way_of_writing_the_phone_is_the_same_count(self, client: Client, phoned: Account) -> None:
        for typed in ["15412345678", "154 1234 5678", "+8615412345678"] * 3:
            last = try_in(client, typed, "wrong")
        assert last.status_code == 429

    def test_a_right_password_forgets_the_wrong_ones(self, client: Client, phoned: Account) -> None:
        for _round in range(3):
            for _try in range(6):
                try_in(client, phoned.phone, "wrong")
            try_in(client, phoned.phone)
            assert signed_in_as(client) == phoned
            client.post("/sign-out/")

    def test_a_thousand_attempts_find_nothing_and_hurt_nobody_else(self, school: Cast, client: Client) -> None:
        name = school.leader.account.username
        answers = [try_in(client, name, f"guess {n}").status_code for n in range(999)]
        assert answers.count(200) == 7
        assert set(answers[7:]) == {429}
        assert try_in(client, name).status_code == 429  # the right one among them does not show either
        assert signed_in_as(client) is None
        try_in(client, school.class_teacher.account.username)
        assert signed_in_as(client) == school.class_teacher.account


class TestManyAddresses:
    def attack(self, name: str) -> None:
        for n in range(25):
            for _try in range(5):
                try_in(Client(REMOTE_ADDR=f"198.51.100.{n}"), name, "wrong")

    def test_a_hundred_guesses_from_everywhere_stop_strange_addresses(self, school: Cast) -> None:
        name = school.mother.account.username
        self.attack(name)
        stranger = Client(REMOTE_ADDR="198.51.100.77")
        try_in(stranger, name)
        assert signed_in_as(stranger) is None

    def test_the_family_gets_in_where_it_is_signed_in_already(self, school: Cast) -> None:
        name = school.mother.account.username
        try_in(Client(REMOTE_ADDR="203.0.113.9"), name)
        self.attack(name)
        tablet = Client(REMOTE_ADDR="203.0.113.9")
        try_in(tablet, name)
        assert signed_in_as(tablet) == school.mother.account


class TestSomebodyElsesNumber:
    """The father signs in with the mother's number and his own password, to guess at hers between."""

    OWN = "his own pass phrase 7"

    @pytest.fixture
    def number(self, school: Cast, phoned: Account) -> str:
        father = school.father.account
        father.phone, father.phone_key = phoned.phone, phoned.phone_key
        father.set_password(self.OWN)
        father.save()
        return str(phoned.phone)

    def test_signing_in_as_oneself_forgets_no_guesses_at_others(self, client: Client, number: str) -> None:
        for _try in range(6):
            try_in(client, number, "wrong")
        try_in(client, number, self.OWN)
        client.post("/sign-out/")
        answers = [try_in(client, number, "wrong").status_code for _try in range(3)]
        assert answers[-1] == 429

    def test_being_signed_in_as_oneself_lets_nobody_guess_on(self, client: Client, number: str) -> None:
        try_in(Client(REMOTE_ADDR="203.0.113.9"), number, self.OWN)
        TestManyAddresses().attack(number)
        here = Client(REMOTE_ADDR="203.0.113.9")
        try_in(here, number)
        assert signed_in_as(here) is None


class TestTakenNumber:
    """A stranger has entered the mother's number as their own: to her it must make no difference."""

    OWN = "a stranger's pass phrase 7"

    @pytest.fixture
    def number(self, school: Cast, phoned: Account) -> str:
        taker = school.father.account
        taker.phone, taker.phone_key = phoned.phone, phoned.phone_key
        taker.set_password(self.OWN)
        taker.save()
        school.mother.phone, school.mother.phone_key = phoned.phone, phoned.phone_key  # the school knows her by it
        school.mother.save()
        return str(phoned.phone)

    def test_her_wrong_passwords_are_forgotten_once_she_is_in(
        self, client: Client, number: str, phoned: Account
    ) -> None:
        for _time in range(3):
            for _try in range(5):
                try_in(client, number, "wrong")
            try_in(client, number)
            assert signed_in_as(client) == phoned
            client.post("/sign-out/")

    def test_guesses_from_everywhere_do_not_stop_her_where_she_is_signed_in(self, number: str, phoned: Account) -> None:
        try_in(Client(REMOTE_ADDR="203.0.113.9"), number)
        TestManyAddresses().attack(number)
        here = Client(REMOTE_ADDR="203.0.113.9")
        try_in(here, number)
        assert signed_in_as(here) == phoned

    def test_a_user_name_that_looks_like_a_number_stays_a_way_in(
        self, school: Cast, client: Client, number: str
    ) -> None:
        phoned = school.grade_leader.account
        phoned.username = number
        phoned.phone = phoned.phone_key = ""
        phoned.set_password("grade leader's phrase 9")
        phoned.save()
        try_in(client, number, "grade leader's phrase 9")
        assert signed_in_as(client) == phoned


class TestSecondFactor:
    def code(self, secret: str) -> str:
        return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))

    @pytest.mark.parametrize("who", ["leader", "office", "it_admin", "counsellor"])
    def test_a_duty_over_the_whole_school_leads_to_setting_one_up(self, school: Cast, client: Client, who: str) -> None:
        try_in(client, getattr(school, who).account.username)
        for address in ["/me/", "/me/devices/"]:
            response = client.get(address)
            assert (response.status_code, response.url.partition("?")[0]) == (302, "/me/security/app/")
        assert client.get("/api/v1/me").status_code in {401, 404}

    @pytest.mark.parametrize("who", ["class_teacher", "subject_teacher", "mother", "grade_leader"])
    def test_others_are_not_asked(self, school: Cast, client: Client, who: str) -> None:
        try_in(client, getattr(school, who).account.username)
        assert client.get("/me/").status_code == 200

    def test_setting_up_then_signing_in_with_it(self, school: Cast, client: Client) -> None:
        account = school.leader.account
        try_in(client, account.username)
        page = client.get("/me/security/app/")
        assert page.status_code == 200, page.url
        secret = re.search(r'class="secret">([A-Z2-7]+)<', page.content.decode()).group(1)
        assert client.post("/me/security/app/", {"code": "000000"}).status_code == 200
        response = client.post("/me/security/app/", {"code": self.code(secret)})
        assert response.url == "/me/security/codes/"
        codes = re.findall(r"<li>(\d{8})</li>", client.get("/me/security/codes/").content.decode())
        assert len(codes) == 10
        assert client.get("/me/").status_code == 200
        assert secret not in str(Authenticator.objects.get(type="totp").data)  # encrypted in the table

        again = Client()
        assert try_in(again, account.username).url == "/sign-in/code/"
        assert again.get("/me/").status_code == 302
        again.post("/sign-in/code/", {"code": codes[0]})
        assert signed_in_as(again) == account
        assert again.get("/me/").status_code == 200

    def test_codes_are_not_guessed(self, school: Cast, client: Client) -> None:
        account = school.leader.account
        Authenticator.objects.all().delete()
        TOTP.activate(account, generate_totp_secret())
        try_in(client, account.username)
        for n in range(50):
            client.post("/sign-in/code/", {"code": f"{n:06}"})
        assert signed_in_as(client) is None
        page = client.post("/sign-in/code/", {"code": "000051"})
        assert page.status_code == 200

    def test_a_duty_given_later_asks_from_then_on(self, school: Cast, client: Client) -> None:
        from homeroom.people.services import give_role

        try_in(client, school.class_teacher.account.username)
        assert client.get("/me/").status_code == 200
        give_role(actor=school.leader, person=Person.objects.get(pk=school.class_teacher.pk), kind=Role.Kind.OFFICE)
        assert client.get("/me/").status_code == 302


def test_an_unknown_name_costs_as_much_as_a_wrong_password(school: Cast, client: Client, monkeypatch) -> None:
    hashed: list[str] = []
    hasher_class = type(get_hasher())
    encode = hasher_class.encode

    def counting(self, password: str, *arguments: object, **details: object) -> str:
        hashed.append(password)
        return encode(self, password, *arguments, **details)

    monkeypatch.setattr(hasher_class, "encode", counting)
    try_in(client, school.mother.account.username, "wrong")
    for_a_wrong_password = len(hashed)
    try_in(client, "nobody", "wrong")
    assert len(hashed) == 2 * for_a_wrong_password
    assert for_a_wrong_password >= 1


def test_language_and_elder_mode_come_along_to_the_next_device(school: Cast, client: Client) -> None:
    name = school.mother.account.username
    try_in(client, name)
    client.post("/ui/preferences/", {"language": "en", "next": "/me/"})
    client.post("/ui/preferences/", {"elder": "1", "next": "/me/"})
    tablet = Client()
    try_in(tablet, name)
    page = tablet.get("/me/").content.decode()
    assert 'lang="en"' in page
    assert "data-elder" in page


def test_signing_out_ends_the_session_for_good(school: Cast, client: Client) -> None:
    try_in(client, school.mother.account.username)
    key = client.session.session_key
    client.post("/sign-out/")
    thief = Client()
    thief.cookies["homeroom_session"] = key
    assert thief.get(GUARDED).status_code == 302
    assert not Session.objects.filter(pk=key).exists()


def test_a_revoked_session_does_not_come_back_with_a_request_under_way(school: Cast, client: Client) -> None:
    from django.contrib.sessions.backends.base import UpdateError

    from homeroom.people.sessions import SessionStore, end_sessions

    try_in(client, school.mother.account.username)
    under_way = SessionStore(client.session.session_key)
    under_way["anything"] = 1
    end_sessions(school.mother.account)
    with pytest.raises(UpdateError):
        under_way.save()
    assert not Session.objects.filter(account=school.mother.account).exists()


def test_saving_a_session_keeps_its_row(school: Cast, client: Client) -> None:
    try_in(client, school.mother.account.username)
    before = Session.objects.values("uuid", "created_at", "last_seen_at").get(account=school.mother.account)
    session = client.session
    session["anything"] = 1
    session.save()
    assert Session.objects.values("uuid", "created_at", "last_seen_at").get(account=school.mother.account) == before


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(school: Cast, client: Client, target: str) -> None:
    answer = client.post(
        f"/sign-in/?next={target}", {"login": school.mother.account.username, "password": PASSWORD, "next": target}
    )
    assert answer.url == "/"
