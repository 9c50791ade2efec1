"""What survives cleaning, and what a reader sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeroom.notices import markup
from homeroom.notices.bodies import texts_for
from homeroom.notices.models import Notice

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="jAvAsCrIpT&colon;alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="/sign-out/">x</a>',
    "<svg onload=alert(1)>",
    "<p style='position:fixed'>x</p>",
    "<p onclick=alert(1)>x</p>",
    "<iframe src='https://evil.example'></iframe>",
    "<form action='https://evil.example'><input name=q></form>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<meta http-equiv=refresh content=0>",
    "<base href=https://evil.example>",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_runs(attack):
    cleaned = markup.sanitise(f"<p>前</p>{attack}").lower()
    for word in (
        "<script",
        "onerror",
        "onclick",
        "onload",
        "javascript",
        "data:",
        "<img",
        "<svg",
        "<iframe",
        "<form",
        "style=",
    ):
        assert word not in cleaned
    assert 'href="/' not in cleaned
    assert "前" in cleaned


@given(st.text(max_size=200))
def test_cleaning_is_done_once(text):
    cleaned = markup.sanitise(text)
    assert markup.sanitise(cleaned) == cleaned


@given(st.text(max_size=200))
def test_the_plain_text_has_no_tags(text):
    cleaned = markup.sanitise(f"<p>{text}</p>")
    assert "<script" not in markup.plain(markup.sanitise(cleaned)).lower() or "&lt;script" in cleaned.lower()


def test_plain_text_becomes_paragraphs():
    assert markup.sanitise("一\n二\n\n三 <3") == "<p>一<br>二</p><p>三 &lt;3</p>"


def test_links_say_where_they_lead_and_carry_nothing():
    cleaned = markup.sanitise('<p><a href="https://school.example/a" target="_blank" onclick="x">看</a></p>')
    assert 'href="https://school.example/a"' in cleaned
    assert "noopener" in cleaned
    assert "target" not in cleaned


def test_characters_that_turn_the_reading_direction_are_dropped():
    assert "\u202e" not in markup.sanitise("<p>a\u202eb</p>")
    assert markup.one_line("a\r\nb\u202ec") == "a bc"


def test_the_lead_is_short_and_on_one_line():
    lead = markup.lead("<p>" + "字" * 300 + "</p><p>二</p>")
    assert len(lead) <= 140
    assert "\n" not in lead


def test_a_childs_name_cannot_bring_markup(school):
    notice = Notice(school=school.school, sender=school.class_teacher, text="<p>{{child}}</p>")
    [text] = texts_for(notice, [("<script>x</script>", "三年级2班")])
    assert "<script" not in text.html


def test_each_child_has_their_own_text_only_where_it_differs(school):
    notice = Notice(school=school.school, sender=school.class_teacher, text="<p>{{child}}好</p>")
    two = [("陈子轩", "三年级2班"), ("陈子涵", "五年级1班")]
    assert [text.child for text in texts_for(notice, two)] == ["陈子轩", "陈子涵"]
    notice.text = "<p>大家好</p>"
    assert len(texts_for(notice, two)) == 1
