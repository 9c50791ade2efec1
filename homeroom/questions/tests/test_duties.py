"""Subject teachers, times of a topic, owners whose duty ends, limits, and what a socket tells of a complaint."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from homeroom.delivery.models import Recipient
from homeroom.eventlog.models import LoggedEvent
from homeroom.eventlog.public import events_by_id
from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.kit.ids import new_id
from homeroom.kit.pace import Pace
from homeroom.people.models import Role
from homeroom.questions import access, due, frames, queries, services
from homeroom.questions.clock import Clock
from homeroom.questions.models import AnswerShown, ApprovedAnswer, Circle, Question, QuestionEvent, Task, TopicLevel
from homeroom.questions.services.asking import LINES_AN_HOUR, Asking, TooManyLines, ask_question
from homeroom.questions.services.knowledge import SHOWN_AN_HOUR, TooManyAnswers
from homeroom.questions.services.moving import concerned_staff


@pytest.fixture
def maths(school) -> Role:
    """The duty of the subject teacher in the child's class."""
    return Role.objects.select_related("subject", "person").get(
        person=school.subject_teacher, school_class=school.class_a, kind="subject_teacher"
    )


@pytest.fixture
def to_subject(school, topic):
    def route(subject=None) -> None:
        services.set_route(
            actor=school.leader, school=school.school, topic=topic("作业"), grade=None,
            circle=Circle.SUBJECT_TEACHER, subject=subject,
        )  # fmt: skip

    return route


def test_a_route_leads_to_the_childs_teacher_of_its_subject(school, ask, maths, to_subject) -> None:
    to_subject(maths.subject)
    question = ask("今天的作业是哪几页？")
    assert (question.circle, question.owner, question.subject) == ("subject", school.subject_teacher, maths.subject)


def test_without_a_subject_of_its_own_it_leads_to_the_one_the_family_names(school, ask, maths, to_subject) -> None:
    to_subject()
    assert ask(f"{maths.subject.name}作业是哪几页？").owner == school.subject_teacher
    assert ask("作业是哪几页？", subject=maths.subject.pk).owner == school.subject_teacher
    assert ask("作业是哪几页？").owner == school.class_teacher
    assert ask("作业是哪几页？").circle == "class_teacher"


def test_a_class_without_that_teacher_asks_its_class_teacher(school, ask, maths, to_subject) -> None:
    to_subject(maths.subject)
    maths.delete()
    assert ask("作业是哪几页？").owner == school.class_teacher


def level_of(school, topic, name: str = "健康", **hours) -> TopicLevel:
    given = {"first_reply": 1.0, "next_reply": 2.0, "resolution": 4.0} | hours
    return services.set_topic_level(actor=school.leader, school=school.school, topic=topic(name), hours=given)


def test_a_topic_has_times_of_its_own_and_so_have_those_under_it(school, ask, topic, nine) -> None:
    level_of(school, topic)
    assert ask("孩子发烧了", under="健康").reply_due_at == nine + timedelta(hours=1)
    assert ask("午餐太咸", under="饮食与午餐").reply_due_at == nine + timedelta(hours=1)
    assert ask().reply_due_at > nine + timedelta(hours=1)


def test_after_the_first_reply_the_topics_own_next_time_counts(school, ask, topic, nine) -> None:
    level_of(school, topic)
    question = ask("孩子发烧了", under="健康")
    services.wait(actor=school.class_teacher, question=question, text="问校医", now=nine)
    question = Question.objects.select_related("topic", "school").get(pk=question.pk)
    clock = Clock.of(question.school)
    assert clock.reply_limit(question) == 120
    assert question.resolve_due_at == clock.calendar.after_working_minutes(nine, 240)


@pytest.mark.parametrize("who", ["class_teacher", "office", "mother", "leader_elsewhere"])
def test_these_people_set_no_times(school, topic, who) -> None:
    with pytest.raises(NotAllowed):
        services.set_topic_level(
            actor=getattr(school, who), school=school.school, topic=topic("健康"),
            hours={"first_reply": 1, "next_reply": 1, "resolution": 1},
        )  # fmt: skip
    assert not TopicLevel.objects.exists()


def test_times_of_a_topic_have_bounds_and_can_be_taken_back(school, topic) -> None:
    with pytest.raises(Invalid):
        level_of(school, topic, first_reply=0.1)
    level = level_of(school, topic)
    services.unset_topic_level(actor=school.leader, level=level)
    assert not TopicLevel.objects.exists()


