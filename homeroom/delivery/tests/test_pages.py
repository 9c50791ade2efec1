"""The pages: who sees what, and that nothing typed is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from homeroom.delivery.models import Recipient, Reply, Settings, Signature
from homeroom.delivery.public import Asked, reply

from .conftest import everyone_about


@pytest.fixture
def now():
    return timezone.now() - timedelta(minutes=1)


def page_of(item, act=""):
    return f"/feed/items/{item.uuid}/" + (f"{act}/" if act else "")


def test_a_guardian_reads_and_confirms(school, send, client_for):
    item = send()
    client = client_for(school.mother)
    assert "秋游通知" in client.get("/").content.decode()
    assert client.get(page_of(item)).status_code == 200
    assert Recipient.objects.get(item=item, person=school.mother).read_at
    answer = client.post(page_of(item, "confirm"), {"version": "1", "next": "/"})
    assert answer.status_code == 302
    assert answer["Location"] == "/"
    assert Recipient.objects.get(item=item, person=school.mother).confirmed_at


def test_an_item_of_others_looks_like_none(school, send, client_for):
    item = send(to=everyone_about(school, school.child_a))
    for person in (school.guardian_b, school.guardian_elsewhere, school.pupil, school.class_teacher):
        client = client_for(person)
        assert client.get(page_of(item)).status_code == 404
        for act in ("read", "confirm", "sign", "reply", "snooze"):
            assert client.post(page_of(item, act)).status_code == 404
    assert not Recipient.objects.filter(item=item, read_at__isnull=False).exists()


def test_a_wrong_signature_shows_the_page_again_with_what_was_typed(school, send, client_for):
    item = send(level="sign", to=everyone_about(school, school.child_a))
    answer = client_for(school.mother).post(page_of(item, "sign"), {"version": "1", "typed_name": "王五"})
    assert answer.status_code == 422
    assert "王五" in answer.content.decode()
    assert not Signature.objects.exists()


def test_signing_with_ones_own_name(school, send, client_for):
    item = send(level="sign", to=everyone_about(school, school.child_a))
    client = client_for(school.mother)
    client.post(page_of(item, "sign"), {"version": "1", "typed_name": school.mother.name})
    assert Signature.objects.get().typed_name == school.mother.name
    assert school.mother.name in client.get(page_of(item)).content.decode()


def test_a_reply_reaches_the_sender_and_no_other_family(school, send, client_for):
    item = send()
    client_for(school.mother).post(page_of(item, "reply"), {"text": "孩子晕车，可以坐前排吗？"})
    assert "孩子晕车" in client_for(school.class_teacher).get("/feed/replies/").content.decode()
    for other in (school.father, school.guardian_of_two):
        assert "孩子晕车" not in client_for(other).get(page_of(item)).content.decode()


def test_staff_answer_one_family(school, send, now, client_for):
    item = send()
    reply(actor=school.mother, item=item, text="几点集合？", now=now)
    address = f"/feed/sent/{item.uuid}/answer/{school.mother.uuid}/"
    assert client_for(school.subject_teacher).post(address, {"text": "七点"}).status_code == 404
    client_for(school.class_teacher).post(address, {"text": "七点半校门口"})
    assert "七点半校门口" in client_for(school.mother).get(page_of(item)).content.decode()
    assert not Reply.objects.filter(answered_at__isnull=True).exists()


def test_putting_away_takes_it_out_of_the_feed_until_then(school, send, client_for):
    item = send(to=everyone_about(school, school.child_a))
    client = client_for(school.mother)
    client.post(page_of(item, "snooze"), {"until": "morning"})
    assert "秋游通知" not in client.get("/feed/").content.decode()
    assert "秋游通知" in client.get("/feed/snoozed/").content.decode()
    client.post(page_of(item, "unsnooze"), {"next": "/feed/snoozed/"})
    assert "秋游通知" in client.get("/feed/").content.decode()


def test_two_characters_find_a_message(school, send, client_for):
    send(title="关于体检的通知")
    send(title="秋游")
    content = client_for(school.mother).get("/feed/", {"q": "体检"}).content.decode()
    assert "关于体检的通知" in content
    assert "data-item" in content
    assert "秋游</a>" not in content


def test_the_text_version_is_plain(school, send, client_for):
    item = send(text="第一行\n第二行")
    answer = client_for(school.mother).get(page_of(item, "text"))
    assert answer["Content-Type"].startswith("text/plain")
    assert "第二行" in answer.content.decode()


def test_mandatory_kinds_cannot_be_muted(school, client_for):
    client = client_for(school.mother)
    values = {
        "quiet_from": "22:00",
        "quiet_until": "06:30",
        "digest_at": "18:00",
        "outside_when": "every",
        "email": "a@b.cn",
    }
    assert client.post("/me/delivery/", {**values, "category_safety": "mute"}).status_code == 422
    assert not Settings.objects.exists()
    assert client.post("/me/delivery/", {**values, "category_activity": "mute"}).status_code == 302
    assert Settings.objects.get().categories == {"activity": "mute"}
    school.mother.refresh_from_db()
    assert school.mother.email == ""  # an address is confirmed first, on the account's own page


@pytest.mark.parametrize(
    "who",
    ["class_teacher", "leader", "office", "it_admin", "grade_leader", "teacher_parent", "mother", "pupil", "delegate"],
)
def test_everybody_has_a_first_page(school, send, client_for, who):
    send()
    send(level="read", to=[Asked(person.pk) for person in school.staff])
    assert client_for(getattr(school, who)).get("/").status_code == 200


def test_a_teacher_with_a_child_has_both_pages(school, send, client_for):
    send(to=everyone_about(school, school.child_of_teacher))
    client = client_for(school.teacher_parent)
    assert "/?as=family" in client.get("/").content.decode()
    assert "秋游通知" in client.get("/?as=family").content.decode()


def test_the_funnel_page_is_for_those_in_charge(school, send, client_for):
    item = send()
    for who, status in [
        ("class_teacher", 200),
        ("leader", 200),
        ("substitute", 200),
        ("mother", 404),
        ("other_class_teacher", 404),
    ]:
        assert client_for(getattr(school, who)).get(f"/feed/sent/{item.uuid}/").status_code == status
