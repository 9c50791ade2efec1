"""Routing, the school's answers, ratings, tasks."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from homeroom.delivery.models import Recipient
from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.kit.ids import new_id
from homeroom.questions import figures, queries, retrieval, services
from homeroom.questions.models import AnswerShown, ApprovedAnswer, Circle, QuestionEvent, Rating, Route
from homeroom.school.models import Grade
from homeroom.school.public import topics_of
from homeroom.semantics.public import Period


def test_a_topic_goes_where_the_school_says_and_to_the_class_teacher_otherwise(school, ask, topic) -> None:
    assert ask().owner == school.class_teacher
    services.set_route(actor=school.leader, school=school.school, topic=topic("费用"), grade=None, circle=Circle.OFFICE)
    fee = ask("午餐费怎么退？", under="费用")
    assert (fee.owner, fee.circle) == (school.office, Circle.OFFICE)
    third = Grade.objects.get(school=school.school, name="三年级")
    services.set_route(
        actor=school.leader, school=school.school, topic=topic("费用"), grade=third, circle=Circle.PERSON,
        person=school.subject_teacher,
    )  # fmt: skip
    assert ask("校服费多少？", under="费用").owner == school.subject_teacher
    assert (
        ask("校服费多少？", by=school.guardian_c, about=_child(school.guardian_c), under="费用").owner == school.office
    )


def _child(guardian):
    return guardian.children_edges.get().student


def test_a_child_topic_follows_its_parents_route(school, ask, topic) -> None:
    services.set_route(actor=school.leader, school=school.school, topic=topic("健康"), grade=None, circle=Circle.OFFICE)
    assert ask("午餐太咸", under="饮食与午餐").owner == school.office


def test_a_complaints_way_is_fixed(school, ask, topic) -> None:
    with pytest.raises(Invalid):
        services.set_route(
            actor=school.leader, school=school.school, topic=topic("投诉建议"), grade=None, circle=Circle.OFFICE
        )
    Route.objects.create(school=school.school, topic=topic("投诉建议"), circle=Circle.CLASS_TEACHER)
    complaint = ask("不满意", under="投诉建议", circle=Circle.CLASS_TEACHER)
    assert (complaint.circle, complaint.owner) == (Circle.LEADERS, school.leader)


def test_whoever_stands_in_is_told_too_and_acts_for_the_owner(school, question, nine) -> None:
    told = set(Recipient.objects.filter(item__source_id=question.pk).values_list("person__name", flat=True))
    assert told == {school.class_teacher.name, school.substitute.name}
    rows, _next = queries.desk(school.substitute, view="mine", now=nine)
    assert [row.question for row in rows] == [question]


@pytest.mark.parametrize("who", ["class_teacher", "office", "mother", "leader_elsewhere"])
def test_these_people_set_no_route(school, topic, who) -> None:
    with pytest.raises(NotAllowed):
        services.set_route(
            actor=getattr(school, who), school=school.school, topic=topic("费用"), grade=None, circle=Circle.OFFICE
        )
    assert not Route.objects.exists()


@pytest.mark.parametrize(
    ("text", "name"),
    [("孩子今天发烧了", "健康"), ("数学练习册第几页", "作业"), ("校车晚点了吗", "校车"), ("午餐太咸了", "饮食与午餐"),
     ("期中考试什么时候出成绩", "成绩"), ("我要投诉", "投诉建议"), ("办转学证明", "学籍与手续")],
)  # fmt: skip
def test_a_topic_is_suggested_by_the_schools_own_words(school, text, name) -> None:
    assert retrieval.suggest_topics(text, topics_of(school.school.pk))[0].name == name


def test_nothing_is_suggested_where_nothing_speaks_for_it(school) -> None:
    assert retrieval.suggest_topics("嗯嗯", topics_of(school.school.pk)) == []


ANSWERS = [
    ("课后服务几点结束？", ["几点放学", "课后服务到几点", "延时服务什么时候接孩子"]),
    ("怎么给孩子请假？", ["请病假怎么请", "请事假流程", "孩子发烧今天不来上学"]),
    ("在读证明怎么开？", ["开学籍证明", "办医保要在校证明"]),
    ("校服不合身怎么换？", ["校服换码", "校服小了"]),
    ("午餐费怎么结算，请假退不退？", ["餐费怎么退", "请假餐费"]),
    ("校车晚点怎么办？", ["校车没来", "班车迟到"]),
]


@pytest.mark.parametrize(
    ("text", "number"),
    [("请问午餐费请假了可以退吗？", 4), ("今天几点放学？", 0), ("孩子发烧了怎么请假", 1), ("校服买小了能换吗", 3),
     ("在读证明去哪里开", 2), ("校车今天怎么还没到", 5), ("餐费什么时候扣", 4),
     ("孩子和同桌吵架了", None), ("想调座位", None), ("运动会家长能去吗", None), ("孩子最近上课表现", None)],
)  # fmt: skip
def test_an_approved_answer_is_found_by_how_families_put_it(text, number) -> None:
    known = [ApprovedAnswer(pk=n, question=one, variants=more) for n, (one, more) in enumerate(ANSWERS)]
    found = retrieval.find_answers(text, known)
    assert [one.answer.pk for one in found[:1]] == ([] if number is None else [number])


@pytest.fixture
def bell(school, topic, nine) -> ApprovedAnswer:
    return services.save_answer(
        actor=school.office, answer=None, question="几点放学？", variants=["什么时候放学"], text="16:30放学。",
        source="作息时间表", topic=topic("课后服务与作息"), valid_from=None, valid_until=None, approved=True, now=nine,
    )  # fmt: skip


def test_the_schools_answer_is_shown_with_its_source_and_counted_once(school, bell, client_for) -> None:
    mother, key = client_for(school.mother), str(new_id())
    for _typed in range(3):
        shown = mother.post("/questions/ask/found/", {"text": "今天几点放学", "key": key}).content.decode()
    assert "16:30放学。" in shown
    assert "作息时间表" in shown
    assert AnswerShown.objects.get().outcome == "shown"
    for _tap in range(2):
        mother.post(f"/questions/ask/helped/{bell.uuid}/", {"key": key})
    assert AnswerShown.objects.get().outcome == "helped"
    assert QuestionEvent.objects.filter(act="auto_answer").count() == 1


def test_asking_a_person_after_all_is_counted_too(school, bell, ask, nine) -> None:
    key = new_id()
    services.show_answers(actor=school.mother, text="几点放学", key=key, now=nine)
    ask("几点放学？周五也一样吗", key=key)
    assert AnswerShown.objects.get().outcome == "asked"


@pytest.mark.parametrize(
    "change",
    [{"approved": False}, {"valid_until": date(2020, 1, 1)}, {"valid_from": date(2099, 1, 1)}],
    ids=["a draft", "over", "not yet"],
)
def test_only_what_is_approved_and_valid_is_shown(school, bell, topic, nine, change) -> None:
    values = {"valid_from": None, "valid_until": None, "approved": True, **change}
    services.save_answer(
        actor=school.office, answer=bell, question="几点放学？", variants=[], text="16:30放学。", source="作息时间表",
        topic=None, now=nine, **values,
    )  # fmt: skip
    assert services.show_answers(actor=school.mother, text="几点放学", key=new_id(), now=nine) == []
    assert not AnswerShown.objects.exists()


@pytest.mark.parametrize("who", ["class_teacher", "mother", "it_admin"])
def test_these_people_speak_not_for_the_school(school, nine, who) -> None:
    with pytest.raises(NotAllowed):
        services.save_answer(
            actor=getattr(school, who), answer=None, question="问", variants=[], text="答", source="某处", topic=None,
            valid_from=None, valid_until=None, approved=True, now=nine,
        )  # fmt: skip
    assert not ApprovedAnswer.objects.exists()


def test_another_schools_answers_stay_there(school, bell, nine) -> None:
    assert services.show_answers(actor=school.guardian_elsewhere, text="几点放学", key=new_id(), now=nine) == []


def _done(ask, school, at, by, about):
    question = ask("作业写到几点？", by=by, about=about, at=at)
    services.answer(actor=question.owner, question=question, text="八点前。", now=at + timedelta(minutes=30))
    services.confirm(actor=by, question=question, now=at + timedelta(minutes=60))
    return question


def test_a_family_is_asked_for_its_satisfaction_at_most_once_a_month(school, ask, nine) -> None:
    first = _done(ask, school, nine, school.mother, school.child_a)
    _done(ask, school, nine + timedelta(days=3), school.mother, school.child_a)
    _done(ask, school, nine + timedelta(days=4), school.father, school.child_a)
    assert list(Rating.objects.values_list("question", flat=True)) == [first.pk]
    _done(ask, school, nine + timedelta(days=31), school.father, school.child_a)
    assert Rating.objects.count() == 2


def test_a_rating_is_given_once_and_in_time(school, ask, nine) -> None:
    question = _done(ask, school, nine, school.mother, school.child_a)
    with pytest.raises(Invalid):
        services.rate(actor=school.mother, question=question, score=6, comment="", now=nine)
    with pytest.raises(NotAllowed):
        services.rate(actor=school.mother, question=question, score=5, comment="", now=nine + timedelta(days=15))
    services.rate(actor=school.mother, question=question, score=4, comment="好", now=nine + timedelta(days=1))
    with pytest.raises(NotAllowed):
        services.rate(actor=school.mother, question=question, score=1, comment="", now=nine + timedelta(days=1))
    assert Rating.objects.get().score == 4


def test_leaders_see_ratings_a_week_later_and_only_of_five_or_more(school, ask, nine) -> None:
    families = [(school.mother, school.child_a), (school.guardian_of_two, school.sibling_a),
                (school.guardian_of_twins, school.twin_one), (school.restricted_mother, school.restricted_child),
                (school.guardian_b, _child(school.guardian_b))]  # fmt: skip

    def satisfaction(after: timedelta) -> str:
        period = Period.month_of(nine.date())
        rows = figures.in_charge(school.leader, period=period, now=nine + after)
        return next(one.shown for one in rows if one.name == "questions.satisfaction")

    for count, (by, about) in enumerate(families, 1):
        question = _done(ask, school, nine, by, about)
        services.rate(actor=by, question=question, score=5, comment="", now=nine + timedelta(days=1))
        assert satisfaction(timedelta(days=9)) == ("5.0" if count == 5 else "–")
    assert satisfaction(timedelta(days=2)) == "–"
    assert len(queries.ratings_of(school.class_teacher)) == 4


def test_a_promise_the_family_has_seen_can_only_be_kept(school, question, nine) -> None:
    services.answer(actor=question.owner, question=question, text="明天给您答复。", now=nine)
    task = question.tasks.get()
    assert task.state == "offered"
    services.take_over_promise(actor=question.owner, task=task, now=nine)
    with pytest.raises(Invalid):
        services.drop_task(actor=question.owner, task=task, now=nine)
    assert services.end_task(actor=question.owner, task=task, now=nine + timedelta(hours=3)).state == "done"


def test_an_offered_promise_and_a_follow_up_are_the_staffs_own_business(school, question, client_for, nine) -> None:
    services.answer(actor=question.owner, question=question, text="后天前给您答复。", now=nine)
    services.add_task(
        actor=school.leader, question=question, kind="follow_up", text="查监控", person=school.leader, now=nine,
        due_at=nine + timedelta(days=3),
    )  # fmt: skip
    seen = client_for(school.mother).get(f"/questions/{question.uuid}/").content.decode()
    assert "查监控" not in seen
    assert "学校的承诺" not in seen


def test_the_export_holds_every_step_with_its_minutes(school, question, client_for, nine) -> None:
    services.answer(actor=question.owner, question=question, text="第35页", now=nine + timedelta(hours=2))
    file = client_for(school.leader).get("/questions/overview/events.csv?days=120")
    rows = file.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 1 + question.events.count()
    assert rows[-1].endswith(",120.0")
    assert "第35页" not in file.content.decode("utf-8-sig")