def ended(role: Role, school) -> None:
    role.ends_on = school.today - timedelta(days=1)
    role.save()


def fresh(question: Question) -> Question:
    return Question.objects.select_related("owner").get(pk=question.pk)


def test_when_a_duty_ends_the_question_goes_to_whoever_has_it_now(school, ask, now) -> None:
    asked = now - timedelta(days=3)
    question = ask(at=asked)
    services.add_task(
        actor=school.class_teacher, question=question, kind=Task.Kind.FOLLOW_UP, text="查一查",
        due_at=now + timedelta(days=2), now=asked, person=school.class_teacher,
    )  # fmt: skip
    head = Role.objects.get(person=school.class_teacher, kind="class_teacher", school_class=school.class_a)
    Role.objects.filter(stands_in_for=head).delete()
    ended(head, school)
    Role.objects.create(
        school=school.school, person=school.subject_teacher, kind="class_teacher", school_class=school.class_a
    )
    assert services.release_owners(now=now) == 1
    assert services.release_owners(now=now) == 0
    question = fresh(question)
    assert (question.owner, question.state) == (school.subject_teacher, "assigned")
    acts = list(question.events.order_by("pk").values_list("act", "detail", "role"))[-2:]
    assert acts == [("release", "duty_ended", "system"), ("assign", "routed", "system")]
    assert question.tasks.get().person == school.subject_teacher
    assert Recipient.objects.filter(item__source_id=question.pk, person=school.subject_teacher).exists()


def test_with_nobody_left_in_the_team_it_comes_to_a_leader(school, ask, now) -> None:
    question = ask(at=now - timedelta(days=3))
    Role.objects.filter(stands_in_for__person=school.class_teacher).delete()
    for role in Role.objects.filter(person=school.class_teacher):
        ended(role, school)
    services.release_owners(now=now)
    assert fresh(question).owner == school.leader


def test_whoever_was_given_it_by_name_keeps_it(school, ask, now) -> None:
    question = ask(at=now - timedelta(days=3))
    services.assign(actor=school.leader, question=question, person=school.counsellor, now=now - timedelta(days=2))
    assert services.release_owners(now=now) == 0
    assert fresh(question).owner == school.counsellor


def test_a_wait_is_not_interrupted_by_a_change_of_duty(school, ask, now) -> None:
    question = ask(at=now - timedelta(days=3))
    services.ask_back(actor=school.class_teacher, question=question, text="哪一本？", now=now - timedelta(days=3))
    Role.objects.filter(stands_in_for__person=school.class_teacher).delete()
    for role in Role.objects.filter(person=school.class_teacher):
        ended(role, school)
    services.release_owners(now=now)
    assert fresh(question).state == "waiting_asker"


def test_under_one_question_one_writes_so_much_in_an_hour_and_no_more(school, question, nine) -> None:
    for number in range(LINES_AN_HOUR - 1):  # the question itself is the first
        services.add_line(actor=school.mother, question=question, text=f"补充{number}", now=nine)
    with pytest.raises(TooManyLines):
        services.add_line(actor=school.mother, question=question, text="再补充", now=nine)
    services.add_line(actor=school.mother, question=question, text="再补充", now=nine + timedelta(hours=2))


@pytest.fixture
def bell(school, nine) -> ApprovedAnswer:
    return services.save_answer(
        actor=school.office, answer=None, question="几点放学？", variants=[], text="16:30放学。", source="作息时间表",
        topic=None, valid_from=None, valid_until=None, approved=True, now=nine,
    )  # fmt: skip


def test_ready_answers_are_shown_so_often_in_an_hour_and_no_more(school, bell, nine) -> None:
    for _number in range(SHOWN_AN_HOUR):
        AnswerShown.objects.create(school=school.school, answer=bell, person=school.mother, key=new_id(), shown_at=nine)
    assert services.show_answers(actor=school.mother, text="请问几点放学？", key=new_id(), now=nine) == []
    with pytest.raises(TooManyAnswers):
        services.helped(actor=school.mother, answer=bell, key=new_id(), now=nine)
    assert AnswerShown.objects.count() == SHOWN_AN_HOUR
    assert services.show_answers(actor=school.father, text="请问几点放学？", key=new_id(), now=nine) == [bell]


