"""Two entries of one human become one: everything follows, nothing is lost in silence, nobody climbs by it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test.utils import CaptureQueriesContext

from homeroom.audit.models import Entry
from homeroom.conversations.models import Membership
from homeroom.conversations.public import open_family_thread, post_message
from homeroom.delivery.models import Recipient
from homeroom.delivery.public import Asked, confirm, feed, send_item
from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.kit.ids import new_id
from homeroom.people import following
from homeroom.people.access import visible_students
from homeroom.people.models import Account, Delegation, Enrolment, Guardianship, Invitation, Person, Role, Session
from homeroom.people.public import create_invitations, phone_key
from homeroom.people.services import merge_persons, preview_merge
from homeroom.questions.models import QuestionEvent
from homeroom.roster.models import RosterEdge


@pytest.fixture
def twin(school) -> Person:
    """The mother's second entry, made by hand: another number, no account, a guardian of a child of class_b."""
    number = "15499990000"
    person = Person.objects.create(
        school=school.school, name="李梅", phone=number, phone_key=phone_key(number), address="和平路 8 号"
    )
    Guardianship.objects.create(school=school.school, guardian=person, student=school.pupils_b[0], relation="mother")
    return person


def send(school, people: list[Person], student: Person, now, **details: Any):
    return send_item(
        actor=school.class_teacher, school=school.school, kind="plain", source_id=None, sender=school.class_teacher,
        title="请确认", lead="", level="confirm", priority="routine", now=now,
        recipients=[Asked(person.pk, student.pk) for person in people], **details,
    )  # fmt: skip


def named_anywhere(person: Person) -> list[str]:
    keys = [key for key in following.keys_to_person() if key.model._default_manager.filter(**{key.name: person})]
    plain = [
        f"{model._meta.label}.{column}"
        for model, column in following.plain_columns()
        if model._default_manager.filter(**{column: person.pk})
    ]
    return [f"{key.model._meta.label}.{key.name}" for key in keys] + plain


def test_every_table_that_names_a_person_is_found():
    found = {f"{key.model._meta.label}.{key.name}" for key in following.keys_to_person()}
    assert len(found) >= 50
    assert {
        "people.Guardianship.guardian", "people.Session.person", "groups.SavedGroup_keepers.person",
        "delivery.Settings.person", "delivery.Reply.author", "conversations.Message.author", "demo.Member.person",
    } <= found  # fmt: skip


def test_every_rule_is_about_a_table_with_a_row_for_each_person():
    one_each = {key.model._meta.label for key in following.keys_to_person() if following.unique_sets(key)}
    assert following._joins.keys() <= one_each
    assert {model._meta.label for model, _column in following.plain_columns()} == {
        label for label, _column in following._plain
    }


def test_everything_follows(school, twin, now):
    mine, theirs = school.child_a, school.pupils_b[0]
    item = send(school, [school.mother], mine, now)
    other_item = send(school, [twin], theirs, now)
    thread = open_family_thread(actor=school.mother, student=mine, teacher=school.class_teacher, now=now)
    post_message(actor=school.mother, conversation=thread, text="您好", client_key=new_id(), now=now)
    Role.objects.create(school=school.school, person=school.mother, kind="counsellor")
    account = school.mother.account

    merge_persons(actor=school.leader, kept=twin, other=school.mother, now=now)

    assert named_anywhere(school.mother) == []
    kept = Person.objects.select_related("school").get(pk=twin.pk)
    assert kept.account == account
    assert set(visible_students(kept).values_list("pk", flat=True)) >= {mine.pk, theirs.pk}
    assert kept.has_role("counsellor")
    assert {card.item_id for card in feed(kept, now=now).cards} >= {item.pk, other_item.pk}
    assert Membership.objects.filter(conversation=thread, person=kept, left_at=None).count() == 1
    gone = Person.objects.get(pk=school.mother.pk)
    assert gone.archived_at == now
    assert gone.account is None
    entry = Entry.objects.get(action="person.merged")
    assert (entry.target_id, entry.details["other_id"]) == (twin.pk, gone.pk)
    assert entry.actor == f"person:{school.leader.pk}" or str(school.leader.pk) in str(entry.actor)


