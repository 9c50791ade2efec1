"""Making a school and changing its shape."""

from __future__ import annotations

import pytest

from homeroom.demo.cast import Cast
from homeroom.kit.access import SystemActor
from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.school.models import School, Stage
from homeroom.school.public import create_school, module_is_on, set_subjects, switch_module, uses

INIT = SystemActor("test")


def test_a_new_school_has_its_stages_grades_subjects_and_hours(db: None) -> None:
    school = create_school(actor=INIT, name=" 春风学校 ", stages=[Stage.JUNIOR, Stage.PRIMARY])
    assert (school.name, school.stages) == ("春风学校", ["primary", "junior"])
    assert [grade.name for grade in school.grades.all()][:2] == ["一年级", "二年级"]
    assert school.grades.count() == 9
    assert school.subjects.filter(name="语文").count() == 1
    assert school.working_intervals.filter(weekday=0).count() >= 2
    assert not school.working_intervals.filter(weekday=6).exists()


@pytest.mark.parametrize("wrong", [{"name": " "}, {"name": "阳光小学"}, {"stages": []}])
def test_what_makes_no_school(school: Cast, wrong: dict) -> None:
    before = School.objects.count()
    with pytest.raises(Invalid):
        create_school(actor=INIT, **{"name": "新学校", "stages": [Stage.PRIMARY], **wrong})
    assert School.objects.count() == before


@pytest.mark.parametrize("who", ["office", "class_teacher", "mother", "leader_elsewhere"])
def test_these_people_switch_no_module(school: Cast, who: str) -> None:
    with pytest.raises(NotAllowed):
        switch_module(actor=getattr(school, who), school=school.school, module="notices", is_on=False)
    assert module_is_on(school.school.pk, "notices")


def test_a_module_that_is_off_has_no_menu_entry_and_no_page(school: Cast, client_for) -> None:
    teacher = client_for(school.class_teacher)
    assert teacher.get("/notices/").status_code == 200
    assert 'href="/notices/"' in teacher.get("/me/").content.decode()
    client_for(school.leader).post("/school/modules/switch/", {"module": "notices", "is_on": "0"})
    assert teacher.get("/notices/").status_code == 404
    assert 'href="/notices/"' not in teacher.get("/me/").content.decode()
    assert client_for(school.teacher_elsewhere).get("/notices/").status_code == 200


def test_subjects_keep_their_order(school: Cast) -> None:
    taught = frozenset(school.school.subjects.values_list("pk", flat=True))
    names = [*reversed(list(school.school.subjects.values_list("name", flat=True))), "书法"]
    set_subjects(actor=school.office, school=school.school, names=names, in_use=taught)
    assert list(school.school.subjects.values_list("name", flat=True)) == names


def test_the_schools_own_row_knows_what_is_off(school: Cast) -> None:
    switch_module(actor=school.leader, school=school.school, module="questions", is_on=False)
    here = School.objects.get(pk=school.school.pk)
    assert not uses(here, "questions")
    assert uses(here, "notices")
    switch_module(actor=school.leader, school=here, module="questions", is_on=True)
    assert uses(School.objects.get(pk=here.pk), "questions")
