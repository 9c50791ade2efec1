"""Which words are found in which sentences."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeroom.redlines import packs
from homeroom.redlines.categories import CATEGORIES, Action
from homeroom.redlines.folding import folded, places
from homeroom.redlines.matching import Checker, Rule, Wordlist

PLAIN = Rule("own:1", "表", "因为", Action.WARN)
GRAVE = Rule("own:2", "表", "因为", Action.REFUSE)


def found(text):
    return [hit.typed for hit in packs.checker().hits(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "他妈妈今天来接", "马路口交通很堵", "这次活动促进两性交流", "废物利用做手工", "妈妈逼我写作业",
        "我操场跑了三圈", "一本道理书", "我很傻，逼他做作业也没用", "我很傻。逼他也没用", "class members of SBX",
        "别去死记硬背", "他妈的手机打不通", "强暴雨预警，明天停课", "大麻烦来了", "智障儿童的随班就读",
        "谢谢妈妈，妈妈的妈妈也来", "代考虑一下", "2023年9月1日",
    ],
)  # fmt: skip
def test_innocent_sentences_pass(sentence):
    assert found(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "word"),
    [
        ("你这个傻逼", "傻逼"), ("你这个傻 逼", "傻 逼"), ("你这个傻*逼", "傻*逼"), ("你这个傻\u200b逼", "傻\u200b逼"),
        *[(f"傻{sign}逼", f"傻{sign}逼") for sign in "\u115f\u1160\u3164\uffa0\ufe0f\U000e0041\U000e0101\U000e01ef"],
        ("傻😀逼", "傻😀逼"), ("傻傻傻逼", "傻傻傻逼"), ("ｓＢ老师", "ｓＢ"), ("煞笔", "煞笔"), ("這個白癡", "白癡"),
        ("出售手槍", "出售手槍"), ("ＴＭＤ", "ＴＭＤ"), ("你他妈的烦不烦", "你他妈"),
    ],
)  # fmt: skip
def test_ways_of_writing_are_one_word_and_shown_as_typed(sentence, word):
    assert found(sentence) == [word]


def test_the_longest_of_overlapping_words_counts():
    checker = Checker([Wordlist(PLAIN, "红包"), Wordlist(GRAVE, "发红包")])
    assert [(hit.typed, hit.action) for hit in checker.hits("谁来发红包")] == [("发红包", Action.REFUSE)]


def test_a_word_of_two_lists_takes_the_graver_action():
    assert Checker([Wordlist(GRAVE, "红包"), Wordlist(PLAIN, "红包")]).hits("红包")[0].action == Action.REFUSE


def test_what_is_found_by_closing_gaps_is_never_refused_by_itself():
    checker = Checker([Wordlist(GRAVE, "红包")])
    assert checker.hits("红-包")[0].action == Action.HOLD
    assert checker.hits("红包")[0].action == Action.REFUSE


def test_spellings_of_one_entry_are_all_found():
    checker = Checker([Wordlist(PLAIN, "微信|威信|weixin")])
    assert [hit.typed for hit in checker.hits("加威信或者Weixin")] == ["威信", "Weixin"]


def test_an_identity_number_is_found_and_a_phone_is_not():
    assert found("身份证11010119900307123X，谢谢") == ["11010119900307123X"]
    assert found("电话13800000000") == []


@given(st.text(max_size=60))
def test_every_place_of_the_folded_text_is_one_of_the_text(text):
    at = places(text)
    assert len(at) == len(folded(text))
    assert at == sorted(set(at))
    for hit in packs.checker().hits(text):
        assert text[hit.start : hit.end] == hit.typed


@given(
    st.lists(st.text(alphabet="甲乙丙丁", min_size=2, max_size=4), max_size=6),
    st.text(alphabet="甲乙丙丁，", max_size=20),
)
def test_the_automaton_finds_what_searching_finds(words, text):
    hits = Checker([Wordlist(PLAIN, "\n".join(words))]).hits(text)
    plain = [hit for hit in hits if not hit.veiled]
    assert bool(plain) == any(word in text for word in words)
    assert all(hit.typed in words for hit in plain)
    for one, two in pairwise(hits):
        assert one.end <= two.start


def test_every_category_says_what_is_the_matter_and_every_pack_is_read():
    assert {part.rule.key for pack in packs.packs() for part in pack.lists} | {"numbers"} == set(CATEGORIES)
    assert all(str(one.label) and str(one.why) for one in CATEGORIES.values())


def test_a_pack_with_an_unknown_category_is_refused():
    with pytest.raises(ValueError, match="nonsense"):
        packs.read('name = "x"\nversion = "1"\n[[lists]]\ncategory = "nonsense"\nwords = "甲乙"')


def test_no_allowed_word_of_a_pack_is_found_itself():
    for pack in packs.packs():
        for part in pack.lists:
            for word in part.allowed.split():
                assert found(word) == [], word