def test_what_is_different_stays_as_the_kept_entry_has_it_and_is_told_before(school, twin, now):
    plan = preview_merge(actor=school.office, kept=school.mother, other=twin)
    assert [str(text) for text in plan.dropped] == ["手机号"]
    assert [str(text) for text in plan.taken] == ["地址"]
    assert [edge.student_id for edge in plan.children] == [school.pupils_b[0].pk]
    number = school.mother.phone
    merge_persons(actor=school.office, kept=school.mother, other=twin, now=now)
    kept = Person.objects.get(pk=school.mother.pk)
    assert (kept.phone, kept.address) == (number, "和平路 8 号")


def test_a_teacher_goes_into_an_entry_without_number(school, twin, now):
    merge_persons(actor=school.leader, kept=twin, other=school.subject_teacher, now=now)
    kept = Person.objects.select_related("school").get(pk=twin.pk)
    assert kept.staff_number == school.subject_teacher.staff_number
    assert kept.teaches_class(school.class_c.pk)


def test_two_copies_of_a_notice_are_one_that_was_confirmed(school, twin, now):
    Guardianship.objects.create(school=school.school, guardian=twin, student=school.child_a, relation="mother")
    item = send(school, [school.mother, twin], school.child_a, now, household_rule="each")
    later = now + timedelta(minutes=5)
    confirm(actor=school.mother, item=item, student_ids=[school.child_a.pk], now=later)
    merge_persons(actor=school.office, kept=twin, other=school.mother, now=later)
    copy = Recipient.objects.get(item=item, student=school.child_a)
    assert (copy.person_id, copy.confirmed_at, copy.done_at) == (twin.pk, later, later)


def test_two_edges_to_one_child_give_the_rights_of_either(school, twin, now):
    edge = Guardianship.objects.get(guardian=school.mother, student=school.child_a)
    edge.may_sign, edge.ends_on = False, school.today
    edge.save()
    Guardianship.objects.create(
        school=school.school, guardian=twin, student=school.child_a, relation="other", sees_records=False
    )
    merge_persons(actor=school.office, kept=school.mother, other=twin, now=now)
    edge.refresh_from_db()
    assert (edge.may_sign, edge.sees_records, edge.ends_on, edge.relation) == (True, True, None, "mother")


class TestAccounts:
    @pytest.fixture
    def second(self, twin) -> Account:
        twin.account = Account.objects.create_user("limei2", "moon-school-9")
        twin.save()
        return twin.account

    def test_of_two_in_use_one_is_chosen(self, school, twin, second, now):
        first = school.mother.account
        Account.objects.filter(pk__in=[first.pk, second.pk]).update(last_login=now)
        with pytest.raises(Invalid) as refused:
            merge_persons(actor=school.leader, kept=school.mother, other=twin, now=now)
        assert "account" in refused.value.fields
        assert not Person.objects.filter(pk=twin.pk, archived_at__isnull=False).exists()

        merge_persons(actor=school.leader, kept=school.mother, other=twin, now=now, account=second.uuid)
        assert Person.objects.get(pk=school.mother.pk).account == second
        assert not Account.objects.get(pk=first.pk).is_active

    def test_the_one_in_use_stays(self, school, twin, second, now):
        Account.objects.filter(pk=second.pk).update(last_login=now)
        now_known = Person.objects.get(pk=twin.pk)
        assert preview_merge(actor=school.office, kept=school.mother, other=now_known).account == second
        merge_persons(actor=school.office, kept=school.mother, other=twin, now=now)
        assert Person.objects.get(pk=school.mother.pk).account == second

    def test_an_account_that_acts_elsewhere_is_not_closed(self, school, twin, second, now):
        Account.objects.filter(pk__in=[second.pk, school.in_both_here.account_id]).update(last_login=now)
        both = school.in_both_here
        merge_persons(actor=school.leader, kept=twin, other=both, now=now, account=second.uuid)
        assert Account.objects.get(pk=both.account_id).is_active
        assert Person.objects.get(pk=school.in_both_there.pk).account_id == both.account_id

    def test_open_pages_and_slips_of_the_other_entry_end(self, school, twin, client_for, now):
        client = client_for(school.mother)
        (issued,) = create_invitations(actor=school.office, person_ids=[school.mother.pk], now=now)
        merge_persons(actor=school.office, kept=twin, other=school.mother, now=now)
        assert not Session.objects.filter(account=school.mother.account).exists()
        assert client.get("/").status_code == 302
        assert issued.url
        assert not Invitation.objects.filter(used_at=None, revoked_at=None).exists()


