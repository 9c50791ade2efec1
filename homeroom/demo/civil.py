"""Open answers in the class channel: one waits for the teacher, one was reported, one was let through on appeal."""

from __future__ import annotations

from datetime import datetime, timedelta

from homeroom.conversations.models import Case, Conversation, Message
from homeroom.conversations.services import change_rules, post_message
from homeroom.conversations.services.moderating import appeal_case, decide_case, report_message
from homeroom.kit.ids import new_id
from homeroom.people.models import Person

from .cast import Cast
from .talk import DUTY_PHONE


def keep_civil(cast: Cast, *, now: datetime) -> None:
    """After the talk of the last weeks, so that there is a channel to answer in."""
    change_rules(
        actor=cast.leader, school=cast.school, open_replies=True, read_first=True, duty_phone=DUTY_PHONE, now=now
    )
    channel = Conversation.objects.get(kind=Conversation.Kind.CHANNEL, school_class=cast.class_a)

    def waits(who: Person, text: str, at: datetime) -> Case:
        held = post_message(actor=who, conversation=channel, text=text, client_key=new_id(), now=at)
        return Case.objects.get(pk=held.id)

    day = timedelta(days=1)
    refused = waits(cast.guardian_of_two, "每天的口算能不能少一点？孩子写到九点半。", now - 3 * day)
    decide_case(
        actor=cast.class_teacher,
        case=refused,
        outcome="refused",
        reason="作业的事请私下和任课老师说。",
        now=now - 2 * day,
    )
    appeal_case(actor=cast.guardian_of_two, case=refused, text="不是抱怨，好几个家庭都想知道。", now=now - 2 * day)
    decide_case(
        actor=cast.leader, case=refused, outcome="approved", reason="问题提得合理，可以公开回答。", now=now - day
    )
    said = waits(cast.father, "那个总打人的孩子，家长到底管不管？", now - day)
    decide_case(actor=cast.class_teacher, case=said, outcome="approved", reason="放行。", now=now - day)
    said.refresh_from_db()
    message = Message.objects.get(conversation=channel, client_key=said.held.client_key)  # type: ignore[union-attr]
    report_message(
        actor=cast.guardian_of_two, message=message, reason="hurtful", text="这样说孩子不合适。", now=now - day / 2
    )
    waits(cast.mother, "请问周五的美术课要自己带水彩笔吗？", now - timedelta(hours=2))
