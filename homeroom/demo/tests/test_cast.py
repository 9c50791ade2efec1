"""The cast is what every other test believes it to be."""

from __future__ import annotations

from homeroom.people.models import Guardianship, Person
from homeroom.people.public import children_of, guardian_pairs, label


def test_the_mother_of_two_has_children_in_two_classes(school):
    children = children_of(school.guardian_of_two)
    assert {child.class_name for child in children} == {"三年级2班", "五年级1班"}


def test_one_pair_for_each_guardian_and_child_and_none_for_the_barred_father(school):
    pairs = guardian_pairs([pupil.pk for pupil in school.pupils_a], on=school.today)
    assert (school.restricted_guardian.pk, school.restricted_child.pk) not in {
        (p.person_id, p.student_id) for p in pairs
    }
    assert (school.delegate.pk, school.child_a.pk) in {(p.person_id, p.student_id) for p in pairs}
    assert sum(p.person_id == school.guardian_of_twins.pk for p in pairs) == 2


def test_the_substitute_acts_for_the_class_teacher(school):
    assert school.substitute.acts_for(school.class_teacher.pk)
    assert school.substitute.heads_class(school.class_a.pk)


def test_only_the_grandfather_and_pupils_cannot_sign_in(school):
    without = set(Person.objects.filter(account=None).values_list("pk", flat=True))
    pupils = set(Guardianship.objects.values_list("student_id", flat=True)) - {school.pupil.pk}
    assert without == pupils | {school.grandfather.pk}


def test_the_father_of_both_schools_is_two_persons_with_one_account(school):
    assert school.in_both_here.account_id == school.in_both_there.account_id
    assert school.in_both_here.school_id != school.in_both_there.school_id


def test_everyone_has_a_verified_label(school):
    assert "张小雨" in label(school.mother)
    assert "数学" in label(school.subject_teacher)


def test_building_the_cast_takes_few_statements(db, django_assert_max_num_queries):
    from homeroom.demo.cast import build_cast

    with django_assert_max_num_queries(45):
        build_cast()
