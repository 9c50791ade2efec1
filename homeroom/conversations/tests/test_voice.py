"""A voice message: kept by its bytes, played by those who read the message, put in writing by hand."""

from __future__ import annotations

import io
import wave

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from homeroom.conversations.models import Conversation, Message, Transcript
from homeroom.conversations.services import (
    keep_recording,
    open_family_thread,
    post_message,
    withdraw_message,
    write_transcript,
)
from homeroom.files.kinds import Refused
from homeroom.files.models import StoredFile
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible
from homeroom.kit.ids import new_id
from homeroom.people.models import Person


def tone(seconds: float) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(8000)
        out.writeframes(bytes(int(8000 * seconds)))
    return made.getvalue()


def keep(who: Person, seconds: float = 4) -> StoredFile:
    data = tone(seconds)
    return keep_recording(actor=who, content=io.BytesIO(data), size=len(data), now=timezone.now())


@pytest.fixture
def thread(school) -> Conversation:
    return open_family_thread(
        actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=timezone.now()
    )


@pytest.fixture
def message(school, thread) -> Message:
    post_message(
        actor=school.mother, conversation=thread, text="", client_key=new_id(), now=timezone.now(),
        files=[keep(school.mother).uuid],
    )  # fmt: skip
    return Message.objects.get()


def page(school, client_for, thread, who: str) -> str:
    address = reverse("conversations:thread", args=[thread.uuid])
    return str(client_for(getattr(school, who)).get(address).content.decode())


def test_it_plays_in_the_thread_with_its_length_in_words(school, thread, message, client_for):
    for who in ("mother", "father", "class_teacher"):
        html = page(school, client_for, thread, who)
        assert "<voice-player" in html
        assert 'data-seconds="4"' in html


def test_only_who_reads_the_message_gets_the_sound(school, message, client_for):
    address = reverse("files:file", args=[StoredFile.objects.get().uuid])
    assert client_for(school.class_teacher).get(address).status_code == 200
    for who in ("subject_teacher", "guardian_b", "restricted_guardian", "leader", "guardian_elsewhere"):
        assert client_for(getattr(school, who)).get(address).status_code == 404
    withdraw_message(actor=school.mother, message=message, reason="", now=timezone.now())
    assert client_for(school.class_teacher).get(address).status_code == 404


def test_a_minute_is_the_most(school, thread):
    with pytest.raises(Refused):
        keep(school.mother, 70)
    assert not StoredFile.objects.exists()


def test_who_writes_nowhere_keeps_no_recording(school):
    with pytest.raises(NotAllowed):
        keep(school.restricted_guardian)
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize("who", ["mother", "class_teacher", "substitute"])
def test_who_spoke_and_the_teachers_put_it_in_writing(school, thread, message, who, client_for):
    actor = getattr(school, who)
    write_transcript(actor=actor, message=message, text="小雨今天请假", now=timezone.now())
    written = Transcript.objects.get()
    assert (written.text, written.transcribed_by) == ("小雨今天请假", actor)
    assert "小雨今天请假" in page(school, client_for, thread, "father")


def test_others_may_not(school, message):
    with pytest.raises(NotAllowed):
        write_transcript(actor=school.father, message=message, text="别的", now=timezone.now())
    with pytest.raises(NotVisible):
        write_transcript(actor=school.subject_teacher, message=message, text="别的", now=timezone.now())
    assert not Transcript.objects.exists()


def test_there_is_nothing_to_write_without_a_recording_or_without_words(school, thread, message):
    post_message(actor=school.mother, conversation=thread, text="只有文字", client_key=new_id(), now=timezone.now())
    with pytest.raises(Invalid):
        write_transcript(actor=school.mother, message=Message.objects.get(number=2), text="字", now=timezone.now())
    with pytest.raises(Invalid):
        write_transcript(actor=school.mother, message=message, text="  ", now=timezone.now())
    assert not Transcript.objects.exists()


def test_open_pages_hear_of_a_transcript_and_it_is_written_down(school, thread, message):
    write_transcript(actor=school.class_teacher, message=message, text="请假", now=timezone.now())
    message.refresh_from_db()
    thread.refresh_from_db()
    assert message.changed_number == thread.last_change == 1
    write_transcript(actor=school.mother, message=message, text="请病假", now=timezone.now())
    assert Transcript.objects.get().transcribed_by == school.mother


def test_the_browsers_way(school, thread, client_for):
    client = client_for(school.mother)
    row = client.post(reverse("conversations:voice"), {"file": SimpleUploadedFile("voice", tone(3))})
    assert row.status_code == 201
    stored = StoredFile.objects.get()
    assert str(stored.uuid) in row.content.decode()
    assert client.post(reverse("conversations:voice"), {"file": SimpleUploadedFile("voice", b"abc")}).status_code == 422
    assert client.post(reverse("conversations:voice")).status_code == 422
    client.post(
        reverse("conversations:send", args=[thread.uuid]), {"text": "", "client_key": new_id(), "files": [stored.uuid]}
    )
    said = Message.objects.get()
    dialog = client.get(reverse("conversations:message", args=[said.uuid])).content.decode()
    assert 'name="transcript"' in dialog
    answer = client.post(reverse("conversations:transcript", args=[said.uuid]), {"transcript": "明天请假"})
    assert answer.status_code == 302
    assert Transcript.objects.get().text == "明天请假"


def test_the_microphone_is_for_our_own_pages_only(school, thread, client_for):
    answer = client_for(school.mother).get(reverse("conversations:thread", args=[thread.uuid]))
    assert answer["Permissions-Policy"] == "microphone=(self), camera=(), geolocation=()"
