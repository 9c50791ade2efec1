"""Every page of people and of the school's set-up: who reaches it, that it renders, that forms do what they say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from homeroom.demo.cast import Cast
from homeroom.people.models import Delegation, Guardianship, Invitation, Person, Role, Session
from homeroom.people.public import slips
from homeroom.school.models import CalendarDay, SchoolClass, Term

SETUP = [
    "people:setup", "people:school_details", "people:classes", "people:subjects", "people:terms", "people:calendar",
    "people:modules", "people:staff", "people:families_changed",
]  # fmt: skip
MINE = ["people:me", "people:devices", "people:password", "people:choose_person", "mfa_index"]


@pytest.mark.parametrize("who", ["it_admin", "leader", "office"])
def test_those_who_keep_the_roster_set_up_the_school(school: Cast, client_for, who: str) -> None:
    browser = client_for(getattr(school, who))
    assert {page: browser.get(reverse(page)).status_code for page in SETUP} == dict.fromkeys(SETUP, 200)


@pytest.mark.parametrize("who", ["class_teacher", "grade_leader", "counsellor", "mother", "pupil"])
def test_for_everybody_else_these_pages_do_not_exist(school: Cast, client_for, who: str) -> None:
    browser = client_for(getattr(school, who))
    assert {page: browser.get(reverse(page)).status_code for page in SETUP} == dict.fromkeys(SETUP, 404)


@pytest.mark.parametrize("who", ["leader", "class_teacher", "mother", "in_both_here", "pupil"])
def test_everybody_has_their_own_pages(school: Cast, client_for, who: str) -> None:
    browser = client_for(getattr(school, who))
    assert {page: browser.get(reverse(page)).status_code for page in MINE} == dict.fromkeys(MINE, 200)


class TestSettingUp:
    def test_a_step_is_ticked_by_hand(self, school: Cast, client_for) -> None:
        client_for(school.office).post(reverse("people:setup"), {"step": "modules", "done": "1"})
        school.school.refresh_from_db()
        assert school.school.setup_done == ["modules"]

    def test_the_office_does_not_rename_the_school(self, school: Cast, client_for) -> None:
        typed = {"name": "另一个名字", "stages": ["primary"], "time_zone": "Asia/Shanghai"}
        assert client_for(school.office).post(reverse("people:school_details"), typed).status_code == 403
        client_for(school.leader).post(reverse("people:school_details"), {**typed, "short_name": "阳光"})
        school.school.refresh_from_db()
        assert school.school.name == "另一个名字"

    def test_classes_are_added_renamed_and_closed_when_empty(self, school: Cast, client_for) -> None:
        browser, grade = client_for(school.office), school.class_a.grade
        browser.post(reverse("people:classes"), {"action": "add", "grade": grade.pk, "count": "4"})
        numbers = list(grade.classes.order_by("number").values_list("number", flat=True))
        assert numbers == [1, 2, 3, 4]
        new = SchoolClass.objects.get(grade=grade, number=4)
        browser.post(reverse("people:classes"), {"action": "rename", "school_class": new.pk, "name": "实验班"})
        browser.post(reverse("people:classes"), {"action": "archive", "school_class": new.pk})
        new.refresh_from_db()
        assert (new.name, new.archived_at is None) == ("实验班", False)
        full = browser.post(reverse("people:classes"), {"action": "archive", "school_class": school.class_a.pk})
        assert full.status_code == 422
        school.class_a.refresh_from_db()
        assert school.class_a.archived_at is None

    def test_another_schools_class_cannot_be_touched(self, school: Cast, client_for) -> None:
        typed = {"action": "rename", "school_class": school.class_elsewhere.pk, "name": "x"}
        assert client_for(school.leader).post(reverse("people:classes"), typed).status_code == 404

    def test_holidays_and_make_up_days(self, school: Cast, client_for) -> None:
        browser, page = client_for(school.office), reverse("people:calendar")
        first = school.today + timedelta(days=30)
        span = {
            "action": "days",
            "kind": "closed",
            "starts_on": first,
            "ends_on": first + timedelta(days=6),
            "label": "国庆节",
        }
        browser.post(page, span)
        make_up = {"action": "days", "kind": "make_up", "starts_on": first + timedelta(days=9)}
        assert browser.post(page, make_up).status_code == 422  # whose hours?
        browser.post(page, {**make_up, "as_weekday": "0"})
        assert CalendarDay.objects.filter(school=school.school).count() == 8
        assert browser.get(page).status_code == 200

    def test_several_working_intervals_a_day(self, school: Cast, client_for) -> None:
        page = reverse("people:calendar")
        typed = {"action": "hours", "weekdays": ["0", "2"], "spans": "7:50–11:50\n13：30-17:30\n18:30-20:00"}
        client_for(school.office).post(page, typed)
        assert school.school.working_intervals.filter(weekday=2).count() == 3
        crossed = {**typed, "spans": "8:00-12:00\n11:00-13:00"}
        assert client_for(school.office).post(page, crossed).status_code == 422
        assert school.school.working_intervals.filter(weekday=2).count() == 3

    def test_terms_do_not_overlap(self, school: Cast, client_for) -> None:
        Term.objects.filter(school=school.school).delete()
        browser, page = client_for(school.office), reverse("people:terms")
        typed = {"name": "第一学期", "starts_on": "2027-09-01", "ends_on": "2028-01-20"}
        browser.post(page, typed)
        assert browser.post(page, {**typed, "starts_on": "2027-10-01"}).status_code == 422
        assert Term.objects.get(school=school.school).name == "第一学期"

    def test_subjects_keep_those_somebody_teaches(self, school: Cast, client_for) -> None:
        page = reverse("people:subjects")
        assert client_for(school.office).post(page, {"names": "语文"}).status_code == 422
        names = [*school.school.subjects.values_list("name", flat=True), "书法"]
        client_for(school.office).post(page, {"names": "\n".join(names)})
        assert school.school.subjects.filter(name="书法").exists()


class TestStaff:
    def test_a_new_colleague_gets_a_duty_a_substitute_and_a_slip(self, school: Cast, client_for) -> None:
        browser = client_for(school.it_admin)
        made = browser.post(reverse("people:staff"), {"name": "欧阳明", "phone": "154 0000 7777"})
        person = Person.objects.get(name="欧阳明")
        page = reverse("people:staff_member", args=[person.uuid])
        assert made.url == page
        browser.post(page, {"action": "role", "kind": "class_teacher", "school_class": school.class_a.pk})
        role = Role.objects.get(person=person)
        dates = {"starts_on": school.today, "ends_on": school.today + timedelta(days=3)}
        browser.post(page, {"action": "substitute", "role": role.pk, "person": school.substitute.uuid, **dates})
        assert Role.objects.get(stands_in_for=role).person == school.substitute
        assert browser.get(page).status_code == 200
        sheet = browser.post(reverse("people:print_slips"), {"person": [person.uuid]})
        assert "<svg" in sheet.content.decode()
        assert Invitation.objects.get().person == person
        browser.post(page, {"action": "end", "role": role.pk})
        assert not Role.objects.in_force(school.today).filter(person=person).exists()
        assert not Role.objects.in_force(school.today).filter(stands_in_for=role).exists()

    def test_the_office_gives_no_duty_over_the_whole_school(self, school: Cast, client_for) -> None:
        page = reverse("people:staff_member", args=[school.subject_teacher.uuid])
        assert client_for(school.office).post(page, {"action": "role", "kind": "office"}).status_code == 403
        assert not Role.objects.filter(person=school.subject_teacher, kind="office").exists()

    def test_the_last_it_administrator_stays(self, school: Cast, client_for) -> None:
        role = Role.objects.get(person=school.it_admin, kind="it_administrator")
        page = reverse("people:staff_member", args=[school.it_admin.uuid])
        assert client_for(school.leader).post(page, {"action": "end", "role": role.pk}).status_code == 422
        assert Role.objects.in_force(school.today).filter(pk=role.pk).exists()

    def test_a_lost_phone_is_mended_by_somebody_else(self, school: Cast, client_for) -> None:
        office = client_for(school.office)
        assert office.get(reverse("people:me")).status_code == 200
        page = reverse("people:staff_member", args=[school.office.uuid])
        assert office.post(page, {"action": "second_factor"}).status_code == 403
        client_for(school.it_admin).post(page, {"action": "second_factor"})
        assert office.get(reverse("people:me")).status_code == 302  # signed out


class TestGuardians:
    def page(self, child: Person) -> str:
        return reverse("people:guardians", args=[child.uuid])

    def test_a_custody_note_is_for_those_who_may_change_it(self, school: Cast, client_for) -> None:
        edge = Guardianship.objects.get(guardian=school.restricted_guardian, student=school.restricted_child)
        edge.custody_note = "法院判决见档案 7 号"
        edge.save()
        page = self.page(school.restricted_child)
        for who in ("class_teacher", "office", "leader"):
            assert "档案 7 号" in client_for(getattr(school, who)).get(page).content.decode()
        for who in ("subject_teacher", "grade_leader", "counsellor", "restricted_mother"):
            answer = client_for(getattr(school, who)).get(page).content.decode()
            assert "档案 7 号" not in answer
            assert school.restricted_guardian.name not in answer  # nor that somebody is barred

    @pytest.mark.parametrize("who", ["restricted_guardian", "guardian_b", "other_class_teacher", "leader_elsewhere"])
    def test_strangers_to_the_child_find_no_page(self, school: Cast, client_for, who: str) -> None:
        for name in ("people:guardians", "people:why"):
            address = reverse(name, args=[school.restricted_child.uuid])
            assert client_for(getattr(school, who)).get(address).status_code == 404

    def test_the_class_teacher_bars_a_guardian_at_once(self, school: Cast, client_for) -> None:
        edge = Guardianship.objects.get(guardian=school.father, student=school.child_a)
        browser = client_for(school.class_teacher)
        typed = {"action": "change", "edge": edge.pk, "relation": "father", "contact_order": "2"}
        browser.post(self.page(school.child_a), {**typed, "restriction": "no_contact"})
        assert client_for(school.father).get(self.page(school.child_a)).status_code == 404
        assert "no_contact" in Guardianship.objects.get(pk=edge.pk).restriction
        assert client_for(school.mother).get(self.page(school.child_a)).status_code == 200

    def test_a_subject_teacher_changes_nothing(self, school: Cast, client_for) -> None:
        edge = Guardianship.objects.get(guardian=school.father, student=school.child_a)
        typed = {"action": "end", "edge": edge.pk}
        assert client_for(school.subject_teacher).post(self.page(school.child_a), typed).status_code == 403
        edge.refresh_from_db()
        assert edge.ends_on is None

    def test_a_known_name_and_number_is_the_same_person(self, school: Cast, client_for) -> None:
        grandfather = school.grandfather
        before = Person.objects.count()
        typed = {"action": "add", "name": grandfather.name, "phone": grandfather.phone, "relation": "relative"}
        client_for(school.class_teacher).post(self.page(school.child_a), typed)
        assert Guardianship.objects.filter(guardian=grandfather, student=school.child_a).exists()
        assert Person.objects.count() == before

    def test_why_names_everybody_with_a_reason(self, school: Cast, client_for) -> None:
        address = reverse("people:why", args=[school.child_a.uuid])
        page = client_for(school.class_teacher).get(address).content.decode()
        for who in (
            "mother",
            "father",
            "delegate",
            "class_teacher",
            "subject_teacher",
            "substitute",
            "grade_leader",
            "leader",
        ):
            assert getattr(school, who).name in page, who
        for who in ("guardian_b", "other_class_teacher"):
            assert getattr(school, who).name not in page, who

    def test_why_never_tells_a_family_how_the_other_side_is_restricted(self, school: Cast, client_for) -> None:
        edge = Guardianship.objects.get(guardian=school.father, student=school.child_a)
        edge.restriction = Guardianship.Restriction.NO_PICK_UP
        edge.save()
        address = reverse("people:why", args=[school.child_a.uuid])
        words = str(edge.get_restriction_display())
        assert words in client_for(school.class_teacher).get(address).content.decode()
        assert words not in client_for(school.mother).get(address).content.decode()


class TestStandingIn:
    def typed(self, school: Cast, person: Person, **changes: object) -> dict[str, object]:
        return {
            "name": person.name, "phone": person.phone, "starts_on": school.today,
            "ends_on": school.today + timedelta(days=7), "may_confirm": "on", **changes,
        }  # fmt: skip

    def test_a_mother_asks_an_adult_of_the_school_and_takes_it_back(self, school: Cast, client_for) -> None:
        browser, page = client_for(school.mother), reverse("people:my_child", args=[school.child_a.uuid])
        browser.post(page, self.typed(school, school.grandfather, sees_records="on"))
        row = Delegation.objects.get(delegate=school.grandfather)
        assert (row.sees_records, row.may_confirm, row.may_pick_up) == (True, True, False)
        assert school.grandfather.name in browser.get(page).content.decode()
        browser.post(reverse("people:take_back", args=[row.pk]))
        row.refresh_from_db()
        assert row.revoked_at is not None

    def test_a_wrong_name_or_number_tells_nothing(self, school: Cast, client_for) -> None:
        page = reverse("people:my_child", args=[school.child_a.uuid])
        browser = client_for(school.mother)
        for wrong in ({"name": "别人"}, {"phone": "15400001234"}):
            assert browser.post(page, self.typed(school, school.grandfather, **wrong)).status_code == 422
        assert not Delegation.objects.filter(delegate=school.grandfather).exists()

    def test_nobody_takes_back_what_another_lent(self, school: Cast, client_for) -> None:
        row = Delegation.objects.filter(delegate=school.delegate).first()
        answer = client_for(school.father).post(reverse("people:take_back", args=[row.pk]))
        assert answer.status_code == 404
        row.refresh_from_db()
        assert row.revoked_at is None


class TestDevices:
    def test_leaving_one_device_ends_its_session(self, school: Cast, client_for) -> None:
        here, there = client_for(school.mother), client_for(school.mother)
        device = Session.objects.get(pk=there.session.session_key)
        here.post(reverse("people:devices"), {"device": device.uuid})
        assert there.get(reverse("people:me")).status_code == 302
        assert here.get(reverse("people:me")).status_code == 200

    def test_leaving_all_others_tells_who_cuts_the_sockets(self, school: Cast, client_for, monkeypatch) -> None:
        from homeroom.people import sessions

        told: list[tuple[int, frozenset[str]]] = []
        monkeypatch.setattr(sessions, "_listeners", [lambda account, keys: told.append((account, keys))])
        here, there = client_for(school.mother), client_for(school.mother)
        here.post(reverse("people:devices"))
        assert told == [(school.mother.account_id, frozenset({there.session.session_key}))]

    def test_another_persons_device_cannot_be_ended(self, school: Cast, client_for) -> None:
        theirs = client_for(school.father)
        device = Session.objects.get(pk=theirs.session.session_key)
        assert client_for(school.mother).post(reverse("people:devices"), {"device": device.uuid}).status_code == 404
        assert theirs.get(reverse("people:me")).status_code == 200

    def test_a_new_password_signs_the_other_devices_out(self, school: Cast, client_for) -> None:
        here, there = client_for(school.mother), client_for(school.mother)
        page = reverse("people:password")
        assert here.post(page, {"old": "wrong", "new": "a quiet morning"}).status_code == 422
        assert here.post(page, {"old": "sunny-school", "new": "12345678"}).status_code == 422
        assert there.get(reverse("people:me")).status_code == 200
        here.post(page, {"old": "sunny-school", "new": "a quiet morning"})
        assert there.get(reverse("people:me")).status_code == 302
        assert here.get(reverse("people:me")).status_code == 200

    def test_a_forged_person_in_the_session_is_nobody(self, school: Cast, client_for) -> None:
        browser = client_for(school.mother)
        session = browser.session
        session["person"] = school.leader.pk
        session.save()
        answer = browser.get(reverse("people:me"))
        assert school.leader.name not in answer.content.decode()
        assert browser.get(reverse("people:setup")).status_code in {302, 404}

    def test_the_person_chosen_must_be_ones_own(self, school: Cast, client_for) -> None:
        answer = client_for(school.mother).post(reverse("people:choose_person"), {"person": school.leader.uuid})
        assert answer.status_code == 404


class TestSlips:
    def test_a_class_teacher_prints_those_who_are_missing(self, school: Cast, client_for) -> None:
        browser = client_for(school.class_teacher)
        page = browser.get(reverse("people:invitations")).content.decode()
        assert school.sms_only_child.name in page
        sheet = browser.post(reverse("people:print_slips"), {"person": [school.grandfather.uuid]}).content.decode()
        assert sheet.count('class="slip"') == 1
        assert browser.post(reverse("people:print_slips"), {"person": [school.guardian_b.uuid]}).status_code == 403

    def test_a_family_prints_nothing(self, school: Cast, client_for) -> None:
        assert client_for(school.mother).get(reverse("people:invitations")).status_code == 404
        typed = {"person": [school.father.uuid]}
        assert client_for(school.mother).post(reverse("people:print_slips"), typed).status_code == 403

    def test_what_a_slip_shows(self, school: Cast) -> None:
        from django.utils import timezone

        from homeroom.people.services import create_invitations

        [slip] = slips(create_invitations(actor=school.office, person_ids=[school.grandfather.pk], now=timezone.now()))
        assert slip["label"].startswith(school.sms_only_child.name)
        assert len(slip["code"]) == 9
        assert slip["qr"].startswith("<svg")
