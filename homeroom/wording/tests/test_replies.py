"""Canned replies: whose, found how, filled with what."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.wording.models import Template
from homeroom.wording.public import canned_replies, save_reply

HERE = {"child": "张小雨", "guardian": "张小雨妈妈", "class": "三年级2班", "date": "11月24日", "teacher": "王老师"}


def keep(who, name="收到请假", text="{{家长}}您好，{{孩子}}的假条已收到。", **more):
    return save_reply(actor=who, name=name, text=text, **more)


def test_a_reply_is_filled_for_where_it_is_inserted(school):
    keep(school.class_teacher, shortcut="/qj")
    (one,) = canned_replies(school.class_teacher, HERE)
    assert one.text == "张小雨妈妈您好，张小雨的假条已收到。"
    assert one.shortcut == "qj"


@pytest.mark.parametrize("typed", ["收到", "sdqj", "shoudao", "qj"])
def test_it_is_found_by_name_sound_and_shortcut(school, typed):
    keep(school.class_teacher, shortcut="qj")
    (one,) = canned_replies(school.class_teacher, HERE)
    assert typed in one.keys


@pytest.mark.parametrize(
    ("word", "value"),
    [("孩子姓名", "张小雨"), ("家长称呼", "张小雨妈妈"), ("班级", "三年级2班"), ("日期", "11月24日"),
     ("我的名字", "王老师")],
)  # fmt: skip
def test_the_words_a_school_uses_are_known(school, word, value):
    keep(school.class_teacher, text=f"「{{{{{word}}}}}」")
    assert canned_replies(school.class_teacher, HERE)[0].text == f"「{value}」"


def test_a_reply_about_a_child_is_not_offered_where_there_is_none(school):
    keep(school.class_teacher)
    keep(school.class_teacher, name="谢谢", text="谢谢，{{老师}}")
    assert [one.name for one in canned_replies(school.class_teacher, {"teacher": "王老师"})] == ["谢谢"]


def test_one_s_own_comes_first_and_hides_the_schools_of_the_same_name(school):
    keep(school.office, name="谢谢", text="感谢您的支持。", for_school=True)
    keep(school.office, name="安全", text="请注意安全。", for_school=True)
    keep(school.class_teacher, name="谢谢", text="谢谢您！")
    found = canned_replies(school.class_teacher, HERE)
    assert [(one.text, one.of_school) for one in found] == [("谢谢您！", False), ("请注意安全。", True)]
    assert {one.text for one in canned_replies(school.subject_teacher, HERE)} == {"感谢您的支持。", "请注意安全。"}
    assert canned_replies(school.mother, HERE) == []
    assert canned_replies(school.teacher_elsewhere, HERE) == []


def test_an_unknown_variable_is_refused_in_words(school):
    with pytest.raises(Invalid) as wrong:
        keep(school.class_teacher, text="{{身份证号}}")
    assert "身份证号" in str(wrong.value.fields["text"])
    assert "家长" in str(wrong.value.fields["text"])
    assert not Template.objects.exists()


@pytest.mark.parametrize(
    ("field", "given"),
    [("name", {"name": ""}), ("name", {"name": "谢谢"}), ("text", {"text": " "}), ("shortcut", {"shortcut": "a b"}),
     ("shortcut", {"shortcut": "XX"})],
)  # fmt: skip
def test_a_reply_that_cannot_work_is_refused(school, field, given):
    keep(school.class_teacher, name="谢谢", shortcut="xx")
    with pytest.raises(Invalid) as wrong:
        keep(school.class_teacher, **{"name": "另一个", **given})
    assert field in wrong.value.fields
    assert Template.objects.count() == 1


@pytest.mark.parametrize(("who", "for_school"), [("class_teacher", True), ("mother", False)])
def test_these_people_may_not_keep_it(school, who, for_school):
    with pytest.raises(NotAllowed):
        keep(getattr(school, who), for_school=for_school)
    assert not Template.objects.exists()


def test_the_pages(school, client_for):
    office = client_for(school.office)
    made = office.post(
        "/me/replies/new/", {"name": "放假", "text": "{{班级}}放假。", "shortcut": "fj", "for_school": "on"}
    )
    assert made.status_code == 302
    row = Template.objects.get()
    assert row.owner_id is None
    teacher = client_for(school.class_teacher)
    assert "放假" in teacher.get("/me/replies/").content.decode()
    assert teacher.get(f"/me/replies/{row.uuid}/").status_code == 403
    assert teacher.post(f"/me/replies/{row.uuid}/", {"remove": "1"}).status_code == 403
    assert client_for(school.mother).get("/me/replies/").status_code == 403
    refused = teacher.post("/me/replies/new/", {"name": "x", "text": "{{生日}}"})
    assert refused.status_code == 422
    assert "生日" in refused.content.decode()
    assert office.post(f"/me/replies/{row.uuid}/", {"name": "放假", "text": "放假了。"}).status_code == 302
    row.refresh_from_db()
    assert row.text == "放假了。"
    assert office.post(f"/me/replies/{row.uuid}/", {"remove": "1"}).status_code == 302
    assert not Template.objects.exists()


def test_a_hundred_replies_take_one_statement(school):
    for number in range(100):
        keep(school.class_teacher, name=f"回复{number}", text="{{孩子}}")
    assert school.class_teacher.current_roles  # read before counting
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert len(canned_replies(school.class_teacher, HERE)) == 100
    assert len(caught) == 1
