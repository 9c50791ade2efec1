"""What is found, and what is not."""

from __future__ import annotations

import time

import pytest

from homeroom.search.public import forget, index, index_many, matches

TEXTS = {
    1: "关于秋季运动会的安排通知",
    2: "流感季节温馨提示：请每日晨检体温",
    3: "Parents' evening in Room 302, bring ID",
    4: "会议改到运动场",
}


@pytest.fixture
def texts(db):
    index_many(kind="notice", school_id=1, texts=TEXTS.items())


def found(query: str, **scope) -> set[int]:
    scope = {"kind": "notice", "school_id": 1, **scope}
    return {row["object_id"] for row in matches(query, **scope)}


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("运动", {1, 4}),
        ("运动会", {1}),
        ("流感", {2}),
        ("会", {1, 4}),
        ("体温 流感", {2}),
        ("流感 运动", set()),
        ("动运", set()),
        ("PARENTS", {3}),
        ("arent", {3}),
        ("302", {3}),
        ("３０２", {3}),
        ("evening id", {3}),
        ("parents'", {3}),
        ("提示：请", {2}),
        ("", set()),
        ("！？", set()),
        ('"', set()),
        ('流感" OR "运动', set()),
        ("NEAR(运动 会)", set()),
        ("%", set()),
    ],
)
def test_finds(texts, query, ids):
    assert found(query) == ids


def test_a_school_and_a_kind_find_only_their_own(texts):
    assert found("运动", school_id=2) == set()
    assert found("运动", kind="item") == set()


def test_a_changed_text_is_found_by_its_new_words_only(texts):
    index(kind="notice", object_id=1, school_id=1, text="改为室内活动")
    assert found("运动") == {4}
    assert found("室内") == {1}


def test_what_is_forgotten_is_not_found(texts):
    forget(kind="notice", object_ids=[1])
    assert found("运动") == {4}


@pytest.mark.alone
def test_a_word_is_found_among_ten_thousand_texts_in_fifty_milliseconds(texts):
    index_many(
        kind="notice",
        school_id=1,
        texts=[(10 + n, f"第{n}号通知：请各位家长注意天气变化，带好雨具。") for n in range(10_000)],
    )
    found("运动")
    started = time.perf_counter()
    assert found("运动") == {1, 4}
    assert time.perf_counter() - started < 0.05
