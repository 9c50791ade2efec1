"""What can be looked up about a child today: what is to do, this week's notices, open questions, its teachers."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from homeroom.conversations.public import duty_phone
from homeroom.delivery import public as delivery
from homeroom.people.models import Person, Role
from homeroom.people.public import Child, labels
from homeroom.questions.public import open_questions
from homeroom.school.public import uses
from homeroom.ui import moments

from .lookup import Line, Lookup, register_lookup


def _to_do(person: Person, child: Child, now: datetime) -> list[Line]:
    levels = dict(delivery.Level.choices)
    return [
        (
            card.title,
            f"{levels.get(card.level, '')} {moments.deadline(card.deadline_at) if card.deadline_at else ''}".strip(),
            card.link_or_page,
        )
        for card in delivery.todo(person, now=now, child=child.person_id)
    ]


def _notices(person: Person, child: Child, now: datetime) -> list[Line]:
    """Since Monday, at the school."""
    local = now.astimezone(ZoneInfo(person.school.time_zone))
    monday = datetime.combine(local.date() - timedelta(days=local.weekday()), time(), local.tzinfo)
    cards = delivery.feed(person, now=now, child=child.person_id, limit=40).cards
    return [
        (card.title, f"{card.sender} {moments.local_time(card.sent_at)}", card.link_or_page)
        for card in sorted(cards, key=lambda card: card.sent_at, reverse=True)
        if card.sent_at >= monday and card.recalled_at is None and not card.kind.startswith("question")
    ]


def _questions(person: Person, child: Child, now: datetime) -> list[Line]:
    if not uses(person.school, "questions"):
        return []
    return list(open_questions(person, child.person_id))


def _teachers(person: Person, child: Child, now: datetime) -> list[Line]:
    roles = Role.objects.in_force(person.today).filter(
        school_class_id=child.class_id or 0,
        kind__in=[Role.Kind.CLASS_TEACHER, Role.Kind.SUBJECT_TEACHER],
        person__archived_at__isnull=True,
    )
    held = list(roles.order_by("kind", "id").values_list("person_id", flat=True))
    named = labels(held)
    writes = uses(person.school, "conversations") and child.sees_records
    return [(named[pk], "", reverse("conversations:new") if writes else "") for pk in dict.fromkeys(held)]


def _duty(person: Person, child: Child, now: datetime) -> list[Line]:
    phone = duty_phone(person.school_id) if uses(person.school, "conversations") else ""
    return [(_("Duty phone: %(phone)s") % {"phone": phone}, "", f"tel:{phone.replace(' ', '')}")] if phone else []


for one in (
    Lookup(
        "to_do",
        _("Still to confirm, sign or reply"),
        ("没签", "签字", "要签", "没确认", "确认", "待办", "要做", "要办", "还没做", "回执", "没回"),
        _to_do,
        _("Nothing is waiting for you."),
        "还有什么没签字",
    ),
    Lookup(
        "notices",
        _("This week's messages of the school"),
        ("通知", "公告", "消息", "学校发"),
        _notices,
        _("Nothing has come this week."),
        "这周的通知",
    ),
    Lookup(
        "questions",
        _("My open questions"),
        ("问题", "提问", "未回复", "没回复", "没答复", "答复", "问过"),
        _questions,
        _("No question of yours is open."),
        "有没有未回复的问题",
    ),
    Lookup(
        "teachers",
        _("Teachers of the class"),
        ("班主任", "任课", "哪位老师", "谁教", "老师是谁", "老师有", "科任"),
        _teachers,
        _("The school has entered no teachers for this class."),
        "班主任是谁",
    ),
    Lookup(
        "duty",
        _("Whom to ring"),
        ("电话", "值班", "联系方式", "紧急", "打给谁"),
        _duty,
        _("The school has given no duty phone. Write to a teacher, or ask the school."),
        "值班电话",
    ),
):
    register_lookup(one)
