"""Whose number is shown to whom, and that nobody is slipped into a family unseen."""

from __future__ import annotations

import pytest
from django.urls import reverse

from homeroom.demo.cast import Cast
from homeroom.kit.errors import NotAllowed
from homeroom.people import services
from homeroom.people.models import Guardianship, Person


def page(client_for, who: Person, child: Person) -> str:
    return client_for(who).get(reverse("people:guardians", args=[child.uuid])).content.decode()


class TestPhones:
    @pytest.mark.parametrize(
        "who", ["class_teacher", "substitute", "grade_leader", "counsellor", "office", "leader", "it_admin"]
    )
    def test_whoever_must_call_a_family_sees_the_number(self, school: Cast, client_for, who: str) -> None:
        assert school.mother.phone in page(client_for, getattr(school, who), school.child_a)

    @pytest.mark.parametrize("who", ["subject_teacher", "father"])
    def test_others_who_see_the_child_do_not(self, school: Cast, client_for, who: str) -> None:
        shown = page(client_for, getattr(school, who), school.child_a)
        assert school.mother.name in shown
        assert school.mother.phone not in shown

    def test_a_teacher_sees_no_number_as_a_parent(self, school: Cast, client_for) -> None:
        teacher, child = school.teacher_parent, school.child_of_teacher
        Guardianship.objects.create(school=child.school, guardian=school.father, student=child, relation="father")
        shown = page(client_for, teacher, child)
        assert school.father.name in shown
        assert school.father.phone not in shown

    def test_a_class_teacher_sees_no_number_of_the_class_of_an_own_child(self, school: Cast, client_for) -> None:
        child = school.child_of_teacher
        Guardianship.objects.create(school=child.school, guardian=school.father, student=child, relation="father")
        Guardianship.objects.create(
            school=child.school, guardian=school.class_teacher, student=child, relation="stepmother"
        )
        assert school.father.phone not in page(client_for, school.class_teacher, child)


class TestAdding:
    def add(self, actor: Person, child: Person, guardian: Person | None, **details: str) -> Guardianship:
        return services.add_guardian(actor=actor, student=child, guardian=guardian, relation="relative", **details)

    @pytest.mark.parametrize("who", ["guardian_b", "guardian_of_two", "office"])
    def test_a_class_teacher_takes_nobody_from_another_family(self, school: Cast, who: str) -> None:
        guardian = getattr(school, who)
        Person.objects.filter(pk=guardian.pk).update(account=None)
        with pytest.raises(NotAllowed):
            self.add(school.class_teacher, school.child_a, Person.objects.get(pk=guardian.pk))
        assert not Guardianship.objects.filter(guardian=guardian, student=school.child_a).exists()

    def test_the_office_does(self, school: Cast) -> None:
        assert self.add(school.office, school.child_a, school.guardian_b).pk

    def test_a_class_teacher_adds_somebody_new_and_somebody_of_the_class(self, school: Cast) -> None:
        assert self.add(school.class_teacher, school.child_a, None, name="新姥姥", phone="15400001234").pk
        assert self.add(school.class_teacher, school.child_a, school.grandfather).pk

    def test_the_office_sees_what_class_teachers_changed(self, school: Cast, client_for) -> None:
        self.add(school.class_teacher, school.child_a, None, name="新姥姥")
        self.add(school.office, school.child_b, None, name="旧姥爷")
        shown = client_for(school.office).get(reverse("people:families_changed")).content.decode()
        assert school.child_a.name in shown
        assert "王老师" in shown
        assert school.child_b.name not in shown
        why = client_for(school.office).get(reverse("people:why", args=[school.child_a.uuid])).content.decode()
        assert "王老师" in why

    @pytest.mark.parametrize("who", ["class_teacher", "counsellor", "mother"])
    def test_that_page_is_for_the_office(self, school: Cast, client_for, who: str) -> None:
        assert client_for(getattr(school, who)).get(reverse("people:families_changed")).status_code == 404

    def test_another_schools_changes_are_not_shown(self, school: Cast, client_for) -> None:
        self.add(school.teacher_elsewhere, school.child_elsewhere, None, name="别处的人")
        shown = client_for(school.office).get(reverse("people:families_changed")).content.decode()
        assert school.child_elsewhere.name not in shown
