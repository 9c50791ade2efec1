"""The way in by invitation: made by whom, proven how, used once."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from homeroom.demo.cast import PASSWORD, Cast
from homeroom.kit.errors import NotAllowed
from homeroom.people.labels import masked_label
from homeroom.people.models import Account, Invitation, Person, Session
from homeroom.people.public import phone_key
from homeroom.people.services import accept_invitation, create_invitations
from homeroom.people.services.invitations import InvitationOver

GOOD = "a quiet morning"


@pytest.fixture(autouse=True)
def _nothing_counted(db: None) -> None:
    cache.clear()


def invite(school: Cast, person: Person):
    [issued] = create_invitations(actor=school.it_admin, person_ids=[person.pk], now=timezone.now())
    return issued


def open_link(client: Client, url: str):
    return client.get(urlsplit(url).path, follow=True)


class TestWhoMayInvite:
    @pytest.mark.parametrize("who", ["office", "leader", "it_admin"])
    def test_those_who_keep_the_roster_invite_anybody_without_school_wide_duties(self, school: Cast, who: str) -> None:
        ids = [school.grandfather.pk, school.class_teacher.pk, school.pupil.pk]
        made = create_invitations(actor=getattr(school, who), person_ids=ids, now=timezone.now())
        assert [one.person.pk for one in made] == ids

    def test_a_class_teacher_invites_the_guardians_of_her_class(self, school: Cast) -> None:
        made = create_invitations(actor=school.class_teacher, person_ids=[school.grandfather.pk], now=timezone.now())
        assert len(made) == 1

    @pytest.mark.parametrize(
        ("who", "whom"),
        [
            ("class_teacher", "guardian_b"),  # another class
            ("class_teacher", "guardian_of_two"),  # signs in already, for a child of another class as well
            ("class_teacher", "subject_teacher"),
            ("class_teacher", "leader"),
            ("office", "leader"),  # an invitation is also a way back in: it must not be a way up
            ("office", "it_admin"),
            ("subject_teacher", "mother"),
            ("grade_leader", "mother"),
            ("mother", "father"),
            ("counsellor", "mother"),
            ("leader_elsewhere", "mother"),
        ],
    )
    def test_these_may_not(self, school: Cast, who: str, whom: str) -> None:
        with pytest.raises(NotAllowed):
            create_invitations(actor=getattr(school, who), person_ids=[getattr(school, whom).pk], now=timezone.now())
        assert not Invitation.objects.exists()

    def test_one_who_may_not_be_invited_stops_the_whole_list(self, school: Cast) -> None:
        ids = [school.mother.pk, school.guardian_b.pk]
        with pytest.raises(NotAllowed):
            create_invitations(actor=school.class_teacher, person_ids=ids, now=timezone.now())
        assert not Invitation.objects.exists()

    def test_a_whole_school_takes_as_many_statements_as_one(self, school: Cast, django_assert_max_num_queries) -> None:
        ids = [person.pk for person in school.guardians]
        with django_assert_max_num_queries(12):
            create_invitations(actor=school.it_admin, person_ids=ids, now=timezone.now())

    def test_the_database_keeps_neither_link_nor_code(self, school: Cast) -> None:
        issued = invite(school, school.grandfather)
        kept = str(Invitation.objects.values().get())
        assert urlsplit(issued.url).path.split("/")[2] not in kept
        assert issued.code.replace("-", "") not in kept


class TestJoining:
    def test_a_grandfather_with_a_phone_on_record_joins(self, school: Cast, client: Client) -> None:
        person = school.grandfather
        issued = invite(school, person)
        page = open_link(client, issued.url).content.decode()
        assert masked_label(person) in unescape(page)
        assert school.sms_only_child.name not in page
        client.post("/join/welcome/", {"action": "answer", "digits": person.phone[-4:]})
        assert school.sms_only_child.name in client.get("/join/welcome/").content.decode()
        response = client.post("/join/welcome/", {"action": "password", "password": GOOD})
        assert response.url == "/"
        person.refresh_from_db()
        assert client.session["person"] == person.pk
        assert client.get("/me/").status_code == 200
        again = Client()
        again.post("/sign-in/", {"login": person.phone, "password": GOOD})
        assert again.session["_auth_user_id"] == str(person.account_id)

    def test_the_code_of_the_slip_is_another_way_to_the_same_page(self, school: Cast, client: Client) -> None:
        issued = invite(school, school.grandfather)
        response = client.post("/join/", {"code": issued.code.lower().replace("-", " ")}, follow=True)
        assert masked_label(school.grandfather) in unescape(response.content.decode())

    def test_nothing_is_set_before_the_digits_are_given(self, school: Cast, client: Client) -> None:
        issued = invite(school, school.grandfather)
        open_link(client, issued.url)
        client.post("/join/welcome/", {"action": "password", "password": GOOD})
        school.grandfather.refresh_from_db()
        assert school.grandfather.account_id is None

    def test_five_wrong_answers_end_the_invitation(self, school: Cast, client: Client) -> None:
        issued = invite(school, school.grandfather)
        open_link(client, issued.url)
        right = school.grandfather.phone[-4:]
        wrong = "0000" if right != "0000" else "1111"
        answers = [
            client.post("/join/welcome/", {"action": "answer", "digits": wrong}).status_code for _try in range(5)
        ]
        assert answers == [422, 422, 422, 422, 410]
        assert client.post("/join/welcome/", {"action": "answer", "digits": right}).status_code == 410
        assert open_link(Client(), issued.url).status_code == 410

    def test_somebody_without_a_phone_on_record_gives_one(self, school: Cast, client: Client) -> None:
        person = school.grandfather
        Person.objects.filter(pk=person.pk).update(phone="", phone_key="")
        open_link(client, invite(school, person).url)
        typed = {"action": "password", "password": GOOD, "phone": "not a number"}
        assert client.post("/join/welcome/", typed).status_code == 422
        client.post("/join/welcome/", {**typed, "phone": "154 9999 0001"})
        person.refresh_from_db()
        assert person.account.phone_key == person.phone_key == phone_key("15499990001")

    def test_without_any_phone_a_user_name_is_chosen(self, school: Cast, client: Client) -> None:
        person = school.grandfather
        Person.objects.filter(pk=person.pk).update(phone="", phone_key="")
        open_link(client, invite(school, person).url)
        typed = {"action": "password", "password": GOOD}
        assert client.post("/join/welcome/", typed).status_code == 422
        assert client.post("/join/welcome/", {**typed, "username": school.mother.account.username}).status_code == 422
        client.post("/join/welcome/", {**typed, "username": "Zhou.Yeye"})
        person.refresh_from_db()
        assert person.account.username == "zhou.yeye"

    @pytest.mark.parametrize("weak", ["12345678", "short", "aaaaaaaa", "password1", "qq123456"])
    def test_a_weak_password_is_told_and_the_invitation_stays_good(
        self, school: Cast, client: Client, weak: str
    ) -> None:
        person = school.grandfather
        open_link(client, invite(school, person).url)
        client.post("/join/welcome/", {"action": "answer", "digits": person.phone[-4:]})
        assert client.post("/join/welcome/", {"action": "password", "password": weak}).status_code == 422
        assert client.post("/join/welcome/", {"action": "password", "password": GOOD}).status_code == 302

    def test_an_invitation_works_once(self, school: Cast, client: Client) -> None:
        issued = invite(school, school.grandfather)
        invitation = Invitation.objects.select_related("person__school").get()
        accept_invitation(invitation=invitation, password=GOOD, phone="", username="", now=timezone.now())
        assert open_link(client, issued.url).status_code == 410
        fresh = Invitation.objects.select_related("person__school").get()
        with pytest.raises(InvitationOver):
            accept_invitation(invitation=fresh, password="another good one", phone="", username="", now=timezone.now())
        assert Account.objects.get(persons=school.grandfather).check_password(GOOD)

    def test_it_runs_out(self, school: Cast, client: Client) -> None:
        [issued] = create_invitations(
            actor=school.office, person_ids=[school.grandfather.pk], now=timezone.now() - timedelta(days=31)
        )
        assert open_link(client, issued.url).status_code == 410

    def test_slips_printed_earlier_stay_good_until_one_is_used(self, school: Cast, client: Client) -> None:
        first, second = invite(school, school.grandfather), invite(school, school.grandfather)
        assert open_link(client, first.url).status_code == 200
        client.post("/join/welcome/", {"action": "answer", "digits": school.grandfather.phone[-4:]})
        client.post("/join/welcome/", {"action": "password", "password": GOOD})
        assert open_link(Client(), second.url).status_code == 410

    def test_codes_cannot_be_tried_through(self, school: Cast, client: Client) -> None:
        issued = invite(school, school.grandfather)
        answers = [client.post("/join/", {"code": f"AAAA-{n:04}"}).status_code for n in range(120)]
        assert answers.count(422) == 100
        assert set(answers[100:]) == {429}
        assert client.post("/join/", {"code": issued.code}).status_code == 429  # the link still works
        assert open_link(client, issued.url).status_code == 200
        assert Client(REMOTE_ADDR="203.0.113.9").post("/join/", {"code": issued.code}).status_code == 302


class TestWhoIsHereAlready:
    def test_the_same_adult_adds_a_second_person_to_the_account(self, school: Cast, client: Client) -> None:
        issued = invite(school, school.grandfather)
        client.post("/sign-in/", {"login": school.mother.account.username, "password": PASSWORD})
        open_link(client, issued.url)
        client.post("/join/welcome/", {"action": "add"})
        school.grandfather.refresh_from_db()
        assert school.grandfather.account_id is None  # not before the digits
        client.post("/join/welcome/", {"action": "answer", "digits": school.grandfather.phone[-4:]})
        client.post("/join/welcome/", {"action": "add"})
        school.grandfather.refresh_from_db()
        assert school.grandfather.account_id == school.mother.account_id
        assert client.get("/me/person/").content.decode().count('name="person"') == 2

    def test_a_new_slip_is_a_new_password_and_signs_other_devices_out(
        self, school: Cast, client: Client, client_for
    ) -> None:
        mother = school.mother
        elsewhere = client_for(mother)
        Person.objects.filter(pk=mother.pk).update(phone="", phone_key="")
        open_link(client, invite(school, mother).url)
        client.post("/join/welcome/", {"action": "password", "password": GOOD})
        mother.account.refresh_from_db()
        assert mother.account.check_password(GOOD)
        assert elsewhere.get("/me/").status_code == 302
        assert Session.objects.filter(account=mother.account).count() == 1

    def test_a_slip_gives_one_person_never_the_others_of_the_account(self, school: Cast, client: Client) -> None:
        here, there = school.in_both_here, school.in_both_there
        account = here.account
        before = account.password
        Person.objects.filter(pk=here.pk).update(phone="", phone_key="")
        open_link(client, invite(school, here).url)
        client.post("/join/welcome/", {"action": "password", "password": GOOD, "username": "apart"})
        account.refresh_from_db()
        here.refresh_from_db()
        there.refresh_from_db()
        assert account.password == before
        assert there.account_id == account.pk
        assert here.account_id != account.pk
        assert client.session["_auth_user_id"] == str(here.account_id)

    def test_the_second_factor_is_asked_for_after_a_slip_too(self, school: Cast, client: Client) -> None:
        from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

        TOTP.activate(school.leader.account, generate_totp_secret())
        Person.objects.filter(pk=school.leader.pk).update(phone="", phone_key="")
        open_link(client, invite(school, school.leader).url)
        response = client.post("/join/welcome/", {"action": "password", "password": "a quiet morning"})
        assert response.url == "/sign-in/code/"
        assert "_auth_user_id" not in client.session
