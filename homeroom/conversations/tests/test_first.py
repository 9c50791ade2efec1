"""The thin journey: a guardian writes to a teacher of the child, the teacher answers."""

from __future__ import annotations

import json

import pytest

from homeroom.conversations.models import Conversation, Message
from homeroom.kit.ids import new_id


def post(client, conversation, text, key=None, **body):
    return client.post(
        f"/api/v1/conversations/{conversation.uuid}/messages", json.dumps({"text": text, **body}),
        content_type="application/json", headers={"Idempotency-Key": str(key or new_id())},
    )  # fmt: skip


def test_a_guardian_and_a_teacher_talk(school, client_for):
    mother, teacher = client_for(school.mother), client_for(school.class_teacher)
    page = mother.get("/conversations/new/").content.decode()
    assert "王老师" in page
    assert "李老师" in page
    started = mother.post(
        "/conversations/start/", {"student": school.child_a.uuid, "teacher": school.class_teacher.uuid}
    )
    assert started.status_code == 302
    thread = Conversation.objects.get()
    assert mother.get(started["Location"]).status_code == 200
    sent = mother.post(
        f"/conversations/{thread.uuid}/send/",
        {"text": "老师好，小雨明天请半天假。", "client_key": new_id(), "quoted": ""},
    )
    assert sent.status_code == 302
    assert "小雨明天请半天假" in teacher.get("/conversations/").content.decode()
    shown = teacher.get(f"/conversations/{thread.uuid}/").content.decode()
    assert "张小雨妈妈" in shown
    assert "小雨明天请半天假" in shown
    assert post(teacher, thread, "好的，收到。").status_code == 201
    answer = mother.get(f"/conversations/{thread.uuid}/messages/?after=1&change=0").json()
    assert "好的，收到。" in answer["html"]
    assert answer["last"] == 2
    assert list(Message.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert "小雨明天请半天假" in client_for(school.father).get(f"/conversations/{thread.uuid}/").content.decode()


@pytest.mark.parametrize(
    "who", ["guardian_b", "guardian_of_two", "subject_teacher", "other_class_teacher", "leader", "teacher_elsewhere"]
)
def test_nobody_else_sees_a_family_thread(school, client_for, who):
    mother = client_for(school.mother)
    mother.post("/conversations/start/", {"student": school.child_a.uuid, "teacher": school.class_teacher.uuid})
    thread = Conversation.objects.get()
    other = client_for(getattr(school, who))
    assert other.get(f"/conversations/{thread.uuid}/").status_code == 404
    assert post(other, thread, "我也看看").status_code == 404
    assert not Message.objects.exists()


def test_a_childs_page_leads_those_who_teach_it_to_the_family(school, client_for):
    address = f"/students/{school.child_a.uuid}/guardians/"
    page = client_for(school.class_teacher).get(address).content.decode()
    assert "联系家长" in page
    assert "张小雨" in client_for(school.class_teacher).get("/conversations/new/?q=张小雨").content.decode()
    assert "联系家长" not in client_for(school.leader).get(address).content.decode()
