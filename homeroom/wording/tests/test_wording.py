"""Templates and their variables."""

from __future__ import annotations

import pytest

from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.wording.models import Template
from homeroom.wording.public import (
    notice_presets,
    remove_template,
    render,
    render_html,
    save_template,
    unknown_in,
    variables_in,
    visible_templates,
)


@pytest.mark.parametrize("text", ["{{child}}好", "{{孩子}}好", "{{ 学生 }}好"])
def test_a_variable_is_filled_in_whichever_language_it_was_written(text):
    assert render(text, {"child": "张小雨"}) == "张小雨好"


def test_what_is_filled_in_is_text_and_never_markup():
    assert render_html("<p>{{child}}</p>", {"child": "<script>x</script>"}) == "<p>&lt;script&gt;x&lt;/script&gt;</p>"


def test_a_value_that_looks_like_a_variable_is_not_filled_again():
    assert render("{{child}} {{class}}", {"child": "{{class}}", "class": "2班"}) == "{{class}} 2班"


def test_variables_are_found_and_unknown_ones_named():
    assert variables_in("{{孩子}} {{class}} {{x}}") == {"child", "class"}
    assert unknown_in("{{孩子}} {{妈妈}}") == ["妈妈"]


def test_presets_use_only_known_variables():
    for preset in notice_presets():
        assert unknown_in(preset.title + preset.text) == []


def test_a_teacher_keeps_templates_of_their_own(school):
    save_template(actor=school.class_teacher, kind="notice", name="家长会", title="家长会", text="<p>{{孩子}}</p>")
    assert visible_templates(school.class_teacher, "notice").count() == 1
    assert not visible_templates(school.subject_teacher, "notice").exists()
    assert not visible_templates(school.mother, "notice").exists()


def test_the_same_name_again_replaces_it(school):
    for text in ("一", "二"):
        save_template(actor=school.class_teacher, kind="notice", name="家长会", title="", text=text)
    assert Template.objects.get().text == "二"


def test_the_office_keeps_the_schools_templates(school):
    template = save_template(actor=school.office, kind="notice", name="放假", title="", text="…", for_school=True)
    assert visible_templates(school.class_teacher, "notice").exists()
    assert not visible_templates(school.teacher_elsewhere, "notice").exists()
    with pytest.raises(NotAllowed):
        remove_template(actor=school.class_teacher, template=template)
    assert Template.objects.exists()


@pytest.mark.parametrize(("who", "for_school"), [("class_teacher", True), ("mother", False)])
def test_these_people_may_not_keep_it(school, who, for_school):
    with pytest.raises(NotAllowed):
        save_template(actor=getattr(school, who), kind="notice", name="x", title="", text="x", for_school=for_school)
    assert not Template.objects.exists()


@pytest.mark.parametrize(("name", "text"), [("", "x"), ("x", " "), ("x", "{{nobody}}")])
def test_a_template_that_cannot_work_is_refused(school, name, text):
    with pytest.raises(Invalid):
        save_template(actor=school.class_teacher, kind="notice", name=name, title="", text=text)
    assert not Template.objects.exists()