class TestRefused:
    @pytest.fixture(autouse=True)
    def nothing_happened(self, school):
        yield
        assert not Person.objects.filter(archived_at__isnull=False).exists()
        assert not Entry.objects.filter(action="person.merged").exists()

    @pytest.mark.parametrize("who", ["class_teacher", "subject_teacher", "mother", "father", "leader_elsewhere"])
    def test_to_these_people(self, school, twin, who, now):
        with pytest.raises(NotAllowed):
            merge_persons(actor=getattr(school, who), kept=school.mother, other=twin, now=now)

    def test_to_put_oneself_together_with_somebody(self, school, now):
        for kept, other in ((school.office, school.mother), (school.mother, school.office)):
            with pytest.raises(NotAllowed):
                merge_persons(actor=school.office, kept=kept, other=other, now=now)

    def test_to_reach_a_duty_over_the_school(self, school, twin, now):
        with pytest.raises(NotAllowed):
            merge_persons(actor=school.office, kept=twin, other=school.leader, now=now)

    def test_for_pupils(self, school, now):
        with pytest.raises(Invalid):
            merge_persons(actor=school.office, kept=school.twin_one, other=school.twin_two, now=now)
        assert Enrolment.objects.filter(student=school.twin_two).exists()

    def test_across_schools(self, school, now):
        with pytest.raises((Invalid, NotAllowed)):
            merge_persons(actor=school.office, kept=school.mother, other=school.guardian_elsewhere, now=now)

    def test_while_restrictions_differ(self, school, now):
        other = Person.objects.create(school=school.school, name="赵铁军")
        Guardianship.objects.create(school=school.school, guardian=other, student=school.restricted_child)
        with pytest.raises(Invalid, match="赵晨阳"):
            merge_persons(actor=school.office, kept=other, other=school.restricted_guardian, now=now)

    def test_where_nobody_said_what_becomes_of_both_rows(self, school, twin, now, monkeypatch):
        Guardianship.objects.create(school=school.school, guardian=twin, student=school.child_a)
        monkeypatch.delitem(following._joins, "people.Guardianship")
        with pytest.raises(Invalid, match=r"people\.Guardianship"):
            merge_persons(actor=school.office, kept=school.mother, other=twin, now=now)


