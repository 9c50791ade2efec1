"""A school's own decisions and words, and how soon they count."""

from __future__ import annotations

import io
import random

import pytest
from django.utils import timezone

from homeroom.kit.errors import Invalid, NotAllowed
from homeroom.redlines import services, shelf
from homeroom.redlines.models import Ruleset, WordList
from homeroom.redlines.public import Action, check


def own(school, words, *, action="hold", name="本校", **more):
    why = "本校约定" if action else ""
    return services.save_list(
        actor=school.leader, name=name, why=why, action=action, words=words, now=timezone.now(), **more
    )


def test_a_school_decides_about_each_category(school):
    there = school.leader.school_id
    assert check("你这个白痴", there).action == Action.WARN
    services.decide(actor=school.leader, actions={"harsh": "refuse", "insult": "off"})
    assert check("你这个白痴", there).action == Action.REFUSE
    assert not check("你这个傻逼", there)
    services.decide(actor=school.leader, actions={"harsh": "warn", "insult": "hold"})
    assert Ruleset.objects.get(school_id=there).actions == {}  # what is usual is not stored


def test_what_binds_the_school_is_looked_for_in_its_own_texts_only(school):
    there = school.leader.school_id
    assert not check("孩子在班级排名掉了", there)
    (reason,) = check("附上班级排名", there, by_staff=True).reasons()
    assert reason[2] == ["班级排名"]


def test_own_words_and_always_allowed_ones(school):
    there = school.leader.school_id
    own(school, ["外卖|wai卖", "x", "  "])
    own(school, ["白痴天才"], name="放行", action="")
    findings = check("今天点wai卖", there)
    assert (findings.action, findings.reasons()) == (Action.HOLD, [("本校", "本校约定", ["wai卖"])])
    assert not check("影片《白痴天才》", there)
    assert WordList.objects.get(name="本校").count == 1  # one character, or none, is no entry


def test_removed_words_are_looked_for_no_more(school):
    made = own(school, ["外卖"])
    services.remove_list(actor=school.leader, known=made)
    assert not check("外卖", school.leader.school_id)


@pytest.mark.parametrize("who", ["class_teacher", "mother", "office"])
def test_others_change_nothing(school, who):
    with pytest.raises(NotAllowed):
        services.save_list(
            actor=getattr(school, who), name="表", why="因为", action="hold", words=["外卖"], now=timezone.now()
        )
    with pytest.raises(NotAllowed):
        services.decide(actor=getattr(school, who), actions={"harsh": "off"})
    assert not WordList.objects.exists()
    assert not Ruleset.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"), [({"name": ""}, "name"), ({"why": ""}, "why"), ({"action": "burn"}, "action")]
)
def test_an_incomplete_list_is_not_kept(school, change, field):
    given = {"name": "表", "why": "因为", "action": "hold"} | change
    with pytest.raises(Invalid) as wrong:
        services.save_list(actor=school.leader, words=["外卖"], now=timezone.now(), **given)
    assert field in wrong.value.fields
    assert not WordList.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_file_in_any_usual_encoding_is_read(encoding):
    content = "外卖,wai卖\n红包\n请客吃饭\n".encode(encoding)
    assert services.clean(services.words_in(io.BytesIO(content))) == ["外卖|wai卖", "红包", "请客吃饭"]


def test_a_picture_is_no_list():
    with pytest.raises(Invalid):
        services.words_in(io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4))


def test_a_hundred_thousand_words_are_found_among_others(school):
    dice = random.Random(7)
    words = {"".join(chr(dice.randrange(0x4E00, 0x9000)) for _ in range(4)) for _ in range(100_000)}
    made = own(school, [*words, "外卖小哥"])
    assert made.count == len(services.clean([*words, "外卖小哥"]))
    assert [hit.typed for hit in check("门口的外卖小哥", school.leader.school_id).hits] == ["外卖小哥"]
    with pytest.raises(Invalid):
        own(school, [f"词{n}" for n in range(services.WORDS_AT_MOST)], name="太多")


def test_each_spelling_counts_over_all_lists_of_the_school(school, monkeypatch):
    monkeypatch.setattr(services, "WORDS_AT_MOST", 5)
    first = own(school, ["外卖|wai卖|歪卖"])
    with pytest.raises(Invalid) as wrong:
        own(school, ["奶茶|乃茶|nai茶"], name="另一个")
    assert "words" in wrong.value.fields
    assert WordList.objects.get() == first
    own(school, ["奶茶|乃茶"], name="另一个")
    own(school, ["外卖|wai卖|歪卖"], known=first)  # what a list held before does not count against it
    with pytest.raises(Invalid):
        own(school, ["外卖|wai卖|歪卖|崴卖"], known=first)


def test_a_process_that_did_not_change_the_words_notices(school):
    there = school.leader.school_id
    before = shelf.look(there)
    assert not before.hits("外卖", by_staff=False)
    own(school, ["外卖"])
    assert shelf._shelf[there] is before  # the shelf still has what the process knew
    after = shelf.look(there)
    assert after is not before
    assert after.hits("外卖", by_staff=False)
    assert shelf.look(there) is after  # nothing moved: nothing is read again


def test_the_pages(school, client_for):
    client = client_for(school.leader)
    page = client.get("/school/words/").content.decode()
    assert "人身攻击" in page
    page = client.post("/school/words/", {"text": "你这个白痴"}).content.decode()
    assert "白痴" in page
    given = {"name": "放学", "why": "请私下联系", "action": "warn", "words": "外卖"}
    file = io.BytesIO("奶茶\n零食\n".encode("gb18030"))
    file.name = "words.txt"
    assert client.post("/school/words/list/", {**given, "file": file}).status_code == 302
    made = WordList.objects.get()
    assert made.words.split("\n") == ["外卖", "奶茶", "零食"]
    assert client.post("/school/words/list/", given).status_code == 422  # the name is taken
    assert client.get(f"/school/words/list/{made.uuid}/").status_code == 200
    client.post("/school/words/", {"harsh": "off"})
    assert Ruleset.objects.get().actions == {"harsh": "off"}
    assert client.post(f"/school/words/list/{made.uuid}/remove/").status_code == 302
    assert not WordList.objects.exists()


@pytest.mark.parametrize("who", ["class_teacher", "mother"])
def test_others_do_not_see_the_pages(school, client_for, who):
    assert client_for(getattr(school, who)).get("/school/words/").status_code == 404
    assert client_for(getattr(school, who)).get("/school/words/list/").status_code == 404
