# ruff: noqa: E501  (rows of tables)
"""Comparing: who is who, and what is asked instead of guessed."""

from __future__ import annotations

import pytest

from homeroom.people.models import Enrolment, Guardianship, Person

from .importing import figures, plan_of, put, row

pytestmark = pytest.mark.django_db
LIN = row("1", "林小满", mother="周敏", mother_phone="13900000001", father="林涛", father_phone="13900000002")
HE = row("2", "何嘉木", father="何志远", father_phone="13900000003")
SHEN = row("3", "沈一一", "三年级1班", mother="沈洁", mother_phone="13900000004")
ALL = [LIN, HE, SHEN]


@pytest.fixture
def there():
    """春晖小学 with three pupils, imported."""
    return put(ALL, None).school


def changed(base, **changes):
    names = ["number", "name", "sex", "born", "school_class", "mother", "mother_phone", "father", "father_phone"]
    copy = list(base)
    for name, value in changes.items():
        copy[names.index(name)] = value
    return copy


def person(name):
    return Person.objects.get(name=name)


def test_a_new_school_is_proposed_with_stage_and_classes():
    plan = plan_of(ALL, None)
    assert figures(plan) == {"pupils": (3, 0, 0, 0), "guardians": (4, 0, 0, 0), "links": (4, 0, 0, 0)}
    assert plan.school_is_new
    assert {(new.name, new.stage, new.grade, new.number) for new in plan.classes} == {
        ("三年级1班", "primary", 3, 1), ("三年级2班", "primary", 3, 2),
    }  # fmt: skip


def test_the_same_file_again_changes_nothing(there):
    plan = plan_of(ALL, there)
    assert figures(plan) == {"pupils": (0, 0, 0, 3), "guardians": (0, 0, 0, 4), "links": (0, 0, 0, 4)}
    assert plan.changes_nothing
    there.refresh_from_db()
    version = there.roster_version
    put(ALL, there)
    there.refresh_from_db()
    assert there.roster_version == version


def test_what_changed_is_told_apart(there):
    rows = [changed(LIN, mother_phone="13900000009", sex="女"), changed(HE, school_class="三年级1班"), SHEN]
    plan = plan_of(rows, there)
    assert figures(plan) == {"pupils": (0, 2, 0, 1), "guardians": (0, 1, 0, 3), "links": (0, 0, 0, 4)}
    assert [(p.name, p.class_before, p.class_words) for p in plan.moved] == [("何嘉木", "三年级2班", "三年级1班")]
    put(rows, there)
    assert person("周敏").phone == "13900000009"
    assert person("林小满").sex == "f"
    classes = (
        Enrolment.objects.filter(student=person("何嘉木")).order_by("id").values_list("school_class__name", "ends_on")
    )
    assert [name for name, _ in classes] == ["三年级2班", "三年级1班"]
    assert [ends is None for _, ends in classes] == [False, True]
    assert plan_of(rows, there).changes_nothing


def test_a_blank_erases_nothing(there):
    plan = plan_of([row("1", "林小满"), HE, SHEN], there)
    assert plan.changes_nothing


def test_who_is_missing_is_gone_only_from_the_classes_of_the_file(there):
    plan = plan_of([LIN], there)
    assert [gone.name for gone in plan.gone_pupils] == ["何嘉木"]  # 沈一一 is in a class the file does not speak of
    put([LIN], there)
    assert person("何嘉木").archived_at is not None
    assert plan_of([LIN], there).changes_nothing
    back = plan_of([LIN, HE], there)
    assert figures(back)["pupils"] == (0, 1, 0, 1)
    put([LIN, HE], there)
    assert person("何嘉木").archived_at is None


def test_a_pupil_whose_row_is_wrong_is_not_gone(there):
    plan = plan_of([LIN, changed(HE, father_phone="139"), SHEN], there)
    assert [remark.code for remark in plan.rejected] == ["phone_wrong"]
    assert plan.gone_pupils == []


def test_pupils_who_are_gone_can_be_kept(there):
    put([LIN], there, keep_gone=True)
    assert person("何嘉木").archived_at is None


def test_many_gone_at_once_are_asked_about(there):
    many = [row(str(n), f"学生{chr(0x4E00 + n)}", "四年级1班") for n in range(10, 22)]
    put([*many], there)
    plan = plan_of(many[:6], there)
    assert len(plan.gone_pupils) == 6
    assert not plan.ends_gone
    assert [doubt.key for doubt in plan.doubts] == ["many_gone"]
    assert plan_of(many[:6], there, answers={"many_gone": "end"}).ends_gone