class TestNobodyClimbs:
    @pytest.fixture
    def second(self, twin) -> Account:
        twin.account = Account.objects.create_user("limei2", "moon-school-9")
        twin.save()
        return twin.account

    @pytest.fixture
    def edges(self, school, twin) -> tuple[Guardianship, Guardianship]:
        """Of the mother, whose entry stays, and of the other entry, to the same child."""
        other = Guardianship.objects.create(school=school.school, guardian=twin, student=school.child_a)
        return Guardianship.objects.get(guardian=school.mother, student=school.child_a), other

    def test_the_office_does_not_choose_between_accounts_in_use(self, school, twin, second, client_for, now):
        Account.objects.filter(pk__in=[second.pk, school.mother.account_id]).update(last_login=now)
        kept, mother = (Person.objects.get(pk=one.pk) for one in (twin, school.mother))
        plan = preview_merge(actor=school.office, kept=kept, other=mother)
        assert "校领导" in str(plan.stops[0])
        with pytest.raises(NotAllowed, match="校领导"):
            merge_persons(actor=school.office, kept=twin, other=school.mother, now=now, account=second.uuid)
        address = f"/school/people/{twin.uuid}/same/"
        seen = client_for(school.office).get(address, {"other": str(school.mother.uuid)}).content.decode()
        assert "校领导" in seen
        assert 'name="other"' not in seen
        chosen = {"other": str(school.mother.uuid), "account": str(second.uuid)}
        assert client_for(school.office).post(address, chosen).status_code in {403, 404, 422}
        assert Account.objects.get(pk=school.mother.account_id).is_active

    def test_nor_closes_an_account_with_a_second_factor_for_one_without(self, school, twin, second, now):
        Account.objects.filter(pk=second.pk).update(last_login=now)
        Authenticator.objects.create(user=school.mother.account, type=Authenticator.Type.TOTP, data={})
        with pytest.raises(NotAllowed):
            merge_persons(actor=school.office, kept=school.mother, other=twin, now=now)
        merge_persons(actor=school.leader, kept=school.mother, other=twin, now=now)
        assert Person.objects.get(pk=school.mother.pk).account == second

    def test_open_slips_of_the_entry_that_stays_end_too(self, school, twin, now):
        create_invitations(actor=school.office, person_ids=[twin.pk], now=now)
        merge_persons(actor=school.office, kept=twin, other=school.mother, now=now)
        assert not Invitation.objects.filter(used_at=None, revoked_at=None).exists()

    def test_a_duty_over_the_school_that_begins_tomorrow_counts(self, school, twin, now):
        role = Role.objects.create(
            school=school.school, person=twin, kind="school_leader", starts_on=school.today + timedelta(days=1)
        )
        with pytest.raises(NotAllowed):
            merge_persons(actor=school.office, kept=school.mother, other=twin, now=now)
        role.starts_on, role.ends_on = None, school.today - timedelta(days=1)
        role.save()
        merge_persons(actor=school.office, kept=school.mother, other=twin, now=now)

    def test_who_runs_the_installation_is_put_together_with_nobody(self, school, twin, now):
        Account.objects.filter(pk=school.mother.account_id).update(runs_installation=True)
        mother = Person.objects.get(pk=school.mother.pk)
        for kept, other in ((mother, twin), (twin, mother)):
            with pytest.raises(Invalid, match="管理本系统"):
                merge_persons(actor=school.leader, kept=kept, other=other, now=now)

    @pytest.mark.parametrize("over_is_kept", [True, False])
    def test_an_edge_that_is_over_gives_no_rights(self, school, twin, edges, now, over_is_kept):
        over, live = edges if over_is_kept else reversed(edges)
        over.ends_on = school.today - timedelta(days=1)
        over.save()
        live.may_sign, live.ends_on = False, school.today + timedelta(days=9)
        live.save()
        lent = Delegation.objects.create(
            school=school.school, guardianship=over, delegate=school.father, sees_records=True,
            starts_on=school.today - timedelta(days=9), ends_on=school.today + timedelta(days=9),
        )  # fmt: skip
        merge_persons(actor=school.office, kept=school.mother, other=twin, now=now)
        edge = Guardianship.objects.get(guardian=school.mother, student=school.child_a)
        assert (edge.may_sign, edge.starts_on, edge.ends_on) == (False, live.starts_on, live.ends_on)
        lent.refresh_from_db()
        assert lent.revoked_at is not None

    def test_of_one_that_is_over_and_one_to_come_none_is_in_force_today(self, school, twin, edges, now):
        over, to_come = edges
        over.ends_on, to_come.starts_on = school.today - timedelta(days=1), school.today + timedelta(days=5)
        over.save()
        to_come.save()
        merge_persons(actor=school.office, kept=school.mother, other=twin, now=now)
        edge = Guardianship.objects.get(guardian=school.mother, student=school.child_a)
        assert (edge.starts_on, edge.ends_on) == (to_come.starts_on, None)

    @pytest.mark.parametrize("both", [True, False])
    def test_what_a_roster_file_made_stays_the_files_to_end(self, school, twin, edges, now, both):
        mine, theirs = edges
        RosterEdge.objects.create(school=school.school, guardianship=theirs)
        if both:
            RosterEdge.objects.create(school=school.school, guardianship=mine, ended=True)
        merge_persons(actor=school.office, kept=school.mother, other=twin, now=now)
        assert [(row.guardianship_id, row.ended) for row in RosterEdge.objects.all()] == [(mine.pk, False)]


