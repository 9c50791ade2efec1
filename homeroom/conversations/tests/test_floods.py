"""Broken on purpose: a script that pastes, and an upload that is too large. Nobody else notices."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from homeroom.conversations.models import Held, Message
from homeroom.conversations.services import change_rules, open_channel, open_family_thread, post_message
from homeroom.conversations.services.holding import AT_MOST
from homeroom.conversations.services.posting import PER_MINUTE
from homeroom.files.models import StoredFile
from homeroom.kit.errors import Invalid
from homeroom.kit.ids import new_id

PASTED = 10_000
TOO_LARGE = 300 * 2**20


@pytest.fixture
def thread(school):
    now = timezone.now()
    return open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=now)


def test_ten_thousand_pasted_messages_stop_at_the_limit_in_words(school, thread, client_for):
    client, api = client_for(school.mother), f"/api/v1/conversations/{thread.uuid}/messages"
    teacher = client_for(school.class_teacher)
    post_message(actor=school.mother, conversation=thread, text="您好", client_key=new_id(), now=timezone.now())
    teacher.get("/conversations/")
    with CaptureQueriesContext(connection) as before:
        teacher.get("/conversations/")
    said = set()
    for n in range(PASTED):
        answer = client.post(api, {"text": f"第{n}条", "key": str(new_id())}, content_type="application/json")
        if answer.status_code == 429:
            said.add(answer.json()["error"]["message"])
        if n > PER_MINUTE * 2:  # what follows is refused in the same way; the clock is the test's only minute
            break
    assert Message.objects.count() == PER_MINUTE
    assert all(said)
    assert len(said) == 1
    with CaptureQueriesContext(connection) as after:
        page = teacher.get("/conversations/").content.decode()
    assert page.count('class="chat-entry is-unread"') == 1  # one line, however much was written
    assert len(after) == len(before)


def test_what_waits_for_a_moderator_is_limited_too(school):
    now = timezone.now()
    change_rules(actor=school.leader, school=school.school, open_replies=True, read_first=True, duty_phone="", now=now)
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=now)
    for n in range(AT_MOST):
        post_message(actor=school.mother, conversation=channel, text=f"第{n}条", client_key=new_id(), now=now)
    with pytest.raises(Invalid):
        post_message(actor=school.mother, conversation=channel, text="还有", client_key=new_id(), now=now)
    assert Held.objects.count() == AT_MOST


def test_three_hundred_megabytes_are_refused_in_words(school, thread, client_for):
    form = {"text": "看视频", "client_key": str(new_id()), "upload": SimpleUploadedFile("长视频.mp4", b"0" * 100)}
    page = client_for(school.mother).post(f"/conversations/{thread.uuid}/send/", form, CONTENT_LENGTH=str(TOO_LARGE))
    assert page.status_code == 413
    assert "MB" in page.content.decode()
    assert not Message.objects.exists()
    assert not StoredFile.objects.exists()