def test_one_asking_is_answered_by_the_schools_answers_once(school, bell, nine) -> None:
    other = services.save_answer(
        actor=school.office, answer=None, question="周五几点放学？", variants=[], text="16:00。", source="作息时间表",
        topic=None, valid_from=None, valid_until=None, approved=True, now=nine,
    )  # fmt: skip
    key = new_id()
    for answer in (bell, other):
        services.helped(actor=school.mother, answer=answer, key=key, now=nine)
    assert QuestionEvent.objects.filter(act="auto_answer").count() == 1


def test_a_pace_lets_so_many_through_in_its_time() -> None:
    seconds = [0.0]
    pace = Pace(2, 10, clock=lambda: seconds[0])
    assert [pace.allows(1) for _n in range(3)] == [True, True, False]
    assert pace.allows(2)
    seconds[0] = 10.0
    assert pace.allows(1)


def frames_of(question: Question) -> list[dict]:
    ids = LoggedEvent.objects.filter(name="questions.moved").order_by("pk").values_list("pk", flat=True)
    mine = [event for event in events_by_id(list(ids)) if event.body["question_id"] == question.pk]
    return list(frames.moved(mine).values())


def test_a_socket_that_resumes_learns_nothing_of_what_became_a_complaint(school, question, topic, nine) -> None:
    assert {frame["question"] for frame in frames_of(question)} == {str(question.uuid)}
    services.reroute(actor=school.leader, question=question, topic=topic("投诉建议"), circle="leaders", now=nine)
    assert {frame["question"] for frame in frames_of(question)} == {None}
    services.answer(actor=school.leader, question=fresh(question), text="已了解", now=nine)
    shown = frames_of(question)
    assert [frame["act"] for frame in shown if frame["question"]] == ["answer"]
    assert all(frame["state"] is None for frame in shown if frame["question"] is None)


@pytest.mark.django_db(transaction=True)
def test_the_same_form_from_two_devices_at_one_moment_asks_once(school, topic, nine) -> None:
    asking = Asking(student=school.child_a.uuid, topic=topic("作业").uuid, text="哪几页？", key=new_id())
    ready, found, troubles = threading.Barrier(2), [], []

    def put() -> None:
        try:
            ready.wait(10)
            found.append(ask_question(actor=school.mother, asking=asking, now=nine).pk)
        except Exception as trouble:
            troubles.append(trouble)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=put) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert troubles == []
    assert len(found) == 2
    assert len(set(found)) == 1
    assert Question.objects.get().events.filter(act="ask").count() == 1


def test_a_follow_up_is_reminded_of_told_when_late_and_ended_by_who_has_it(school, question, nine) -> None:
    """Due on Wednesday 15:00: a reminder two working hours before (11:20), a word when late, then kept late."""
    due_at = nine + timedelta(days=2, hours=6)
    task = services.add_task(
        actor=school.leader, question=question, kind=Task.Kind.FOLLOW_UP, text="电话回访", due_at=due_at, now=nine,
        person=school.class_teacher,
    )  # fmt: skip
    told = Recipient.objects.filter(item__kind="question", person=school.class_teacher)
    before = told.count()
    assert due.watch_promises(now=due_at - timedelta(hours=4)) == 0
    assert due.watch_promises(now=due_at - timedelta(hours=1)) == 1
    assert due.watch_promises(now=due_at - timedelta(minutes=30)) == 0
    assert due.watch_promises(now=due_at + timedelta(minutes=1)) == 1
    assert told.count() == before + 2
    assert services.end_task(actor=school.class_teacher, task=task, now=due_at + timedelta(hours=1)).state == "late"


def test_a_watcher_sees_the_question_and_its_moves_and_answers_nothing(school, question, nine) -> None:
    """Let in by the owner, told once, on the watched queue, in the events of each move, out again by their own act."""
    counsellor = school.counsellor
    assert not access.seen_by_staff(counsellor).filter(pk=question.pk).exists()
    for _twice in range(2):
        services.watch(actor=school.class_teacher, question=question, person=counsellor, now=nine)
    assert Recipient.objects.filter(item__source_id=question.pk, person=counsellor).count() == 1
    assert [row.question for row in queries.desk(counsellor, view="watched", now=nine)[0]] == [question]
    assert counsellor.pk in concerned_staff(fresh(question))
    with pytest.raises(NotAllowed):
        services.answer(actor=counsellor, question=question, text="我来答", now=nine)
    services.stop_watching(actor=counsellor, question=question)
    assert not access.seen_by_staff(counsellor).filter(pk=question.pk).exists()