def test_many_copies_that_both_have_cost_a_few_queries_each(school, twin, now):
    Guardianship.objects.create(school=school.school, guardian=twin, student=school.child_a)
    for _number in range(40):
        send(school, [school.mother, twin], school.child_a, now, household_rule="each")
    with CaptureQueriesContext(connection) as first:
        assert len(following.clashes(school.mother, twin)) == 41
    assert len(first) < 150
    with CaptureQueriesContext(connection) as all_of_it:
        moved = following.follow(school.mother, twin)
    assert moved["delivery.Recipient"] == 40
    assert len(all_of_it) < 400 + 40 * 10


def test_figures_follow(school, twin, now):
    event = QuestionEvent.objects.create(
        school=school.school, act="asked", at=now, person_id=twin.pk, owner_id=twin.pk, role="asker"
    )
    merge_persons(actor=school.office, kept=school.mother, other=twin, now=now)
    event = QuestionEvent.objects.get(pk=event.pk)
    assert (event.person_id, event.owner_id) == (school.mother.pk, school.mother.pk)
    assert {("conversations.Exchange", "guardian_id"), ("conversations.Exchange", "teacher_id")} <= {
        (model._meta.label, column) for model, column in following.plain_columns()
    }


class TestPage:
    def url(self, person: Person, other: Person | None = None) -> str:
        return f"/school/people/{person.uuid}/same/" + (f"?other={other.uuid}" if other else "")

    def test_the_office_finds_the_other_entry_sees_what_will_happen_and_does_it(self, school, twin, client_for):
        client = client_for(school.office)
        assert str(twin.uuid) in client.get(self.url(school.mother)).content.decode()
        seen = client.get(self.url(school.mother, twin)).content.decode()
        assert school.pupils_b[0].name in seen
        assert "limei" in seen
        done = client.post(self.url(school.mother), {"other": str(twin.uuid)})
        assert done.status_code == 302
        assert Guardianship.objects.filter(guardian=school.mother, student=school.pupils_b[0]).exists()
        assert client.get(done["Location"]).status_code == 200

    def test_found_by_number(self, school, twin, client_for):
        found = client_for(school.office).get(self.url(school.father) + "?q=15499990000").content.decode()
        assert str(twin.uuid) in found
        assert str(school.mother.uuid) not in found

    def test_an_account_must_be_chosen_and_nothing_is_lost_by_forgetting_it(self, school, twin, client_for, now):
        twin.account = Account.objects.create_user("limei2", "moon-school-9")
        twin.save()
        Account.objects.filter(persons__in=[twin, school.mother]).update(last_login=now)
        client = client_for(school.leader)
        again = client.post(self.url(school.mother), {"other": str(twin.uuid)})
        assert again.status_code == 422
        assert "limei2" in again.content.decode()
        choice = {"other": str(twin.uuid), "account": str(twin.account.uuid)}
        assert client.post(self.url(school.mother), choice).status_code == 302

    def test_what_stops_it_is_said_and_there_is_no_button(self, school, client_for):
        seen = client_for(school.office).get(self.url(school.twin_one, school.twin_two)).content.decode()
        assert "学生" in seen
        assert 'name="other"' not in seen

    @pytest.mark.parametrize("who", ["class_teacher", "mother", "leader_elsewhere"])
    def test_it_is_nobody_elses_page(self, school, twin, client_for, who):
        assert client_for(getattr(school, who)).get(self.url(school.mother, twin)).status_code == 404

    def test_an_entry_of_another_school_does_not_exist(self, school, client_for):
        assert client_for(school.office).get(self.url(school.mother, school.guardian_elsewhere)).status_code == 404
        odd = client_for(school.office).get(self.url(school.mother) + "?other=x")
        assert odd.status_code == 404
