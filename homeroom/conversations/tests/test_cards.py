"""A message cites something of the school: each reader sees it by their own rights, whatever their number."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from homeroom.conversations import access, queries
from homeroom.conversations.models import Conversation, Message
from homeroom.conversations.services import open_channel, open_family_thread, post_message
from homeroom.delivery import live_cards as registry
from homeroom.delivery.public import recall_item
from homeroom.groups.public import Audience, Part
from homeroom.kit.errors import NotVisible
from homeroom.kit.ids import new_id
from homeroom.notices.public import Draft, Notice, publish_notice, save_draft
from homeroom.people.models import Person


def notice_to(school, school_class, title: str = "秋游", sender: Person | None = None) -> Notice:
    draft = Draft(title=title, text="<p>周五秋游</p>", audience=Audience(any=(Part("class", str(school_class.uuid)),)))
    saved = save_draft(actor=sender or school.class_teacher, draft=draft, client_key=new_id(), now=timezone.now())
    return publish_notice(actor=sender or school.class_teacher, notice=saved, now=timezone.now())


@pytest.fixture
def thread(school) -> Conversation:
    return open_family_thread(
        actor=school.mother, student=school.child_a, teacher=school.class_teacher, now=timezone.now()
    )


@pytest.fixture
def notice(school) -> Notice:
    return notice_to(school, school.class_a)


def say(who: Person, where: Conversation, text: str = "请问", **more: object):
    return post_message(actor=who, conversation=where, text=text, client_key=new_id(), now=timezone.now(), **more)


def card_of(who: Person, where: Conversation):
    place = access.get_membership_for(who, where.uuid, now=timezone.now())
    return queries.thread(place, now=timezone.now()).messages[-1].extra.card


def test_the_family_opens_its_own_copy_and_the_teacher_the_page_of_the_notice(school, thread, notice):
    say(school.mother, thread, cites=("notice", notice.uuid))
    assert card_of(school.mother, thread).link == reverse("delivery:item", args=[notice.item.uuid])
    assert card_of(school.class_teacher, thread).link == reverse("notices:notice", args=[notice.uuid])
    assert card_of(school.father, thread).title == "秋游"


def test_a_delivered_item_is_cited_whatever_it_came_from(school, thread, notice):
    say(school.mother, thread, "", cites=("item", notice.item.uuid))
    assert card_of(school.mother, thread).title == "秋游"
    assert card_of(school.class_teacher, thread).link == reverse("delivery:sent", args=[notice.item.uuid])


def test_who_may_not_see_it_sees_only_that_there_is_one(school, notice):
    """A notice of the class cited in its channel: a notice of another class shows no title."""
    other = notice_to(school, school.class_b, "二班的事", sender=school.other_class_teacher)
    channel = open_channel(actor=school.class_teacher, school_class=school.class_a, now=timezone.now())
    say(school.class_teacher, channel, cites=("notice", notice.uuid))
    assert card_of(school.mother, channel).title == "秋游"
    Message.objects.update(cites_uuid=other.uuid)
    hidden = card_of(school.mother, channel)
    assert (hidden.hidden, hidden.title, hidden.note, hidden.link) == (True, "", "", "")


def test_nobody_cites_what_they_may_not_open(school, thread):
    other = notice_to(school, school.class_b, "二班的事", sender=school.other_class_teacher)
    for cited in (("notice", other.uuid), ("item", other.item.uuid), ("notice", new_id()), ("score", new_id())):
        with pytest.raises(NotVisible):
            say(school.mother, thread, cites=cited)
    assert not Message.objects.exists()


def test_a_recalled_notice_shows_nothing_any_more(school, thread, notice):
    say(school.mother, thread, cites=("item", notice.item.uuid))
    recall_item(actor=school.class_teacher, item=notice.item, reason="发错了", now=timezone.now())
    assert card_of(school.father, thread).hidden


def test_a_page_asks_once_a_kind_whatever_the_number_of_cards(school, thread, notice, monkeypatch):
    calls: list[tuple[str, int]] = []
    for kind, make in list(registry._kinds.items()):

        def counted(ids, viewer, *, kind=kind, make=make):
            calls.append((kind, len(ids)))
            return make(ids, viewer)

        monkeypatch.setitem(registry._kinds, kind, counted)
    notices = [notice, *(notice_to(school, school.class_a, f"通知{n}") for n in range(4))]

    def statements() -> int:
        place = access.get_membership_for(school.mother, thread.uuid, now=timezone.now())
        calls.clear()
        with CaptureQueriesContext(connection) as captured:
            queries.thread(place, now=timezone.now())
        return len(captured)

    say(school.mother, thread, cites=("notice", notices[0].uuid))
    say(school.mother, thread, cites=("item", notices[0].item.uuid))
    few = statements()
    for one in notices[1:]:
        say(school.mother, thread, cites=("notice", one.uuid))
        say(school.mother, thread, cites=("item", one.item.uuid))
    assert statements() == few
    assert sorted(calls) == [("item", 5), ("notice", 5)]


def test_from_an_item_to_the_teacher_who_sent_it(school, notice, client_for):
    client = client_for(school.mother)
    item = client.get(reverse("delivery:item", args=[notice.item.uuid])).content.decode()
    address = f"{reverse('conversations:new')}?cites=item:{notice.item.uuid}"
    assert address in item
    page = client.get(address).content.decode()
    assert page.index("王老师") < page.index("李老师")
    sent = client.post(
        reverse("conversations:start"),
        {
            "student": school.child_a.uuid,
            "teacher": school.class_teacher.uuid,
            "cites": f"item:{notice.item.uuid}",
        },
    )
    assert f"cites=item:{notice.item.uuid}" in sent.url
    opened = client.get(sent.url.partition("#")[0]).content.decode()
    assert 'name="cites"' in opened
    assert "秋游" in opened


def test_a_teacher_talks_about_a_notice_with_one_family(school, notice, client_for):
    page = client_for(school.class_teacher).get(reverse("notices:notice", args=[notice.uuid])).content.decode()
    assert f"?cites=item:{notice.item.uuid}" in page


def test_over_the_api_a_message_carries_its_card(school, thread, notice, client_for):
    answer = client_for(school.mother).post(
        f"/api/v1/conversations/{thread.uuid}/messages",
        {"text": "", "key": str(new_id()), "cites": f"notice:{notice.uuid}"},
        content_type="application/json",
    )
    assert answer.status_code == 201
    assert Message.objects.get().cites_uuid == notice.uuid
    refused = client_for(school.mother).post(
        f"/api/v1/conversations/{thread.uuid}/messages",
        {"text": "", "key": str(new_id()), "cites": "notice:nonsense"},
        content_type="application/json",
    )
    assert refused.status_code == 404
