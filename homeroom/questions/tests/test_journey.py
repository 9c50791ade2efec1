"""A question from asking to its end, through the pages, with nothing lost."""

from __future__ import annotations

import pytest

from homeroom.delivery.models import Recipient
from homeroom.kit.ids import new_id
from homeroom.questions.models import Note, Question, QuestionEvent, Rating
from homeroom.questions.states import State


def test_from_asking_to_five_faces(school, topic, client_for) -> None:
    mother = client_for(school.mother)
    form = mother.get("/questions/ask/")
    assert form.status_code == 200
    body = {
        "student": str(school.child_a.uuid), "topic": str(topic("作业").uuid), "key": str(new_id()),
        "text": "今天的数学作业是哪几页？孩子没记全。",
    }  # fmt: skip
    sent = mother.post("/questions/ask/", body)
    assert sent.status_code == 302
    again = mother.post("/questions/ask/", body)  # a retry of the same form
    assert again["Location"] == sent["Location"]
    question = Question.objects.get()
    assert question.state == State.ASSIGNED
    assert question.owner in {school.class_teacher, school.substitute}
    assert Recipient.objects.filter(person=question.owner, item__kind="question").count() == 1

    teacher = client_for(question.owner)
    assert question.title in teacher.get("/questions/").content.decode()
    page = f"/questions/{question.uuid}/"
    assert teacher.get(page).status_code == 200
    teacher.post(f"{page}note/", {"note": "她上周也问过，注意语气"})
    assert teacher.post(f"{page}answer/", {"text": "第35、36页，今天写完就可以。"}).status_code == 302

    item = Recipient.objects.get(person=school.mother, item__kind="question_answer").item
    opened = mother.get(f"/feed/items/{item.uuid}/")
    assert opened["Location"] == page
    assert "35" not in item.title + item.lead
    seen = mother.get(page).content.decode()
    assert "第35、36页" in seen
    assert "注意语气" not in seen
    assert mother.post(f"{page}confirm/").status_code == 302
    question.refresh_from_db()
    assert question.state == State.CLOSED
    assert Rating.objects.get().teacher == question.owner
    assert mother.post(f"{page}rate/", {"score": "5", "comment": "很及时"}).status_code == 302
    assert "很及时" in teacher.get("/questions/ratings/").content.decode()
    assert [event.act for event in QuestionEvent.objects.filter(question=question)] == [
        "ask", "assign", "note", "answer", "confirm", "close", "rate",
    ]  # fmt: skip
    assert Note.objects.count() == 1


@pytest.mark.parametrize("missing", ["student", "topic", "text"])
def test_a_mistake_loses_nothing(school, topic, client_for, missing) -> None:
    body = {
        "student": str(school.child_a.uuid), "topic": str(topic("作业").uuid), "key": str(new_id()),
        "text": "几点放学？",
    }  # fmt: skip
    answer = client_for(school.guardian_of_two).post("/questions/ask/", {**body, missing: ""})
    assert answer.status_code == 422
    assert Question.objects.count() == 0
    if missing != "text":
        assert "几点放学？" in answer.content.decode()


def test_what_is_not_answered_goes_to_a_person_again(school, question, client_for, nine) -> None:
    teacher, mother, page = client_for(question.owner), client_for(school.mother), f"/questions/{question.uuid}/"
    teacher.post(f"{page}answer/", {"text": "看班级群。"})
    assert mother.post(f"{page}again/").status_code == 302
    question.refresh_from_db()
    assert question.state == State.REOPENED
    assert question.reply_since is not None
    mother.post(f"{page}write/", {"text": "群里没有。", "key": str(new_id())})
    assert "群里没有。" in teacher.get(page).content.decode()


def test_an_answer_sent_twice_is_one(school, question, client_for) -> None:
    teacher, key = client_for(question.owner), str(new_id())
    for _time in range(2):
        teacher.post(f"/questions/{question.uuid}/answer/", {"text": "第35页。", "key": key})
    assert question.lines.count() == 2
    assert Recipient.objects.filter(person=school.mother, item__kind="question_answer").count() == 1


def test_what_people_write_is_text_and_never_markup(school, ask, client_for) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    question = ask(evil)
    teacher = client_for(question.owner)
    teacher.post(f"/questions/{question.uuid}/note/", {"note": evil})
    teacher.post(f"/questions/{question.uuid}/answer/", {"text": evil})
    mother, here = client_for(school.mother), f"/questions/{question.uuid}/"
    pages = (teacher.get(here), mother.get(here), teacher.get("/questions/?from=waiting"), mother.get("/questions/"))
    for page in pages:
        text = page.content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