def test_a_guardian_who_disappears_is_gone_as_a_link(there):
    rows = [changed(LIN, father="", father_phone=""), HE, SHEN]
    plan = plan_of(rows, there)
    assert figures(plan) == {"pupils": (0, 0, 0, 3), "guardians": (0, 0, 1, 3), "links": (0, 0, 1, 3)}
    put(rows, there)
    assert Person.objects.filter(name="林涛", archived_at__isnull=True).exists()
    assert not Guardianship.objects.in_force(person("林小满").today).filter(guardian=person("林涛")).exists()
    assert plan_of(rows, there).changes_nothing
    put(ALL, there)
    assert Guardianship.objects.in_force(person("林小满").today).filter(guardian=person("林涛")).exists()


def test_a_guardian_entered_by_hand_is_not_the_files_to_take_away(there):
    aunt = Person.objects.create(school=there, name="林姑姑")
    Guardianship.objects.create(school=there, guardian=aunt, student=person("林小满"), relation="relative")
    assert plan_of(ALL, there).changes_nothing


def test_a_link_that_was_ended_at_the_school_stays_ended(there):
    edge = Guardianship.objects.get(guardian=person("林涛"))
    Guardianship.objects.filter(pk=edge.pk).update(ends_on="2026-01-31")
    plan = plan_of(ALL, there)
    assert plan.changes_nothing
    assert [doubt.code for doubt in plan.doubts] == ["edge_ended"]


def test_custody_is_never_touched(there):
    Guardianship.objects.filter(guardian=person("林涛")).update(restriction="no_contact", custody_note="法院判决")
    put([changed(LIN, mother_phone="13900000009"), HE, SHEN], there)
    edge = Guardianship.objects.get(guardian=person("林涛"))
    assert (edge.restriction, edge.custody_note) == ("no_contact", "法院判决")


# --- families


def test_a_guardian_with_several_children_is_one_person():
    brother = row(
        "4", "林小雨", "一年级1班", mother="周敏", mother_phone="13900000001", father="林涛", father_phone="13900000002"
    )
    plan = plan_of([LIN, brother], None)
    assert figures(plan) == {"pupils": (2, 0, 0, 0), "guardians": (2, 0, 0, 0), "links": (4, 0, 0, 0)}


def test_a_father_without_number_is_one_man_when_the_mother_is_shared():
    rows = [changed(LIN, father_phone=""), row("4", "林小雨", mother="周敏", mother_phone="13900000001", father="林涛")]
    assert figures(plan_of(rows, None))["guardians"] == (2, 0, 0, 0)
    school = put(rows, None).school
    assert plan_of(rows, school).changes_nothing


def test_two_adults_may_share_a_phone(there):
    rows = [changed(LIN, father_phone="13900000001"), HE, SHEN]
    plan = plan_of(rows, None)
    assert figures(plan)["guardians"] == (4, 0, 0, 0)
    assert not plan.doubts
    other = put(
        [row("9", "林小雪", mother="周敏", mother_phone="13811110000", father="林涛", father_phone="13811110000")],
        there,
    )
    assert plan_of([row("9", "林小雪", mother="周敏", mother_phone="13811110000", father="林涛", father_phone="13811110000")], other.school, keep_gone=True).changes_nothing  # fmt: skip


def test_a_phone_under_another_name_is_asked_about(there):
    stranger = row("5", "何小花", mother="赵雪", mother_phone="13900000001")
    plan = plan_of([*ALL, stranger], there)
    (doubt,) = plan.doubts
    assert (doubt.code, doubt.place.row, doubt.place.column, doubt.held) == ("phone_shared", 5, "G", True)
    assert figures(plan)["links"] == (0, 0, 0, 4)  # the pupil comes in, the link waits
    known = next(choice for choice in doubt.choices if choice.startswith("same:"))
    one = plan_of([*ALL, stranger], there, answers={doubt.key: known})
    assert figures(one)["guardians"] == (0, 0, 0, 4)  # 周敏 keeps her name: her own child's row calls her so
    assert figures(one)["links"] == (1, 0, 0, 4)
    two = plan_of([*ALL, stranger], there, answers={doubt.key: "new"})
    assert figures(two)["guardians"] == (1, 0, 0, 4)
    none = plan_of([*ALL, stranger], there, answers={doubt.key: "skip"})
    assert figures(none)["guardians"] == (0, 0, 0, 4)
    assert not none.doubts


