"""Templates hold the words of their language once compiled, and escape whatever is not theirs."""

from __future__ import annotations

import pytest
from django.template import engines
from django.utils import translation
from django.utils.safestring import mark_safe
from markupsafe import Markup

from homeroom.ui.jinja import ModuleTemplates


@pytest.fixture
def engine() -> ModuleTemplates:
    return next(engine for engine in engines.all() if isinstance(engine, ModuleTemplates))


def render(engine, source: str, **context) -> str:
    return engine.from_string(source).render(context)


SAVE = '{{ _("Save") }} {% trans %}Save{% endtrans %} {% set word = _("Save") %}{{ word }}'


def test_the_same_template_speaks_each_reader_s_language_in_turn(engine):
    for language, word in (("zh-hans", "保存"), ("en", "Save"), ("zh-hans", "保存")):
        with translation.override(language):
            assert render(engine, SAVE) == f"{word} {word} {word}"


def test_a_stored_template_is_compiled_once_for_each_language(engine):
    with translation.override("zh-hans"):
        chinese = engine.get_template("ui/page.html").template
        assert engine.get_template("ui/page.html").template is chinese
    with translation.override("en"):
        assert engine.get_template("ui/page.html").template is not chinese


def test_without_a_language_words_are_looked_up_while_rendering(engine):
    with translation.override(None):
        assert render(engine, SAVE) == "Save Save Save"


def test_words_with_values_are_filled_in_and_the_values_escaped(engine):
    with translation.override("en"):
        assert render(engine, '{{ _("Due: %(when)s", when=when) }}', when="<b>") == "Due: &lt;b&gt;"


def test_changed_catalogues_are_read_again(engine):
    with translation.override("en"):
        before = engine.get_template("ui/page.html").template
        engine.forget_words()
        assert engine.get_template("ui/page.html").template is not before


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("<i>&'\"", "&lt;i&gt;&amp;&#39;&#34;"),
        (Markup("<i>"), "<i>"),
        (mark_safe("<i>"), "<i>"),
        (7, "7"),
        (["<i>"], "[&#39;&lt;i&gt;&#39;]"),
    ],
    ids=["text", "markup", "safe by Django", "number", "something else"],
)
def test_what_a_template_puts_out_is_escaped_unless_it_is_markup(engine, value, shown):
    assert render(engine, "{{ value }}", value=value) == shown
    assert render(engine, "{% macro say(it) %}{{ it }}{% endmacro %}{{ say(value) }}", value=value) == shown
