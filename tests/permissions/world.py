"""The rows the addresses point to, and what is put into them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

from django.utils import timezone

from homeroom.conversations.models import Case as Review
from homeroom.conversations.models import Conversation, Handover, Message
from homeroom.conversations.services import (
    change_rules,
    open_channel,
    open_family_thread,
    open_pupil_thread,
    plan_handover,
    post_message,
)
from homeroom.conversations.services.moderating import report_message
from homeroom.conversations.services.scheduling import schedule_message
from homeroom.delivery.models import Item, Level, Recipient
from homeroom.delivery.public import reply
from homeroom.demo.cast import Cast
from homeroom.files.models import StoredFile
from homeroom.files.services import attach, store_upload
from homeroom.groups.models import SavedGroup
from homeroom.groups.public import Audience, Part
from homeroom.groups.services import save_group
from homeroom.kit.ids import new_id
from homeroom.notices.public import Draft, Notice, publish_notice, save_draft
from homeroom.people.models import Delegation, Guardianship, Person
from homeroom.people.public import create_invitations
from homeroom.questions.models import ApprovedAnswer, Proposal, Question, Task
from homeroom.questions.services import Asking, add_task, ask_question, propose_question, save_answer
from homeroom.redlines.services import save_list
from homeroom.roster.models import ImportRun
from homeroom.roster.services import start_import
from homeroom.school.models import Topic
from homeroom.school.public import switchable_modules
from homeroom.wording.models import Template
from homeroom.wording.services import save_reply, save_template

from .matrix import Case


@dataclass
class World:
    """The cast with one of everything."""

    cast: Cast
    notice: Notice  # to class_a, asks to confirm, with a file
    to_sign: Item
    to_reply: Item
    to_other_class: Item  # to class_c, where one of the siblings is
    draft: Notice
    copy: Recipient  # the mother's of `notice`
    file: StoredFile
    group: SavedGroup
    template: Template
    delegation: Delegation
    token: str
    run: ImportRun
    edge: Guardianship  # father and child_a
    thread: Conversation  # of child_a's family and the class teacher
    channel: Conversation  # of class_a
    pupil_thread: Conversation  # of the pupil and the teacher of class_c
    planned: Handover  # of `thread`, next month
    message: Message  # the mother's, in `thread`
    announcement: Message  # the class teacher's, in `channel`
    question: Question  # the mother's about child_a, for the class teacher
    complaint: Question  # the mother's, for the leaders only
    task: Task  # a follow-up of `question`
    answer: ApprovedAnswer
    proposal: Proposal  # the class teacher's, to the mother, out of `message`

    @property
    def item(self) -> Item:
        assert self.notice.item is not None
        return self.notice.item


def build_world(cast: Cast) -> World:
    now = timezone.now()
    teacher = cast.class_teacher

    def write(who: Person, place: Any, level: str, title: str) -> Notice:
        audience = Audience((Part("class", str(place.uuid)),))
        draft = Draft(
            title=title, text="<p>请查看。</p>", audience=audience, level=level, deadline_at=now + timedelta(days=3)
        )
        return save_draft(actor=who, draft=draft, client_key=new_id(), now=now)

    def send(who: Person, place: Any, level: str, title: str) -> Item:
        item = publish_notice(actor=who, notice=write(who, place, level, title), now=now).item
        assert item is not None
        return item

    notice = write(teacher, cast.class_a, Level.CONFIRM, "请确认")
    content = b"%PDF-1.4\n%EOF\n"
    file = store_upload(actor=teacher, name="a.pdf", content=BytesIO(content), size=len(content), now=now)
    attach(actor=teacher, owner_kind="notice", owner_id=notice.pk, files=[file.uuid])
    notice = publish_notice(actor=teacher, notice=notice, now=now)
    assert notice.item is not None
    reply(actor=cast.mother, item=notice.item, text="收到", now=now, student_id=cast.child_a.pk)
    thread = open_family_thread(actor=cast.mother, student=cast.child_a, teacher=teacher, now=now)
    channel = open_channel(actor=teacher, school_class=cast.class_a, now=now)
    for who, place in ((cast.mother, thread), (teacher, channel)):
        post_message(actor=who, conversation=place, text="您好", client_key=new_id(), now=now)

    def put(topic: str, text: str) -> Question:
        under = Topic.objects.get(school=cast.school, name=topic)
        asking = Asking(student=cast.child_a.uuid, topic=under.uuid, text=text, key=new_id())
        return ask_question(actor=cast.mother, asking=asking, now=now)

    question, complaint = put("作业", "今天的作业是哪几页？"), put("投诉建议", "对处理结果不满意。")
    message = Message.objects.get(conversation=thread)
    out_of: dict[str, Any] = {"about_kind": "message", "about_uuid": message.uuid, "student": cast.child_a.uuid}
    out_of["topic"] = question.topic.uuid
    issued = create_invitations(actor=cast.office, person_ids=[cast.grandfather.pk], now=now)
    return World(
        cast=cast,
        notice=notice,
        to_sign=send(teacher, cast.class_a, Level.SIGN, "请签字"),
        to_reply=send(teacher, cast.class_a, Level.REPLY, "请回复"),
        to_other_class=send(cast.third_class_teacher, cast.class_c, Level.CONFIRM, "五年级请确认"),
        draft=write(teacher, cast.class_a, Level.READ, "草稿"),
        copy=Recipient.objects.get(item=notice.item, person=cast.mother),
        file=file,
        group=save_group(actor=teacher, name="合唱团", kind="other", members=[p.uuid for p in cast.pupils_a[:3]]),
        template=save_template(actor=teacher, kind="notices", name="模板", title="标题", text="文字"),
        delegation=Delegation.objects.get(delegate=cast.delegate),
        edge=Guardianship.objects.get(guardian=cast.father),
        run=start_import(
            actor=cast.office, school=cast.school, filename="a.csv", content="姓名,班级\n张三,三年级1班\n".encode()
        ),
        thread=thread,
        channel=channel,
        planned=plan_handover(
            actor=cast.office,
            threads=[thread],
            successor=cast.subject_teacher,
            on=cast.today + timedelta(days=30),
            note="",
            now=now,
        )[0],
        pupil_thread=open_pupil_thread(actor=cast.pupil, teacher=cast.third_class_teacher, now=now),
        message=message,
        announcement=Message.objects.get(conversation=channel),
        question=question,
        complaint=complaint,
        task=add_task(
            actor=cast.leader,
            question=question,
            kind="follow_up",
            text="电话回访",
            person=cast.leader,
            now=now,
            due_at=now + timedelta(days=3),
        ),
        answer=save_answer(
            actor=cast.office,
            answer=None,
            question="几点放学？",
            variants=[],
            text="四点半。",
            source="作息时间表",
            topic=None,
            valid_from=None,
            valid_until=None,
            approved=True,
            now=now,
        ),
        proposal=propose_question(actor=teacher, **out_of, text="数学练习册能再领一本吗？", now=now),
        token=issued[0].url.rstrip("/").split("/")[-1],
    )


Cases = Callable[[World], list[Case]]


def _of(name: str, path: dict[str, Any], body: dict[str, Any] | None = None, *, json: bool = False) -> Case:
    return Case(name, path, body, json)


def _about_items(w: World, body: dict[str, Any] | None = None, *, json: bool = False, key: str = "uuid") -> list[Case]:
    return [
        _of("to class_a", {key: w.item.uuid}, body, json=json),
        _of("to class_c", {key: w.to_other_class.uuid}, body, json=json),
    ]


def _about_children(w: World, body: dict[str, Any] | None = None) -> list[Case]:
    children = {"child_a": w.cast.child_a, "sibling_c": w.cast.sibling_c, "child_elsewhere": w.cast.child_elsewhere}
    return [_of(name, {"uuid": child.uuid}, body) for name, child in children.items()]


def _about_notice(w: World, body: dict[str, Any]) -> list[Case]:
    return [_of("", {"notice_id": w.notice.uuid}, body, json=True)]


def _in_conversations(w: World, body: dict[str, Any] | None = None, *, json: bool = False) -> list[Case]:
    return [
        _of("family thread", {"uuid": w.thread.uuid}, body, json=json),
        _of("class channel", {"uuid": w.channel.uuid}, body, json=json),
        _of("pupil's thread", {"uuid": w.pupil_thread.uuid}, body, json=json),
    ]


def _scheduled(w: World) -> list[Case]:
    row = schedule_message(
        actor=w.cast.class_teacher, conversation=w.thread, text="明天见", client_key=new_id(),
        send_at=timezone.now() + timedelta(days=1), now=timezone.now(),
    )  # fmt: skip
    return [_of("the class teacher's", {"uuid": row.uuid}, {"now": "1"})]


def _to_hand_over(w: World) -> list[Case]:
    return [_of("", {}, {
        "leaving": str(w.cast.class_teacher.uuid), "threads": [str(w.thread.uuid)], "on": w.cast.today.isoformat(),
        "successor": str(w.cast.subject_teacher.uuid), "note": "请多关照",
    })]  # fmt: skip


def _replies(w: World) -> list[Case]:
    own = save_reply(actor=w.cast.class_teacher, name="收到", text="收到，{{家长}}。")
    schools = save_reply(actor=w.cast.office, name="放假", text="{{班级}}放假。", for_school=True)
    body = {"name": "好的", "text": "好的。"}
    return [_of("the class teacher's", {"uuid": own.uuid}, body), _of("the school's", {"uuid": schools.uuid}, body)]


def _word_list(w: World, body: dict[str, Any] | None = None) -> list[Case]:
    made = save_list(actor=w.cast.leader, name=str(new_id()), why="", action="", words=["废物利用"], now=timezone.now())
    return [_of("", {"uuid": made.uuid}, body)]


def _to_review(w: World, body: dict[str, Any] | None = None) -> list[Case]:
    now = timezone.now()
    change_rules(actor=w.cast.leader, school=w.cast.school, open_replies=True, read_first=True, duty_phone="", now=now)
    w.channel.refresh_from_db()
    held = post_message(actor=w.cast.mother, conversation=w.channel, text="谢谢", client_key=new_id(), now=now)
    waits = Review.objects.get(pk=held.id)
    about = report_message(actor=w.cast.mother, message=w.announcement, reason="other", text="", now=now)
    return [
        _of("a mother's answer that waits", {"uuid": waits.uuid}, body and {**body, "outcome": "approved"}),
        _of("what a teacher wrote", {"uuid": about.uuid}, body and {**body, "outcome": "hidden"}),
    ]


def _about_messages(w: World, body: dict[str, Any] | None = None) -> list[Case]:
    return [
        _of("family thread", {"uuid": w.message.uuid}, body),
        _of("class channel", {"uuid": w.announcement.uuid}, body),
    ]


def _in_questions(w: World, body: dict[str, Any] | None = None) -> list[Case]:
    return [
        _of("for the class teacher", {"uuid": w.question.uuid}, body),
        _of("complaint", {"uuid": w.complaint.uuid}, body),
    ]


def _proposed(w: World) -> dict[str, Any]:
    about = {"about": f"message:{w.message.uuid}", "student": str(w.cast.child_a.uuid)}
    return about | {"topic": str(w.question.topic.uuid), "text": "数学练习册能再领一本吗？"}


def _unsaved(w: World) -> dict[str, Any]:
    chosen = {"level": "read", "household_rule": "any", "priority": "routine", "category": "notice"}
    return {
        "client_key": str(new_id()),
        "title": "标题",
        "text": "<p>文字</p>",
        "reminders": "usual",
        "then": "stay",
    } | chosen


# How each address with parameters, or with a body without which nothing is asked, is asked. Every other address is
# asked as it stands, with an empty body.
CASES: dict[str, Cases] = {
    "questions/ask/": lambda w: [
        _of(
            "about child_a",
            {},
            {
                "student": str(w.cast.child_a.uuid),
                "topic": str(w.question.topic.uuid),
                "text": "几点放学？",
            },
        ),
    ],
    "questions/propose/": lambda w: [_of("what the mother wrote", {}, _proposed(w))],
    "questions/proposals/<uuid:uuid>/": lambda w: [_of("", {"uuid": w.proposal.uuid})],
    "questions/proposals/<uuid:uuid>/decline/": lambda w: [_of("", {"uuid": w.proposal.uuid})],
    "questions/ask/helped/<uuid:answer>/": lambda w: [_of("", {"answer": w.answer.uuid}, {"key": str(new_id())})],
    "questions/answers/<uuid:uuid>/": lambda w: [_of("", {"uuid": w.answer.uuid})],
    "questions/<uuid:uuid>/write/": lambda w: _in_questions(w, {"text": "补充一句"}),
    "questions/<uuid:uuid>/withdraw/": lambda w: _in_questions(w, {"reason": "已经知道了"}),
    "questions/<uuid:uuid>/answer/": lambda w: _in_questions(w, {"text": "第35页。"}),
    "questions/<uuid:uuid>/note/": lambda w: _in_questions(w, {"note": "已电话联系"}),
    "questions/<uuid:uuid>/assign/": lambda w: _in_questions(w, {"person": str(w.cast.leader.uuid)}),
    "questions/<uuid:uuid>/watch/": lambda w: _in_questions(w, {"person": str(w.cast.subject_teacher.uuid)}),
    "questions/<uuid:uuid>/route/": lambda w: _in_questions(
        w, {"topic": str(w.question.topic.uuid), "circle": "office"}
    ),
    "questions/<uuid:uuid>/merge/": lambda w: _in_questions(w, {"into": str(w.question.uuid)}),
    "questions/<uuid:uuid>/tasks/": lambda w: _in_questions(w, {"task": "回访", "due_at": "2099-01-01"}),
    "questions/<uuid:uuid>/tasks/<int:task>/": lambda w: [
        _of("", {"uuid": w.question.uuid, "task": w.task.pk}, {"do": "done"})
    ],
    "i/<str:token>/": lambda w: [_of("", {"token": w.token}), _of("wrong token", {"token": "x" * 30})],
    "me/contact/<str:token>/": lambda w: [_of("wrong token", {"token": "x" * 30})],
    "sign-in/new-password/<str:token>/": lambda w: [_of("wrong token", {"token": "x" * 30})],
    "me/lent/<int:delegation>/take-back/": lambda w: [_of("", {"delegation": w.delegation.pk})],
    "students/<uuid:uuid>/guardians/": lambda w: [
        *_about_children(w, {"action": "add", "name": "王芳", "phone": "15400099999", "relation": "relative"}),
        _of("somebody's edge", {"uuid": w.cast.child_a.uuid}, {"action": "end", "edge": str(w.edge.pk)}),
    ],
    "students/<uuid:uuid>/why/": _about_children,
    "context/<uuid:uuid>/": _about_children,
    "school/": lambda w: [_of("", {}, {"step": "calendar", "done": "1"})],
    "school/details/": lambda w: [_of("", {}, {"name": "阳光小学", "short_name": "阳光", "stages": ["primary"]})],
    "school/subjects/": lambda w: [_of("", {}, {"names": "语文\n数学\n英语\n科学\n书法"})],
    "school/terms/": lambda w: [_of("", {}, {"name": "夏季", "starts_on": "2030-07-01", "ends_on": "2030-08-01"})],
    "school/calendar/": lambda w: [
        _of("", {}, {"starts_on": "2030-05-01", "ends_on": "2030-05-01", "kind": "closed", "label": "劳动节"})
    ],
    "school/classes/": lambda w: [
        _of("", {}, {"action": "rename", "school_class": str(w.cast.class_a.pk), "name": "三年级二班"})
    ],
    "school/staff/": lambda w: [_of("", {}, {"name": "新老师", "phone": "15400088888", "staff_number": "T900"})],
    "school/staff/<uuid:uuid>/": lambda w: [
        _of("", {"uuid": w.cast.subject_teacher.uuid}),
        _of("the leader", {"uuid": w.cast.leader.uuid}, {"action": "rename", "name": "方正"}),
    ],
    "school/people/<uuid:uuid>/same/": lambda w: [
        _of("two guardians", {"uuid": w.cast.mother.uuid}, {"other": str(w.cast.grandfather.uuid)}),
        _of("the leader", {"uuid": w.cast.grandfather.uuid}, {"other": str(w.cast.leader.uuid)}),
        _of("somebody elsewhere", {"uuid": w.cast.guardian_elsewhere.uuid}, {"other": str(w.cast.mother.uuid)}),
    ],
    "school/invitations/slips/": lambda w: [
        _of("a guardian of class_a", {}, {"person": str(w.cast.grandfather.uuid)}),
        _of("the leader", {}, {"person": str(w.cast.leader.uuid)}),
        _of("somebody elsewhere", {}, {"person": str(w.cast.guardian_elsewhere.uuid)}),
    ],
    "me/children/<uuid:uuid>/": lambda w: _about_children(
        w, {"name": "李芳", "phone": w.cast.delegate.phone, "starts_on": "2030-01-01", "ends_on": "2030-01-20"}
    ),
    "me/devices/": lambda w: [_of("somebody else's", {}, {"device": str(new_id())})],
    "me/person/": lambda w: [_of("somebody else", {}, {"person": str(w.cast.leader.uuid)})],
    "school/modules/switch/": lambda w: [
        _of("", {}, {"module": ([one.name for one in switchable_modules()] or ["none"])[0], "is_on": "1"})
    ],
    "feed/items/<uuid:uuid>/sign/": lambda w: [
        _of("", {"uuid": w.to_sign.uuid}, {"version": "1", "strokes": "[[[10,10],[200,120]]]"})
    ],
    "feed/items/<uuid:uuid>/reply/": lambda w: _about_items(w, {"text": "收到"}),
    "feed/items/<uuid:uuid>/confirm/": lambda w: _about_items(w, {"version": "1"}),
    "feed/items/<uuid:uuid>/snooze/": lambda w: _about_items(w, {"until": "morning"}),
    "feed/sent/<uuid:uuid>/": _about_items,
    "feed/sent/<uuid:uuid>/answer/<uuid:person>/": lambda w: [
        _of("", {"uuid": w.item.uuid, "person": w.cast.mother.uuid}, {"text": "好的"})
    ],
    "feed/sent/<uuid:uuid>/no-answer/<uuid:person>/": lambda w: [
        _of("", {"uuid": w.item.uuid, "person": w.cast.mother.uuid})
    ],
    "notices/save/": lambda w: [
        _of("new", {}, _unsaved(w)),
        _of("somebody's draft", {}, {**_unsaved(w), "notice": str(w.draft.uuid), "edition": str(w.draft.edition)}),
    ],
    "notices/templates/<str:key>/": lambda w: [_of("own", {"key": w.template.uuid}), _of("preset", {"key": "0"})],
    "notices/<uuid:uuid>/edit/": lambda w: [_of("", {"uuid": w.draft.uuid})],
    "notices/<uuid:uuid>/check/": lambda w: [_of("", {"uuid": w.draft.uuid}, {"do": "publish"})],
    "notices/<uuid:uuid>/discard/": lambda w: [_of("", {"uuid": w.draft.uuid})],
    "notices/<uuid:uuid>/people/<int:copy_id>/": lambda w: [_of("", {"uuid": w.notice.uuid, "copy_id": w.copy.pk})],
    "notices/<uuid:uuid>/correct/": lambda w: [
        _of("", {"uuid": w.notice.uuid}, {"title": "更正", "text": "<p>改了</p>", "note": "时间"})
    ],
    "notices/<uuid:uuid>/replies/<uuid:person>/": lambda w: [
        _of("", {"uuid": w.notice.uuid, "person": w.cast.mother.uuid}, {"text": "好的"})
    ],
    "notices/<uuid:uuid>/fee/": lambda w: [
        _of("", {"uuid": w.notice.uuid}, {"student": str(w.cast.child_a.uuid), "state": "paid"})
    ],
    "notices/<uuid:uuid>/export.<str:form>": lambda w: [_of("", {"uuid": w.notice.uuid, "form": "csv"})],
    "groups/<uuid:uuid>/": lambda w: [_of("", {"uuid": w.group.uuid})],
    "groups/<uuid:uuid>/archive/": lambda w: [_of("", {"uuid": w.group.uuid})],
    "groups/audience/preview/": lambda w: [_of("", {}, {"any": f"class:{w.cast.class_a.uuid}"})],
    "groups/audience/find/": lambda w: [_of("", {}, {"q": "张", "field": "any"})],
    "files/<uuid:uuid>/": lambda w: [_of("", {"uuid": w.file.uuid})],
    "files/<uuid:uuid>/thumbnail/": lambda w: [_of("", {"uuid": w.file.uuid})],
    "demo/as/<slug:key>/": lambda w: [_of("", {"key": "mother"})],
    "conversations/new/": lambda w: [_of("", {})],
    "conversations/duty/": lambda w: [
        _of("", {}, {"person": str(w.cast.counsellor.uuid), "phone": "010-88886666", "starts_on": str(w.cast.today)})
    ],
    "conversations/scheduled/<uuid:uuid>/": _scheduled,
    "conversations/waiting/": lambda w: [_of("", {}, {"conversation": str(w.thread.uuid), "number": "1"})],
    "conversations/<uuid:uuid>/calm/": _in_conversations,
    "conversations/<uuid:uuid>/later/": lambda w: _in_conversations(
        w, {"text": "明天见", "schedule": "1", "when": (timezone.now() + timedelta(days=1)).isoformat()}
    ),
    "conversations/<uuid:uuid>/replies/": _in_conversations,
    "me/hours/": lambda w: [_of("", {}, {"action": "hours", "day0": "8:00-12:00"})],
    "me/replies/new/": lambda w: [_of("", {}, {"name": "谢谢", "text": "谢谢！"})],
    "me/replies/<uuid:uuid>/": _replies,
    "conversations/start/": lambda w: [
        _of(
            "child_a, subject teacher",
            {},
            {"student": str(w.cast.child_a.uuid), "teacher": str(w.cast.subject_teacher.uuid)},
        ),
        _of("child_a", {}, {"student": str(w.cast.child_a.uuid)}),
        _of("answer to the channel", {}, {"quote": str(w.announcement.uuid)}),
    ],
    "conversations/channel/": lambda w: [_of("class_b", {}, {"school_class": str(w.cast.class_b.uuid)})],
    "conversations/pupil/": lambda w: [_of("", {}, {"teacher": str(w.cast.third_class_teacher.uuid)})],
    "conversations/handover/": _to_hand_over,
    "conversations/handover/<int:pk>/take-back/": lambda w: [_of("", {"pk": w.planned.pk})],
    "conversations/room/": lambda w: [
        _of("school", {}, {"grade": ""}),
        _of("grade", {}, {"grade": str(w.cast.class_a.grade_id)}),
    ],
    "conversations/moderation/<uuid:uuid>/": lambda w: _to_review(w, {"reason": "按约定处理", "mute_days": "0"}),
    "conversations/moderation/<uuid:uuid>/appeal/": lambda w: _to_review(w, {"text": "请再看看"}),
    "conversations/moderation/<uuid:uuid>/take-back/": _to_review,
    "conversations/messages/<uuid:uuid>/report/": lambda w: _about_messages(w, {"reason": "other"}),
    "conversations/messages/<uuid:uuid>/fold/": _about_messages,
    "conversations/<uuid:uuid>/held/": _in_conversations,
    "school/words/": lambda w: [_of("", {}, {"harsh": "refuse"})],
    "school/words/list/": lambda w: [_of("", {}, {"name": "本校", "why": "约定", "action": "warn", "words": "外卖"})],
    "school/words/list/<uuid:uuid>/": lambda w: _word_list(w, {"name": "本校", "why": "约定", "action": "warn"}),
    "school/words/list/<uuid:uuid>/remove/": _word_list,
    "conversations/rules/": lambda w: [_of("", {}, {"open_replies": "on", "duty_phone": "010-88886666"})],
    "conversations/<uuid:uuid>/": _in_conversations,
    "conversations/<uuid:uuid>/messages/": _in_conversations,
    "conversations/<uuid:uuid>/send/": lambda w: _in_conversations(w, {"text": "收到", "client_key": str(new_id())}),
    "conversations/messages/<uuid:uuid>/": _about_messages,
    "conversations/voice/": lambda w: [_of("", {})],
    "conversations/messages/<uuid:uuid>/transcript/": lambda w: _about_messages(w, {"transcript": "明天请假"}),
    "conversations/messages/<uuid:uuid>/edit/": lambda w: _about_messages(w, {"text": "您好！"}),
    "conversations/messages/<uuid:uuid>/withdraw/": lambda w: _about_messages(w, {"reason": "发错了"}),
    "conversations/messages/<uuid:uuid>/react/": lambda w: _about_messages(w, {"kind": "ok"}),
    "api/v1/conversations/<uuid>/messages": lambda w: _in_conversations(
        w, {"text": "收到", "key": str(new_id())}, json=True
    ),
    "api/v1/conversations/<uuid>/read": lambda w: _in_conversations(w, {"number": 1}, json=True),
    "api/v1/conversations/<uuid>/draft": lambda w: _in_conversations(w, {"text": "收"}, json=True),
    "api/v1/items/<item_id>/read": lambda w: _about_items(w, {}, json=True, key="item_id"),
    "api/v1/items/<item_id>/confirm": lambda w: _about_items(w, {"version": 1}, json=True, key="item_id"),
    "api/v1/items/<item_id>/sign": lambda w: [
        _of("", {"item_id": w.to_sign.uuid}, {"version": 1, "strokes": [[[10, 10], [200, 120]]]}, json=True)
    ],
    "api/v1/items/<item_id>/reply": lambda w: _about_items(w, {"text": "收到"}, json=True, key="item_id"),
    "api/v1/items/<item_id>/snooze": lambda w: _about_items(w, {"until": "morning"}, json=True, key="item_id"),
    "api/v1/items/<item_id>/unsnooze": lambda w: _about_items(w, {}, json=True, key="item_id"),
    "api/v1/notices": lambda w: [
        _of("", {}, {"title": "标题", "text": "<p>文字</p>", "audience": {"any": [{"kind": "school"}]}}, json=True)
    ],
    "api/v1/notices/<notice_id>/publish": lambda w: [
        _of("draft", {"notice_id": w.draft.uuid}, {}, json=True),
        _of("published", {"notice_id": w.notice.uuid}, {}, json=True),
    ],
    "api/v1/notices/<notice_id>/funnel": lambda w: _about_notice(w, {}),
    "api/v1/notices/<notice_id>/recipients": lambda w: _about_notice(w, {}),
    "api/v1/notices/<notice_id>/reminders": lambda w: _about_notice(w, {}),
    "api/v1/items/<item_id>/reminders": lambda w: _about_items(w, {}, json=True, key="item_id"),
}
# Where nothing above says otherwise: the last folder before the parameter tells what it is about.
DEFAULTS: dict[str, Cases] = {
    "feed/items/<uuid:uuid>/": _about_items,
    "notices/<uuid:uuid>/": lambda w: [_of("", {"uuid": w.notice.uuid})],
    "questions/<uuid:uuid>/": _in_questions,
}


FROM_ROSTER = "school/roster/<uuid:run_id>/"


def cases_for(route: str, world: World, parameters: list[str]) -> list[Case] | None:
    """The cases of an address; None when it has parameters nobody filled in above."""
    if route in CASES:
        return CASES[route](world)
    if not parameters:
        return [Case()]
    if route.startswith(FROM_ROSTER):
        return [_of("", {"run_id": world.run.uuid})]
    for start, cases in DEFAULTS.items():
        if route.startswith(start) and parameters == ["uuid"]:
            return cases(world)
    return None