def test_one_adult_in_several_rows_is_asked_about_once():
    rows = [
        row("1", "林小满", mother="周敏", mother_phone="13900000001"),
        row("2", "林小雨", mother="赵雪", mother_phone="13900000001"),
        row("3", "林小雪", mother="赵雪", mother_phone="13900000001"),
    ]
    (doubt,) = plan_of(rows, None).doubts
    assert (doubt.code, doubt.place.row) == ("phone_shared", 3)
    assert figures(plan_of(rows, None, answers={doubt.key: "new"}))["links"] == (3, 0, 0, 0)


def test_a_row_that_names_both_tells_two_who_share_a_phone_apart_everywhere():
    rows = [
        row("2", "林小雨", mother="赵雪", mother_phone="13900000001"),
        row("1", "林小满", mother="周敏", mother_phone="13900000001", father="赵雪", father_phone="13900000001"),
    ]
    plan = plan_of(rows, None)
    assert not plan.doubts
    assert figures(plan)["links"] == (3, 0, 0, 0)


def test_the_order_of_rows_decides_nothing(there):
    rows = [*ALL, row("5", "何小花", mother="赵雪", mother_phone="13900000001"), row("6", "何小草", father="林涛")]
    assert figures(plan_of(rows, there)) == figures(plan_of(rows[::-1], there))


def test_a_number_of_somebody_elses_is_the_guardians_when_child_and_name_say_so(there):
    rows = [changed(LIN, father_phone="13900000001"), HE, SHEN]  # now both parents are reached at the mother's
    plan = plan_of(rows, there)
    assert not plan.doubts
    assert figures(plan) == {"pupils": (0, 0, 0, 3), "guardians": (0, 1, 0, 3), "links": (0, 0, 0, 4)}


def test_one_name_with_two_numbers_in_one_file_is_asked_about(there):
    sister = row("4", "林小雨", mother="周敏", mother_phone="13900000001")
    put([*ALL, sister], there)
    rows = [changed(LIN, mother_phone="13800000007"), HE, SHEN, changed(sister, mother_phone="13800000008")]
    plan = plan_of(rows, there)
    assert [doubt.code for doubt in plan.doubts] == ["phones_differ", "phones_differ"]
    assert figures(plan)["links"][2] == 0  # nobody is gone while it is asked


def test_a_guardian_without_a_name_is_named_by_the_child():
    header = ["学号", "姓名", "班级", "联系电话"]
    school = put([["1", "林小满", "三年级2班", "13900000001"]], None, header=header).school
    assert Person.objects.filter(name="林小满家长").exists()
    assert plan_of([["1", "林小满", "三年级2班", "13900000001"]], school, header=header).changes_nothing
    named = [["1", "林小满", "三年级2班", "周敏", "13900000001"]]
    put(named, school, header=["学号", "姓名", "班级", "母亲姓名", "母亲电话"])
    assert not Person.objects.filter(name="林小满家长").exists()
    assert person("周敏").phone == "13900000001"


# --- pupils of one name


def test_twins_are_two_pupils_with_the_same_guardians():
    rows = [
        row("", "刘一诺", mother="唐静", mother_phone="13900000001", born="2017-05-06"),
        row("", "刘一鸣", mother="唐静", mother_phone="13900000001", born="2017-05-06"),
    ]
    school = put(rows, None).school
    assert Guardianship.objects.filter(guardian=person("唐静")).count() == 2
    assert plan_of(rows, school).changes_nothing


def test_two_of_a_name_in_one_class_are_told_apart_by_what_they_have():
    rows = [
        row("", "张伟", mother="甲", mother_phone="13900000001", born="2017-05-06"),
        row("", "张伟", mother="乙", mother_phone="13900000002", born="2017-06-07"),
    ]
    school = put(rows, None).school
    assert plan_of(rows, school).changes_nothing
    assert plan_of(rows[::-1], school).changes_nothing


def test_two_rows_that_nothing_tells_apart_are_asked_about():
    rows = [row("", "张伟"), row("", "张伟", mother="乙", mother_phone="13900000002")]
    plan = plan_of(rows, None)
    assert [doubt.code for doubt in plan.doubts] == ["row_repeats"]
    assert figures(plan)["pupils"] == (1, 0, 0, 0)
    key = plan.doubts[0].key
    assert figures(plan_of(rows, None, answers={key: "new"}))["pupils"] == (2, 0, 0, 0)
    merged = plan_of(rows, None, answers={key: "merge"})
    assert (figures(merged)["pupils"], figures(merged)["guardians"]) == ((1, 0, 0, 0), (1, 0, 0, 0))


