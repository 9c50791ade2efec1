"""Hours, duty, absences, canned replies and a message that waits: what makes talking bearable, as the school has it."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from homeroom.conversations.hours import count_usual_times
from homeroom.conversations.models import Conversation
from homeroom.conversations.services.keeping_time import add_shift, set_away, set_own_hours
from homeroom.conversations.services.scheduling import schedule_message
from homeroom.kit.ids import new_id
from homeroom.wording.public import save_reply

from .cast import ZONE, Cast

DUTY_PHONE = "15400000112"
OWN = (
    ("收到请假", "{{家长}}您好，{{孩子}}的请假已收到，请让孩子好好休息，功课回来再补。", "qj"),
    ("作业说明", "{{家长}}您好，今天的作业已布置在课堂记录本上，{{孩子}}不清楚的地方明天可以来问我。", "zy"),
    ("稍后回复", "{{家长}}您好，我正在上课，下课后回复您。", "sh"),
    ("在校情况", "{{家长}}您好，{{孩子}}今天在校一切正常，请放心。", "zx"),
)
SCHOOLS = (
    ("放学时间", "{{班级}}放学时间以学校通知为准，如有变动会提前告知。", "fx"),
    ("费用咨询", "费用问题请联系教务处，工作时间内会有老师为您查询。", "fy"),
)


def keep_calm(cast: Cast, *, now: datetime) -> None:
    """After the talk of the last weeks, so that there are replies to count."""
    for name, text, shortcut in OWN:
        save_reply(actor=cast.class_teacher, name=name, text=text, shortcut=shortcut)
    for name, text, shortcut in SCHOOLS:
        save_reply(actor=cast.office, name=name, text=text, shortcut=shortcut, for_school=True)
    set_own_hours(
        actor=cast.subject_teacher,
        weekly={day: ((time(8), time(11, 30)), (time(14), time(16, 30))) for day in range(5)},
    )
    add_shift(
        actor=cast.office, person=cast.counsellor, phone=DUTY_PHONE, takes_messages=True, starts_on=cast.today,
        ends_on=cast.today + timedelta(days=13), now=now,
    )  # fmt: skip
    set_away(
        actor=cast.third_class_teacher, starts_on=cast.today, ends_on=cast.today + timedelta(days=2),
        text="我这几天外出参加教研培训，回来后尽快回复您。", substitute=cast.subject_teacher, now=now,
    )  # fmt: skip
    thread = Conversation.objects.filter(teacher=cast.class_teacher, student=cast.child_a, kind="family").first()
    if thread is not None:
        morning = datetime.combine(now.astimezone(ZONE).date() + timedelta(days=1), time(8), ZONE)
        schedule_message(
            actor=cast.class_teacher, conversation=thread, text="早上好，今天有美术课，请给孩子带好水彩笔。",
            client_key=new_id(), send_at=morning, now=now,
        )  # fmt: skip
    count_usual_times(cast.school, now=now)
