"""The newer ways to talk, once each: a pupil's own thread, a message that cites a notice, a recording in writing."""

from __future__ import annotations

import io
import math
import wave
from datetime import datetime, timedelta
from uuid import UUID

from homeroom.conversations.models import Conversation, Message
from homeroom.conversations.services import (
    keep_recording,
    open_family_thread,
    open_pupil_thread,
    post_message,
    write_transcript,
)
from homeroom.delivery.models import Recipient
from homeroom.kit.ids import new_id
from homeroom.people.models import Person

from .cast import Cast

RATE = 8000
MELODY = ((523, 0.5), (659, 0.5), (784, 0.5), (659, 0.5), (523, 1.0))  # hertz and seconds: a chime in place of a voice
SPOKEN = "老师好，我们是按通知上的时间到校门口集合吗？孩子有点晕车，想请您安排坐前排。"


def speak_and_cite(cast: Cast, *, now: datetime) -> None:
    """Let the cast have used them yesterday and today."""
    _pupils_thread(cast, now)
    _notice_and_voice(cast, now)


def _pupils_thread(cast: Cast, now: datetime) -> None:
    thread = open_pupil_thread(actor=cast.pupil, teacher=cast.subject_teacher, now=now)
    at = now - timedelta(hours=20)
    for minutes, who, text in (
        (0, cast.pupil, "李老师好，数学小报可以两个人一起做吗？"),
        (25, cast.subject_teacher, "可以，分工写清楚就行，下周三交。"),
        (31, cast.pupil, "谢谢老师，我和王同学一组。"),
        (50, cast.guardian_of_two, "谢谢李老师，我们在家也提醒她早点动手。"),
    ):
        _say(thread, who, text, at + timedelta(minutes=minutes))


def _notice_and_voice(cast: Cast, now: datetime) -> None:
    mine = Recipient.objects.filter(
        person=cast.mother, student=cast.child_a, item__kind="notice", item__recalled_at__isnull=True
    )
    newest = mine.order_by("-item__sent_at").select_related("item").first()
    if newest is None:
        return
    thread = open_family_thread(actor=cast.mother, student=cast.child_a, teacher=cast.class_teacher, now=now)
    at = now - timedelta(hours=3)
    _say(thread, cast.mother, "王老师，想问一下这个通知。", at, cites=("item", newest.item.uuid))
    sound = _chime()
    kept = keep_recording(actor=cast.mother, content=io.BytesIO(sound), size=len(sound), now=now)
    spoken = _say(thread, cast.mother, "", at + timedelta(minutes=1), files=(kept.uuid,))
    write_transcript(actor=cast.class_teacher, message=spoken, text=SPOKEN, now=now)
    _say(thread, cast.class_teacher, "是的，按通知的时间。座位我来安排，放心。", at + timedelta(minutes=9))


def _say(
    thread: Conversation, who: Person, text: str, at: datetime, *, cites: tuple[str, UUID] | None = None,
    files: tuple[UUID, ...] = (),
) -> Message:  # fmt: skip
    written = post_message(
        actor=who, conversation=thread, text=text, client_key=new_id(), now=at, cites=cites, files=files
    )
    return Message.objects.select_related("conversation").get(pk=written.id)


def _chime() -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(RATE)
        for hertz, seconds in MELODY:
            count = int(RATE * seconds)
            out.writeframes(
                bytes(
                    128 + int(60 * math.exp(-3 * n / count) * math.sin(2 * math.pi * hertz * n / RATE))
                    for n in range(count)
                )
            )
    return made.getvalue()
