"""The school's topics."""

from __future__ import annotations

import pytest

from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.school.models import Topic
from homeroom.school.public import add_usual_topics, archive_topic, save_topic, topics_of


def test_a_new_school_has_the_usual_topics_in_a_tree(school) -> None:
    rows = topics_of(school.school.pk)
    names = [topic.name for topic in rows]
    assert names[:3] == ["成绩", "课堂表现", "学习方法"]
    assert {topic.name for topic in rows if topic.is_complaint} == {"投诉建议"}


def test_adding_the_usual_topics_again_adds_what_is_missing_only(school) -> None:
    assert add_usual_topics(actor=school.office, school=school.school) == 0
    school.school.topics.filter(name="校车").delete()
    assert add_usual_topics(actor=school.office, school=school.school) == 1


@pytest.mark.parametrize("who", ["class_teacher", "mother", "counsellor", "leader_elsewhere"])
def test_these_people_change_no_topic(school, who) -> None:
    topic = Topic.objects.get(school=school.school, name="校车")
    with pytest.raises(NotAllowed):
        save_topic(actor=getattr(school, who), school=school.school, topic=topic, name="班车", words=[])
    topic.refresh_from_db()
    assert topic.name == "校车"


def test_a_topic_stands_at_most_two_deep_and_its_name_is_free(school) -> None:
    first = Topic.objects.get(school=school.school, name="成绩")
    second = Topic.objects.get(school=school.school, name="课堂表现")
    for wrong in ({"name": " "}, {"name": "作业"}, {"name": "新", "parent": second}):
        with pytest.raises(Invalid):
            save_topic(actor=school.office, school=school.school, topic=None, words=[], **wrong)
    topic = Topic.objects.get(school=school.school, name="作业")
    with pytest.raises(Invalid):
        save_topic(actor=school.office, school=school.school, topic=first, name="成绩", words=[], parent=topic)


def test_what_stands_under_a_complaint_is_one(school) -> None:
    complaints = Topic.objects.get(school=school.school, name="投诉建议")
    under = save_topic(
        actor=school.office, school=school.school, topic=None, name="食堂意见", words=[], parent=complaints
    )
    assert under.is_complaint


def test_an_archived_topic_is_offered_no_longer_with_all_under_it(school, now) -> None:
    archive_topic(actor=school.office, topic=Topic.objects.get(school=school.school, name="成绩"), now=now)
    assert {"成绩", "课堂表现", "学习方法"}.isdisjoint(topic.name for topic in topics_of(school.school.pk))


def test_the_page_adds_changes_and_archives(school, client_for) -> None:
    page = client_for(school.office)
    assert page.get("/school/topics/").status_code == 200
    assert page.post("/school/topics/", {"name": "宿舍", "words": "住校 寝室、查寝"}).status_code == 302
    topic = Topic.objects.get(school=school.school, name="宿舍")
    assert topic.words == ["住校", "寝室", "查寝"]
    answer = page.post("/school/topics/", {"topic": str(topic.uuid), "name": "作业"})
    assert answer.status_code == 422
    assert page.post("/school/topics/", {"topic": str(topic.uuid), "do": "archive"}).status_code == 302
    assert "宿舍" not in [one.name for one in topics_of(school.school.pk)]
    assert client_for(school.class_teacher).get("/school/topics/").status_code == 404
