"""Whom an expression means, and who may say it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from homeroom.demo.cast import Cast
from homeroom.groups import access, picker
from homeroom.groups.models import SavedGroup
from homeroom.groups.public import Audience, describe, preview, register_source, resolve
from homeroom.groups.registry import sources
from homeroom.groups.services import archive_group, save_group
from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.people.models import Enrolment, Guardianship


def of(*parts: str, without: tuple[str, ...] = (), pupils_too: bool = False) -> Audience:
    return Audience.of(parts, without, pupils_too=pupils_too)


def of_class(school_class) -> str:
    return f"class:{school_class.uuid}"


def of_child(person) -> str:
    return f"student:{person.uuid}"


def meant(school: Cast, audience: Audience) -> set[tuple[int, int]]:
    resolved = resolve(audience, school.school, school.today)
    return {(pair.person_id, pair.student_id) for pair in resolved.pairs}


def test_a_guardian_of_siblings_is_asked_once_for_each_child(school):
    pairs = meant(school, of(of_class(school.class_a), of_class(school.class_c)))
    assert {(school.guardian_of_two.pk, school.sibling_a.pk), (school.guardian_of_two.pk, school.sibling_c.pk)} <= pairs


def test_a_guardian_barred_from_contact_is_never_asked(school):
    pairs = meant(school, of("school"))
    assert not {person for person, _child in pairs} & {school.restricted_guardian.pk}
    assert (school.restricted_mother.pk, school.restricted_child.pk) in pairs


def test_custody_ends_on_its_day(school):
    edge = Guardianship.objects.get(guardian=school.father, student=school.child_a)
    edge.ends_on = school.today - timedelta(days=1)
    edge.save()
    assert (school.father.pk, school.child_a.pk) not in meant(school, of(of_class(school.class_a)))


def test_a_stand_in_is_asked_beside_the_guardian(school):
    pairs = meant(school, of(of_child(school.child_a)))
    assert {school.mother.pk, school.father.pk, school.delegate.pk} == {person for person, _child in pairs}


def test_a_school_never_means_another_school(school):
    pairs = meant(school, of("school"))
    assert not {person for person, _child in pairs} & {school.guardian_elsewhere.pk, school.in_both_there.pk}
    assert meant(school, of(of_class(school.class_elsewhere), of_child(school.child_elsewhere))) == set()


def test_somebody_left_out_is_left_out(school):
    pairs = meant(school, of(of_class(school.class_a), without=(of_child(school.child_a),)))
    assert school.child_a.pk not in {child for _person, child in pairs}
    assert school.twin_one.pk in {child for _person, child in pairs}


def test_pupils_with_an_account_are_asked_too_when_wanted(school):
    resolved = resolve(of(of_class(school.class_c), pupils_too=True), school.school, school.today)
    assert resolved.pupils == [school.pupil.pk]
    assert resolve(of(of_class(school.class_c)), school.school, school.today).pupils == []


def test_a_pupil_who_moved_class_is_met_where_they_are_now(school):
    Enrolment.objects.filter(student=school.child_a).update(school_class=school.class_b)
    assert (school.mother.pk, school.child_a.pk) in meant(school, of(of_class(school.class_b)))
    assert (school.mother.pk, school.child_a.pk) not in meant(school, of(of_class(school.class_a)))


@pytest.mark.parametrize(
    ("who", "allowed", "refused"),
    [
        (
            "class_teacher",
            ["class_a", "child_a", "teachers_of_a"],
            ["class_b", "child_b", "grade", "school", "all_staff"],
        ),
        ("substitute", ["class_a", "child_a"], ["class_b", "school"]),
        ("subject_teacher", ["class_a", "class_c", "my_maths"], ["class_b", "grade", "all_staff"]),
        ("grade_leader", ["class_a", "class_b", "grade", "child_b"], ["class_c", "school"]),
        ("leader", ["class_a", "class_b", "class_c", "grade", "school", "all_staff", "child_b"], []),
        ("office", ["class_a", "class_b", "class_c", "grade", "school", "all_staff"], []),
        ("counsellor", [], ["class_a", "school", "child_a"]),
        ("it_admin", [], ["class_a", "school"]),
        ("mother", [], ["class_a", "child_a", "school"]),
        ("teacher_elsewhere", [], []),
    ],
)
def test_who_may_address_whom(school, who, allowed, refused):
    subject = school.subject_teacher.current_roles[0].subject
    audiences = {
        "class_a": of(of_class(school.class_a)),
        "class_b": of(of_class(school.class_b)),
        "class_c": of(of_class(school.class_c)),
        "child_a": of(of_child(school.child_a)),
        "child_b": of(of_child(school.child_b)),
        "grade": of("grade:primary-3"),
        "school": of("school"),
        "all_staff": of("staff:all"),
        "teachers_of_a": of(f"staff:class:{school.class_a.uuid}"),
        "my_maths": of(f"subject_group:{school.subject_teacher.uuid}:{subject.pk}"),
    }
    actor = getattr(school, who)
    for name in allowed:
        assert access.can_address(actor, audiences[name], school.today), name
    for name in refused:
        assert not access.can_address(actor, audiences[name], school.today), name


def test_a_substitute_who_is_done_reaches_nobody(school):
    school.substitute.roles.update(ends_on=school.today - timedelta(days=1))
    assert not access.can_address(school.substitute, of(of_class(school.class_a)), school.today)


def test_nobody_reaches_further_by_mixing_parts(school):
    mixed = of(of_class(school.class_a), of_child(school.child_b))
    assert not access.can_address(school.class_teacher, mixed, school.today)


def test_teachers_of_a_subject_are_met_where_they_teach_it(school):
    subject = school.subject_teacher.current_roles[0].subject
    pairs = meant(school, of(f"subject_group:{school.subject_teacher.uuid}:{subject.pk}"))
    children = {child for _person, child in pairs}
    assert {school.sibling_a.pk, school.sibling_c.pk} <= children
    assert school.child_b.pk not in children


def test_staff_are_asked_without_a_child(school):
    resolved = resolve(of("staff:all"), school.school, school.today)
    assert school.office.pk in resolved.staff
    assert school.teacher_elsewhere.pk not in resolved.staff
    assert not resolved.pairs


def test_the_preview_names_those_whom_nothing_reaches(school):
    found = preview(of(of_class(school.class_a)), school.school, school.today)
    assert found.students == len(school.pupils_a)
    assert found.guardians < found.pairs  # the twins' mother has two children in the class
    assert [one.student.id for one in found.unreached if one.nobody] == [school.sms_only_child.pk]
    assert found.nobody == 1


def test_a_child_without_a_guardian_is_named(school):
    Guardianship.objects.filter(student=school.child_a).delete()
    found = preview(of(of_class(school.class_a)), school.school, school.today)
    assert school.child_a.pk in {one.student.id for one in found.unreached if one.nobody}


def test_resolving_takes_as_many_statements_for_a_school_as_for_a_child(school, django_assert_max_num_queries):
    for audience in (
        of("school", "staff:all", pupils_too=True),
        of(of_child(school.child_a), "staff:all", pupils_too=True),
    ):
        with django_assert_max_num_queries(7):
            resolve(audience, school.school, school.today)


def test_a_saved_group_means_its_members(school):
    group = save_group(
        actor=school.class_teacher, name="合唱团", kind="club", members=[school.child_a.uuid, school.twin_one.uuid]
    )
    children = {child for _person, child in meant(school, of(f"group:{group.uuid}"))}
    assert children == {school.child_a.pk, school.twin_one.pk}
    assert access.can_address(school.class_teacher, of(f"group:{group.uuid}"), school.today)
    assert not access.can_address(school.other_class_teacher, of(f"group:{group.uuid}"), school.today)


def test_a_teacher_cannot_save_pupils_of_others(school):
    with pytest.raises(NotAllowed):
        save_group(actor=school.class_teacher, name="五年级", kind="other", members=[school.child_b.uuid])
    assert not SavedGroup.objects.exists()


def test_a_guardian_saves_no_group(school):
    with pytest.raises(NotAllowed):
        save_group(actor=school.mother, name="我的群", kind="other", members=[school.child_a.uuid])
    assert not SavedGroup.objects.exists()


def test_a_keeper_writes_to_a_bus_line_across_classes(school):
    group = save_group(
        actor=school.office,
        name="3 号线",
        kind="bus_line",
        members=[school.child_a.uuid, school.child_b.uuid],
        keepers=[school.teacher_parent.uuid],
    )
    line = of(f"group:{group.uuid}")
    assert access.can_address(school.teacher_parent, line, school.today)
    assert not access.can_address(school.subject_teacher, line, school.today)
    assert not access.can_address(school.teacher_parent, of(of_child(school.child_b)), school.today)


def test_only_the_office_or_a_leader_names_keepers(school):
    with pytest.raises(NotAllowed):
        save_group(
            actor=school.class_teacher,
            name="x",
            kind="other",
            members=[school.child_a.uuid],
            keepers=[school.office.uuid],
        )
    assert not SavedGroup.objects.exists()


def test_a_group_that_was_removed_means_nobody(school, now):
    group = save_group(actor=school.class_teacher, name="合唱团", kind="club", members=[school.child_a.uuid])
    archive_group(actor=school.class_teacher, group=group, now=now)
    assert meant(school, of(f"group:{group.uuid}")) == set()


def test_another_module_adds_a_source(school, monkeypatch):
    monkeypatch.delitem(sources, "absent", raising=False)
    register_source("absent", "今天缺勤", lambda there, on: Enrolment.objects.filter(student=school.child_a))
    try:
        pairs = meant(school, of(f"source:absent:{school.class_a.uuid}"))
        assert {child for _person, child in pairs} == {school.child_a.pk}
        assert access.can_address(school.class_teacher, of(f"source:absent:{school.class_a.uuid}"), school.today)
        assert not access.can_address(school.other_class_teacher, of("source:absent"), school.today)
    finally:
        del sources["absent"]


@pytest.mark.parametrize(
    "text",
    [
        "class:1",
        "grade:primary",
        "everyone",
        "staff:boss",
        "school:1",
        "student:",
        "subject_group:x:1",
        "staff:subject:x",
    ],
)
def test_nonsense_is_refused(text):
    with pytest.raises(Invalid):
        Audience.of([text])


def test_an_expression_survives_storage(school):
    audience = of(of_class(school.class_a), "staff:all", without=(of_child(school.child_a),), pupils_too=True)
    assert Audience.parse(audience.as_json()) == audience


def test_an_audience_is_put_in_words(school):
    words = describe(of("grade:primary-3", of_class(school.class_c), of_child(school.child_a)), school.school)
    assert "三年级" in words
    assert school.class_c.name in words
    assert school.child_a.name in words


@pytest.mark.parametrize("q", ["张小", "zhangxiaoyu", "zhang x", "zxy", "xiaoyu", "小雨"])
def test_a_family_is_found_by_name_or_pinyin(school, q):
    assert of_child(school.child_a) in {choice.value for choice in picker.families(school.class_teacher, q)}


def test_a_family_beyond_reach_is_not_found(school):
    assert picker.families(school.class_teacher, school.child_b.name) == []


def test_the_picker_offers_what_may_be_addressed(school):
    for who in ("class_teacher", "subject_teacher", "grade_leader", "leader", "substitute"):
        actor = getattr(school, who)
        choices = picker.choices_for(actor)
        offered = [*(choices.teaching + choices.groups + choices.staff), *([choices.school] if choices.school else [])]
        for grade in choices.grades:
            offered += [*grade.inner, *([grade] if grade.value else [])]
        assert offered
        for choice in offered:
            assert access.can_address(actor, of(choice.value), school.today), choice
