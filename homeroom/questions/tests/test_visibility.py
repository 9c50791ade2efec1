"""Who sees a question: its family's asker, its circle, and nobody else, at every address."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest

from homeroom.delivery.models import Item, Recipient
from homeroom.files.models import StoredFile
from homeroom.files.services import store_upload
from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.people.models import Guardianship
from homeroom.questions import access, queries, services
from homeroom.questions.models import Circle, Question, Watcher
from homeroom.school.models import Subject

SECRET = "班主任当众批评孩子，不公平"
TEACHERS = [
    "class_teacher", "substitute", "other_class_teacher", "third_class_teacher", "subject_teacher", "teacher_parent",
    "grade_leader", "office", "counsellor", "it_admin",
]  # fmt: skip


@pytest.fixture
def complaint(ask) -> Question:
    return ask(SECRET, under="投诉建议")


@pytest.mark.parametrize("who", TEACHERS)
def test_no_teacher_finds_a_complaint_anywhere(school, complaint, client_for, who) -> None:
    page = client_for(getattr(school, who))
    services.answer(actor=school.leader, question=complaint, text="已当面了解，会跟进", now=complaint.asked_at)
    items = Item.objects.filter(source_id=complaint.pk, kind__startswith="question")
    addresses = [
        f"/questions/{complaint.uuid}/", "/questions/", *(f"/questions/?from={view}" for view in
        ("team", "late", "waiting", "watched", "over")), "/questions/?from=team&q=当众", "/questions/overview/",
        "/questions/overview/events.csv", "/questions/ratings/", "/questions/answers/", "/questions/mine/", "/",
        f"/questions/answers/new/?of={complaint.uuid}", "/api/v1/feed", "/feed/?q=当众",
        *(f"/feed/items/{item.uuid}/" for item in items), *(f"/feed/sent/{item.uuid}/" for item in items),
        *(f"/feed/items/{item.uuid}/text/" for item in items),
    ]  # fmt: skip
    for address in addresses:
        answer = page.get(address, follow=True)
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert "不公平".encode() not in text, address
        if str(complaint.uuid) not in address:  # a page for what is not found repeats where one is
            assert str(complaint.uuid).encode() not in text, address


@pytest.mark.parametrize("who", TEACHERS)
def test_a_complaint_is_given_and_shown_to_leaders_only(school, complaint, nine, who) -> None:
    person = getattr(school, who)
    assert complaint.owner == school.leader
    for act in (services.assign, services.watch):
        with pytest.raises(NotAllowed):
            act(actor=school.leader, question=complaint, person=person, now=nine)
    Watcher.objects.create(question=complaint, person=person)  # even a stray row opens nothing
    assert not access.seen_by_staff(person).filter(pk=complaint.pk).exists()


def test_what_was_put_to_leaders_is_never_opened_to_others(school, complaint, topic, nine) -> None:
    for circle in (Circle.CLASS_TEACHER, Circle.OFFICE, Circle.PERSON):
        with pytest.raises(Invalid):
            services.reroute(actor=school.leader, question=complaint, topic=topic("作业"), circle=circle, now=nine)
    complaint.refresh_from_db()
    assert complaint.circle == Circle.LEADERS


def test_what_becomes_the_leaders_alone_leaves_its_teacher(school, question, topic, nine) -> None:
    services.watch(actor=school.leader, question=question, person=school.subject_teacher, now=nine)
    services.reroute(actor=school.leader, question=question, topic=topic("投诉建议"), circle="office", now=nine)
    question.refresh_from_db()
    assert (question.circle, question.owner) == (Circle.LEADERS, school.leader)
    for who in (school.class_teacher, school.subject_teacher, school.grade_leader, school.office):
        assert not access.seen_by_staff(who).filter(pk=question.pk).exists()


@pytest.mark.parametrize(
    ("circle", "sees"),
    [
        ("class_teacher", {"class_teacher", "substitute", "grade_leader", "leader"}),
        ("subject", {"subject_teacher", "grade_leader", "leader"}),
        ("office", {"office", "leader"}),
        ("leaders", {"leader"}),
    ],
)
def test_the_asker_chooses_who_of_the_staff_may_see_it(school, ask, circle, sees) -> None:
    maths = Subject.objects.get(school=school.school, name="数学")
    question = ask(circle=circle, subject=maths.pk if circle == "subject" else None)
    seen = {who for who in [*TEACHERS, "leader", "leader_elsewhere"]
            if access.seen_by_staff(getattr(school, who)).filter(pk=question.pk).exists()}  # fmt: skip
    assert seen == sees


@pytest.mark.parametrize("who", ["father", "guardian_of_two", "delegate", "pupil", "guardian_elsewhere"])
def test_nobody_else_of_any_family_sees_it(school, question, client_for, who) -> None:
    page = client_for(getattr(school, who))
    assert page.get(f"/questions/{question.uuid}/").status_code == 404
    assert question.title not in page.get("/questions/mine/").content.decode()


def test_a_guardian_barred_since_sees_and_hears_no_more(school, question, client_for, nine) -> None:
    page = client_for(school.mother)
    assert page.get(f"/questions/{question.uuid}/").status_code == 200
    Guardianship.objects.filter(guardian=school.mother, student=school.child_a).update(restriction="no_contact")
    assert page.get(f"/questions/{question.uuid}/").status_code == 404
    assert question.title not in page.get("/questions/mine/").content.decode()
    services.answer(actor=question.owner, question=question, text="第35页", now=nine)
    assert not Recipient.objects.filter(person=school.mother, item__kind="question_answer").exists()
    with pytest.raises(NotAllowed):
        services.add_line(actor=school.mother, question=question, text="补", now=nine)


def test_a_barred_father_and_a_stranger_cannot_ask_about_the_child(school, ask) -> None:
    for who in (school.restricted_guardian, school.guardian_b, school.guardian_elsewhere, school.class_teacher):
        with pytest.raises(Invalid):
            ask(by=who, about=school.restricted_child)
    assert Question.objects.count() == 0


def test_nobody_is_colleague_and_family_in_one_matter(school, ask) -> None:
    """林老师 asks about her own child: she is the asker there and never the staff, whoever it is given to."""
    child = Guardianship.objects.get(guardian=school.teacher_parent).student
    question = ask(by=school.teacher_parent, about=child)
    assert question.owner == school.other_class_teacher
    with pytest.raises(NotAllowed):
        services.note(actor=school.teacher_parent, question=question, text="记", now=question.asked_at)
    with pytest.raises(NotAllowed):
        services.assign(actor=school.leader, question=question, person=school.teacher_parent, now=question.asked_at)


def test_a_pupil_asks_for_themself(school, ask, client_for) -> None:
    question = ask(by=school.pupil, about=school.pupil)
    assert question.owner == school.third_class_teacher
    assert client_for(school.pupil).get(f"/questions/{question.uuid}/").status_code == 200
    assert client_for(school.guardian_of_two).get(f"/questions/{question.uuid}/").status_code == 404


def test_files_follow_the_question(school, ask, client_for, now) -> None:
    content = b"%PDF-1.4\n%EOF\n"
    file = store_upload(actor=school.mother, name="条.pdf", content=BytesIO(content), size=len(content), now=now)
    ask(SECRET, under="投诉建议", files=(file.uuid,))
    sees = {who for who in [*TEACHERS, "mother", "father", "leader", "guardian_elsewhere"]
            if client_for(getattr(school, who)).get(f"/files/{file.uuid}/").status_code == 200}  # fmt: skip
    assert sees == {"mother", "leader"}
    assert StoredFile.objects.count() == 1


def test_what_is_cited_is_shown_by_each_ones_own_rights(school, ask, client_for, now) -> None:
    from homeroom.delivery.public import Asked, send_item

    item = send_item(
        actor=school.class_teacher, school=school.school, kind="plain", source_id=None, sender=school.class_teacher,
        title="研学通知", lead="", level="read", recipients=[Asked(school.mother.pk, school.child_a.pk)], now=now,
    )  # fmt: skip
    mother = client_for(school.mother)
    assert f"/questions/ask/?about=item:{item.uuid}" in mother.get(f"/feed/items/{item.uuid}/").content.decode()
    assert "研学通知" in mother.get(f"/questions/ask/?about=item:{item.uuid}").content.decode()
    question = ask("要带伞吗？", about_kind="item", about_uuid=item.uuid, circle="office")
    assert "研学通知" in mother.get(f"/questions/{question.uuid}/").content.decode()
    assert "研学通知" in client_for(school.leader).get(f"/questions/{question.uuid}/").content.decode()
    office = client_for(school.office).get(f"/questions/{question.uuid}/").content.decode()
    assert "研学通知" not in office
    assert "您无权查看" in office


def test_lists_cost_the_same_for_one_and_for_thirty(school, ask, django_assert_max_num_queries, nine) -> None:
    for number in range(30):
        ask(f"第{number}个问题：作业要写到几点？", at=nine - timedelta(minutes=4 * (30 - number)))
    with django_assert_max_num_queries(6):
        rows, _next = queries.desk(school.class_teacher, view="team", now=nine)
        queries.desk_counts(school.class_teacher, now=nine)
    assert len(rows) == 30
    with django_assert_max_num_queries(5):
        assert len(queries.asked_list(school.mother)[0]) == 30


def test_outside_text_says_nothing_of_the_child(school, question, nine) -> None:
    services.answer(actor=question.owner, question=question, text="张小雨需要补作业", now=nine)
    for item in Item.objects.filter(kind__startswith="question"):
        assert "张小雨" not in item.title + item.lead
        assert question.title not in item.title + item.lead
