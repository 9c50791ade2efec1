"""What browsers record is known by its bytes: sound and not film, and how long."""

from __future__ import annotations

import io
import wave
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from homeroom.files import sniffing, sound
from homeroom.files.kinds import Kind, Refused
from homeroom.files.models import StoredFile
from homeroom.files.services import store_recording, store_upload

RECORDINGS = Path(__file__).parent / "recordings"  # made with Chromium's own test microphone


def tone(seconds: float) -> io.BytesIO:
    made = io.BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(8000)
        out.writeframes(bytes(int(8000 * seconds)))
    made.seek(0)
    return made


def keep(school, content: io.BytesIO) -> StoredFile:
    return store_recording(
        actor=school.class_teacher, name="语音", content=content, size=len(content.getvalue()),
        longest=timedelta(minutes=1), now=timezone.now(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "media_type"), [("three-seconds.webm", "audio/webm"), ("three-seconds.mp4", "audio/mp4")]
)
def test_a_recording_is_sound_whatever_its_container_may_hold(name, media_type):
    data = (RECORDINGS / name).read_bytes()
    found = sniffing.recognise(io.BytesIO(data), len(data))
    assert (found.media_type, found.kind) == (media_type, Kind.SOUND)
    assert 2800 <= (sound.length_ms(io.BytesIO(data), media_type) or 0) <= 3200


def test_a_container_without_a_track_or_with_pictures_is_no_recording():
    data = (RECORDINGS / "three-seconds.webm").read_bytes()
    film = data.replace(b"\x83\x81\x02", b"\x83\x81\x01", 1)
    assert sniffing.recognise(io.BytesIO(film), len(film)).kind == Kind.FILM
    assert sniffing.recognise(io.BytesIO(data[:40]), 40).kind == Kind.FILM


@given(st.binary(max_size=400), st.sampled_from(["audio/webm", "audio/ogg", "audio/mp4", "audio/wav"]), st.data())
def test_broken_bytes_tell_nothing_and_break_nothing(junk, media_type, data):
    whole = (RECORDINGS / "three-seconds.webm").read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    for given_bytes in (junk, whole[:cut] + junk):
        length = sound.length_ms(io.BytesIO(given_bytes), media_type)
        assert length is None or length > 0
        sound.is_sound_only(io.BytesIO(given_bytes), "video/webm")
        sound.is_sound_only(io.BytesIO(given_bytes), "video/mp4")


def test_the_length_is_stored_and_a_longer_one_refused(school):
    kept = keep(school, tone(59))
    assert kept.duration_ms == 59_000
    assert kept.name == "语音.wav"
    with pytest.raises(Refused):
        keep(school, tone(65))
    with pytest.raises(Refused):
        keep(school, io.BytesIO("这不是录音".encode()))


def test_a_player_gets_the_part_it_asks_for(school, client_for):
    data = tone(2)
    kept = store_upload(
        actor=school.class_teacher, name="a.wav", content=data, size=len(data.getvalue()), now=timezone.now()
    )
    client = client_for(school.class_teacher)
    answer = client.get(reverse("files:file", args=[kept.uuid]), headers={"Range": "bytes=100-199"})
    assert answer.status_code == 206
    assert b"".join(answer.streaming_content) == data.getvalue()[100:200]
    assert answer["Content-Type"] == "audio/wav"
    assert client_for(school.mother).get(reverse("files:file", args=[kept.uuid])).status_code == 404
