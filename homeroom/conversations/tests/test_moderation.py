"""Held, reported, decided, appealed against: who may, what becomes of it, and that nothing is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeroom.audit.models import Entry
from homeroom.conversations import access, moderation, queries
from homeroom.conversations.civil import Wish
from homeroom.conversations.models import Block, Case, Held, Membership, Message, Ruling
from homeroom.conversations.pace import Pace, TooFast
from homeroom.conversations.services import (
    change_rules,
    moderating,
    open_channel,
    open_family_thread,
    post_message,
)
from homeroom.conversations.services.moderating import (
    appeal_case,
    block_family,
    decide_case,
    report_message,
    take_back,
    unblock,
)
from homeroom.conversations.services.posting import UNANSWERED
from homeroom.delivery.models import Item
from homeroom.kit.errors import Invalid, NotAllowed, NotVisible, Trouble
from homeroom.kit.ids import new_id
from homeroom.redlines.public import WordsFound

NOW = timezone.now
RUDE = "你这个傻逼"
State = Case.State


@pytest.fixture(autouse=True)
def _nobody_has_reported_yet(monkeypatch):
    monkeypatch.setattr(moderating, "reports", Pace(most=20, seconds=3600))


@pytest.fixture
def thread(school):
    return open_family_thread(actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=NOW())


@pytest.fixture
def channel(school):
    """A channel in which families answer once a moderator has read it."""
    change_rules(
        actor=school.leader, school=school.school, open_replies=True, read_first=True, duty_phone="", now=NOW()
    )
    return open_channel(actor=school.class_teacher, school_class=school.class_a, now=NOW())


@pytest.fixture
def open_channel_of_a(school, channel):
    change_rules(actor=school.leader, school=school.school, open_replies=True, duty_phone="", now=NOW())
    channel.refresh_from_db()
    return channel


def say(who, where, text="您好", **more):
    key = more.pop("client_key", None) or new_id()
    where.refresh_from_db()
    return post_message(actor=who, conversation=where, text=text, client_key=key, now=more.pop("now", NOW()), **more)


def said(who, where, text="您好", **more):
    return Message.objects.select_related("conversation").get(pk=say(who, where, text, **more).id)


def held(who, where, text="谢谢老师", **more):
    written = say(who, where, text, **more)
    assert written.waits
    return Case.objects.get(pk=written.id)


def reported(school, channel):
    message = said(school.mother, channel, "某某家孩子真没教养")
    return report_message(actor=school.guardian_of_two, message=message, reason="hurtful", text="", now=NOW())


# --- words


def test_the_sender_is_told_which_words_hit_and_nothing_is_stored(school, thread):
    with pytest.raises(WordsFound) as told:
        say(school.mother, thread, RUDE)
    assert "傻逼" in str(told.value)
    assert told.value.fields == {"action": "hold"}
    assert not Message.objects.exists()
    assert not Held.objects.exists()


def test_a_warning_can_be_passed_and_a_hold_cannot(school, thread):
    with pytest.raises(WordsFound):
        say(school.mother, thread, "别说他是笨，白痴也能学会")
    assert say(school.mother, thread, "别说他是笨，白痴也能学会", wish=Wish.SEND).number == 1
    with pytest.raises(WordsFound):
        say(school.mother, thread, RUDE, wish=Wish.SEND)
    assert Message.objects.count() == 1


def test_a_refused_word_can_be_objected_to(school, thread):
    case = held(school.mother, thread, "群里有人发色情网站", wish=Wish.ASK, plea="我是在举报")
    assert (case.held.cause, case.held.plea) == (Held.Cause.APPEAL, "我是在举报")
    assert case.held.found[0]["words"] == ["色情网站"]
    assert not Message.objects.exists()


def test_an_edit_cannot_smuggle_words_in(school, thread):
    from homeroom.conversations.services import edit_message

    message = said(school.mother, thread)
    with pytest.raises(WordsFound):
        edit_message(actor=school.mother, message=message, text=RUDE, now=NOW())
    message.refresh_from_db()
    assert message.text == "您好"


# --- held


def test_an_open_answer_waits_and_is_posted_under_its_author(school, channel):
    key = new_id()
    case = held(school.mother, channel, client_key=key)
    assert say(school.mother, channel, client_key=key).id == case.pk  # a retry is the same message
    assert not Message.objects.exists()
    assert say(school.class_teacher, channel, "收到").number == 1  # teachers do not wait
    decide_case(actor=school.class_teacher, case=case, outcome="approved", reason="欢迎", now=NOW())
    message = Message.objects.get(number=2)
    assert (message.author, message.text, message.client_key) == (school.mother, "谢谢老师", key)
    again = say(school.mother, channel, client_key=key)
    assert (again.number, again.is_new) == (2, False)
    assert Item.objects.filter(kind="moderation", recipients__person=school.mother).count() == 1


def test_a_refused_one_is_never_in_the_stream(school, channel):
    case = held(school.mother, channel)
    decide_case(actor=school.class_teacher, case=case, outcome="refused", reason="请私下说", now=NOW())
    assert not Message.objects.exists()
    (own,) = moderation.own_held(
        access.membership_in(school.mother, channel, now=NOW()), since=NOW().replace(year=2000)
    )
    assert own.ruling.reason == "请私下说"
    assert own.may_appeal
    assert Held.objects.get().text == "谢谢老师"


def test_it_can_be_taken_back_with_its_text(school, channel):
    case = held(school.mother, channel)
    assert take_back(actor=school.mother, case=case, now=NOW()) == "谢谢老师"
    with pytest.raises(NotAllowed):
        decide_case(actor=school.class_teacher, case=case, outcome="approved", reason="好", now=NOW())
    assert not Message.objects.exists()


def test_whoever_has_left_is_not_made_to_speak(school, channel):
    case = held(school.mother, channel)
    Membership.objects.filter(person=school.mother, conversation=channel).update(left_at=NOW())
    with pytest.raises(Invalid):
        decide_case(actor=school.class_teacher, case=case, outcome="approved", reason="好", now=NOW())
    case.refresh_from_db()
    assert case.state == State.OPEN
    assert not Ruling.objects.exists()


# --- reported


def test_a_reported_message_is_withdrawn_with_a_trace_and_kept(school, open_channel_of_a):
    case = reported(school, open_channel_of_a)
    decide_case(actor=school.class_teacher, case=case, outcome="hidden", reason="不要议论孩子", now=NOW())
    message = Message.objects.get()
    assert message.withdrawn_by == school.class_teacher
    assert message.text == "某某家孩子真没教养"
    told = set(Item.objects.filter(kind="moderation").values_list("recipients__person_id", flat=True))
    assert told == {school.mother.pk, school.guardian_of_two.pk}


def test_nobody_reports_twice_or_themself(school, open_channel_of_a):
    case = reported(school, open_channel_of_a)
    again = report_message(actor=school.guardian_of_two, message=case.message, reason="other", text="", now=NOW())
    assert again == case
    assert case.reports.count() == 1
    with pytest.raises(NotAllowed):
        report_message(actor=school.mother, message=case.message, reason="other", text="", now=NOW())


def test_a_stranger_cannot_report(school, thread):
    message = said(school.mother, thread)
    with pytest.raises(NotVisible):
        report_message(actor=school.guardian_b, message=message, reason="other", text="", now=NOW())
    assert not Case.objects.exists()


@pytest.mark.parametrize("who", ["mother", "guardian_of_two", "subject_teacher", "guardian_b", "office"])
def test_these_people_decide_nothing(school, open_channel_of_a, who):
    case = reported(school, open_channel_of_a)
    with pytest.raises((NotAllowed, NotVisible)):
        decide_case(actor=getattr(school, who), case=case, outcome="hidden", reason="不好", now=NOW())
    assert not Ruling.objects.exists()


def test_about_a_teacher_a_leader_decides(school, open_channel_of_a):
    message = said(school.subject_teacher, open_channel_of_a, "个别家长太不像话")
    case = report_message(actor=school.mother, message=message, reason="hurtful", text="", now=NOW())
    with pytest.raises(NotAllowed):
        decide_case(actor=school.class_teacher, case=case, outcome="stand", reason="没事", now=NOW())
    assert decide_case(actor=school.leader, case=case, outcome="hidden", reason="请改用平和的说法", now=NOW())


def test_what_is_said_in_a_family_thread_is_for_leaders(school, thread):
    message = said(school.mother, thread)
    case = report_message(actor=school.class_teacher, message=message, reason="hurtful", text="", now=NOW())
    assert moderation.waiting_for(school.class_teacher) == 0
    assert moderation.waiting_for(school.leader) == 1
    with pytest.raises(NotVisible):
        decide_case(actor=school.class_teacher, case=case, outcome="hidden", reason="不好", now=NOW())


def test_a_decision_needs_a_reason(school, open_channel_of_a):
    case = reported(school, open_channel_of_a)
    with pytest.raises(Invalid):
        decide_case(actor=school.class_teacher, case=case, outcome="hidden", reason="  ", now=NOW())
    with pytest.raises(Invalid):
        decide_case(actor=school.class_teacher, case=case, outcome="approved", reason="好", now=NOW())
    assert not Ruling.objects.exists()


def test_whoever_is_muted_reads_and_does_not_write(school, open_channel_of_a):
    case = reported(school, open_channel_of_a)
    decide_case(actor=school.class_teacher, case=case, outcome="hidden", reason="不好", now=NOW(), mute_days=3)
    with pytest.raises(NotAllowed):
        say(school.mother, open_channel_of_a)
    assert queries.thread(access.membership_in(school.mother, open_channel_of_a, now=NOW()), now=NOW()).messages
    Membership.objects.filter(person=school.mother).update(muted_until=NOW())
    assert say(school.mother, open_channel_of_a).number == 2


# --- appeals


def test_an_appeal_is_decided_by_somebody_else_once(school, open_channel_of_a):
    case = reported(school, open_channel_of_a)
    decide_case(actor=school.class_teacher, case=case, outcome="hidden", reason="不好", now=NOW(), mute_days=7)
    with pytest.raises(NotVisible):
        appeal_case(actor=school.guardian_of_two, case=case, text="我觉得没事", now=NOW())
    appeal_case(actor=school.mother, case=case, text="我说的是自家孩子", now=NOW())
    with pytest.raises(NotAllowed):
        decide_case(actor=school.class_teacher, case=case, outcome="hidden", reason="还是不好", now=NOW())
    decide_case(actor=school.leader, case=case, outcome="stand", reason="确实是误会", now=NOW())
    message = Message.objects.get()
    assert message.withdrawn_at is None
    assert Membership.objects.get(person=school.mother, conversation=open_channel_of_a).muted_until is None
    case.refresh_from_db()
    assert case.state == State.FINAL
    with pytest.raises(NotAllowed):
        appeal_case(actor=school.mother, case=case, text="再来一次", now=NOW())
    assert Ruling.objects.count() == 2


def test_a_leader_who_decided_does_not_decide_the_appeal(school, open_channel_of_a):
    case = reported(school, open_channel_of_a)
    decide_case(actor=school.leader, case=case, outcome="hidden", reason="不好", now=NOW())
    appeal_case(actor=school.mother, case=case, text="是误会", now=NOW())
    assert moderation.waiting_for(school.leader) == 0
    with pytest.raises(NotAllowed):
        decide_case(actor=school.leader, case=case, outcome="stand", reason="好吧", now=NOW())


def test_what_went_well_cannot_be_appealed_against(school, open_channel_of_a):
    case = reported(school, open_channel_of_a)
    decide_case(actor=school.class_teacher, case=case, outcome="stand", reason="没有问题", now=NOW())
    with pytest.raises(NotAllowed):
        appeal_case(actor=school.mother, case=case, text="为什么", now=NOW())


ACTS = ["approve", "refuse", "appeal", "take_back", "leader_approves", "leader_refuses"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(ACTS), max_size=7))
def test_any_acts_keep_the_word_and_every_decision(school, channel, acts):
    """A model beside the real thing: state, rulings, and whether the message is in the stream."""
    case = held(school.mother, channel, wish=Wish.NONE, client_key=new_id())
    state, rulings, stream = State.OPEN, 0, False
    act_of = {
        "approve": ("class_teacher", "approved"), "refuse": ("class_teacher", "refused"),
        "leader_approves": ("leader", "approved"), "leader_refuses": ("leader", "refused"),
    }  # fmt: skip
    first, against = "", False
    for act in acts:
        case.refresh_from_db()
        try:
            if act == "appeal":
                appeal_case(actor=school.mother, case=case, text="请再看", now=NOW())
            elif act == "take_back":
                take_back(actor=school.mother, case=case, now=NOW())
            else:
                who, outcome = act_of[act]
                decide_case(actor=getattr(school, who), case=case, outcome=outcome, reason="原因", now=NOW())
        except Trouble:
            done = False
        else:
            done = True
        if act == "appeal":
            expected = state == State.DECIDED and against
            state = State.APPEALED if expected else state
        elif act == "take_back":
            expected = state == State.OPEN
            state = State.TAKEN_BACK if expected else state
        else:
            who, outcome = act_of[act]
            expected = state == State.OPEN or (state == State.APPEALED and who == "leader" and first != "leader")
            if expected:
                first = first or who
                state = State.FINAL if state == State.APPEALED else State.DECIDED
                against = outcome == "refused"
                rulings += 1
                stream = stream or outcome == "approved"
        assert done == expected
    case.refresh_from_db()
    assert case.state == state
    assert case.rulings.count() == rulings
    assert Message.objects.filter(client_key=case.held.client_key).exists() == stream
    assert Held.objects.get(pk=case.held_id).text == "谢谢老师"


# --- blocks


def test_a_folded_family_cannot_answer_and_is_not_told(school, open_channel_of_a):
    theirs = said(school.guardian_of_two, open_channel_of_a, "谁家孩子又打人")
    block_family(actor=school.mother, message=theirs, now=NOW())
    mine = said(school.mother, open_channel_of_a, "请大家冷静")
    assert school.guardian_of_two.pk in moderation.not_read_by(school.mother.pk)
    with pytest.raises(NotAllowed) as told:
        say(school.guardian_of_two, open_channel_of_a, "回你一句", quoted=mine.uuid)
    assert "屏蔽" not in str(told.value)
    assert say(school.guardian_of_two, open_channel_of_a, "不引用就可以").number == 3
    unblock(actor=school.mother, block_id=Block.objects.get().pk)
    assert say(school.guardian_of_two, open_channel_of_a, "现在可以", quoted=mine.uuid).number == 4


@pytest.mark.parametrize("who", ["class_teacher", "subject_teacher"])
def test_staff_cannot_be_folded_away(school, open_channel_of_a, who):
    message = said(getattr(school, who), open_channel_of_a, "明天家长会")
    with pytest.raises(NotAllowed):
        block_family(actor=school.mother, message=message, now=NOW())
    assert not Block.objects.exists()


def test_nor_ones_own_family(school, open_channel_of_a):
    message = said(school.father, open_channel_of_a, "收到")
    with pytest.raises(NotAllowed):
        block_family(actor=school.mother, message=message, now=NOW())
    assert not Block.objects.exists()


# --- floods


def test_a_family_that_writes_without_end_is_asked_to_wait(school, thread):
    begun = NOW() - timedelta(minutes=30)
    for n in range(UNANSWERED):
        who = (school.mother, school.father)[n % 2]
        say(who, thread, f"第{n}条", now=begun + timedelta(seconds=20 * n))
    with pytest.raises(TooFast):
        say(school.mother, thread, "还有一条")
    assert Message.objects.count() == UNANSWERED
    say(school.class_teacher, thread, "都看到了")
    assert say(school.mother, thread, "好的").number == UNANSWERED + 2


# --- pages


def test_the_queue_costs_the_same_for_one_case_and_for_many(school, open_channel_of_a, client_for):
    client = client_for(school.class_teacher)
    reported(school, open_channel_of_a)
    client.get("/conversations/moderation/")
    with CaptureQueriesContext(connection) as one:
        assert "某某家" in client.get("/conversations/moderation/").content.decode()
    for n in range(12):
        message = said(school.father, open_channel_of_a, f"第{n}句")
        report_message(actor=school.mother, message=message, reason="other", text="", now=NOW())
    with CaptureQueriesContext(connection) as many:
        page = client.get("/conversations/moderation/").content.decode()
    assert page.count('<blockquote class="case-text"') == 13
    assert len(many) == len(one)


def test_a_long_queue_has_pages(school, open_channel_of_a, client_for):
    client = client_for(school.leader)
    for n in range(moderation.PAGE + 2):
        message = said((school.mother, school.father)[n % 2], open_channel_of_a, f"第{n}句")
        report_message(
            actor=(school.guardian_of_two, school.class_teacher)[n % 2], message=message, reason="other", text="",
            now=NOW(),
        )  # fmt: skip
    page = client.get("/conversations/moderation/").content.decode()
    assert page.count('<blockquote class="case-text"') == moderation.PAGE
    last = list(Case.objects.order_by("pk"))[moderation.PAGE - 1].pk
    assert (
        client.get(f"/conversations/moderation/?from={last}").content.decode().count('<blockquote class="case-text"')
        == 2
    )


def test_the_pages_of_one_case(school, open_channel_of_a, client_for):
    case = reported(school, open_channel_of_a)
    address = f"/conversations/moderation/{case.uuid}/"
    teacher, author = client_for(school.class_teacher), client_for(school.mother)
    assert "某某家" in teacher.get(address).content.decode()
    assert teacher.post(address, {"outcome": "hidden", "reason": ""}).status_code == 422
    assert teacher.post(address, {"outcome": "hidden", "reason": "不要议论孩子", "mute_days": "1"}).status_code == 302
    page = author.get(address).content.decode()
    assert "不要议论孩子" in page
    assert queries.speakers(open_channel_of_a, [school.guardian_of_two.pk])[school.guardian_of_two.pk] not in page
    assert author.post(f"{address}appeal/", {"text": ""}).status_code == 422
    assert author.post(f"{address}appeal/", {"text": "是误会"}).status_code == 302
    assert client_for(school.guardian_of_two).get(address).status_code == 404


def test_the_thread_tells_the_author_what_waits(school, channel, client_for):
    client = client_for(school.mother)
    api = f"/api/v1/conversations/{channel.uuid}/messages"
    answer = client.post(api, {"text": "谢谢", "key": str(new_id())}, content_type="application/json")
    assert (answer.status_code, answer.json()) == (201, {"number": 0, "waits": True})
    assert "谢谢" in client.get(f"/conversations/{channel.uuid}/held/").content.decode()
    assert "谢谢" not in client_for(school.father).get(f"/conversations/{channel.uuid}/held/").content.decode()
    refused = client.post(api, {"text": RUDE, "key": str(new_id())}, content_type="application/json")
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "words_found"
    assert refused.json()["error"]["fields"]["action"] == "hold"


def test_without_scripts_nothing_typed_is_lost(school, thread, client_for):
    form = {"text": RUDE, "client_key": str(new_id())}
    client, address = client_for(school.mother), f"/conversations/{thread.uuid}/send/"
    page = client.post(address, form)
    assert page.status_code == 422
    assert page.content.decode().count(RUDE) >= 1
    assert 'name="wish" value="ask"' in page.content.decode()
    assert (
        client_for(school.mother).post(f"/conversations/{thread.uuid}/send/", {**form, "wish": "ask"}).status_code
        == 302
    )
    assert Case.objects.get().held.text == RUDE


@pytest.mark.django_db(transaction=True)
def test_a_moderators_reading_is_on_record(school, client_for):
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=NOW())
    with transaction.atomic():  # without the writer's thread, whose connection would outlive the test
        message = said(school.subject_teacher, channel, "明天家长会")
    case = report_message(actor=school.mother, message=message, reason="other", text="", now=NOW())
    assert client_for(school.leader).get(f"/conversations/moderation/{case.uuid}/").status_code == 200
    assert Entry.objects.filter(action="case.read").count() == 1