def test_two_without_distinction_stay_two():
    rows = [row("", "张伟"), row("", "张伟", mother="乙", mother_phone="13900000002")]
    answer = {plan_of(rows, None).doubts[0].key: "new"}
    school = put(rows, None, answers=answer).school
    plan = plan_of(rows, school, answers=answer)
    assert plan.changes_nothing, figures(plan)


def test_the_same_name_in_another_class_is_asked_about(there):
    rows = [row("", "林小满", "四年级1班"), HE, SHEN]
    plan = plan_of(rows, there)
    assert [doubt.code for doubt in plan.doubts] == ["same_name_elsewhere"]
    assert figures(plan)["pupils"] == (0, 0, 0, 2)
    moved = plan_of(rows, there, answers={plan.doubts[0].key: f"same:{person('林小满').pk}"})
    assert [p.name for p in moved.moved] == ["林小满"]
    other = plan_of(rows, there, answers={plan.doubts[0].key: "new"})
    assert figures(other)["pupils"] == (1, 0, 1, 2)


def test_a_guardians_phone_proves_that_a_pupil_moved(there):
    rows = [row("", "林小满", "四年级1班", mother="周敏", mother_phone="13900000001"), HE, SHEN]
    plan = plan_of(rows, there)
    assert not plan.doubts
    assert [p.name for p in plan.moved] == ["林小满"]


def test_a_phone_that_points_elsewhere_is_asked_about_when_a_namesake_sits_in_the_class(there):
    put([*ALL, row("9", "林小满", "四年级1班")], there)
    plan = plan_of([*ALL[1:], row("", "林小满", "四年级1班", mother="周敏", mother_phone="13900000001")], there)
    assert [doubt.code for doubt in plan.doubts] == ["same_names"]
    assert not plan.moved


def test_another_number_and_class_is_another_pupil(there):
    plan = plan_of([*ALL, row("77", "林小满", "四年级1班")], there)
    assert figures(plan)["pupils"] == (1, 0, 0, 3)
    assert not plan.doubts


def test_a_known_number_under_another_name_is_asked_about(there):
    rows = [changed(LIN, name="林晓曼"), HE, SHEN]
    plan = plan_of(rows, there)
    assert [(doubt.code, doubt.place.column) for doubt in plan.doubts] == [("renamed", "B")]
    assert figures(plan)["pupils"] == (0, 0, 0, 2)
    renamed = plan_of(rows, there, answers={plan.doubts[0].key: plan.doubts[0].choices[0]})
    assert renamed.pupils[0].before == {"name": "林小满", "pinyin": ""}


def test_one_number_with_two_names_is_rejected_in_both_rows():
    plan = plan_of([LIN, changed(HE, number="1"), SHEN], None)
    assert [(remark.code, remark.place.row) for remark in plan.rejected] == [("number_twice", 3), ("number_twice", 2)]
    assert figures(plan)["pupils"] == (1, 0, 0, 0)


def test_a_pupil_in_two_classes_is_rejected():
    plan = plan_of([LIN, changed(LIN, school_class="三年级1班")], None)
    assert [remark.code for remark in plan.rejected] == ["two_classes", "two_classes"]


def test_one_row_for_each_guardian_makes_one_pupil():
    rows = [changed(LIN, father="", father_phone=""), changed(LIN, mother="", mother_phone="")]
    assert figures(plan_of(rows, None)) == {"pupils": (1, 0, 0, 0), "guardians": (2, 0, 0, 0), "links": (2, 0, 0, 0)}


def test_a_teacher_who_is_a_parent_stays_one_person(there):
    teacher = Person.objects.create(school=there, name="王红", staff_number="T1")
    teacher.phone, teacher.phone_key = (
        "13955556666",
        __import__("homeroom.people.public", fromlist=["x"]).phone_key("13955556666"),
    )
    teacher.save()
    put([*ALL, row("8", "王小可", mother="王红", mother_phone="13955556666")], there)
    assert Guardianship.objects.get(student=person("王小可")).guardian_id == teacher.pk


def test_a_class_known_by_a_name_alone_is_found_again(there):
    rows = [row("8", "王小可", "三年级实验班")]
    put(rows, there)
    assert plan_of(rows, there).changes_nothing
