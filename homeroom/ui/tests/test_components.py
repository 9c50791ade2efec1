"""The macros write markup that a screen reader can use, and no text unescaped."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from django import forms
from django.template import engines

from homeroom.ui.jinja import initials

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


class Tree(HTMLParser):
    """Tags with their attributes, in order; fails on a tag that is not closed."""

    VOID = {"input", "img", "br", "hr", "meta", "link", "path", "circle", "rect"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def first(self, tag: str) -> dict[str, str | None]:
        return self.all(tag)[0]


def html(source: str, **context) -> str:
    engine = next(engine for engine in engines.all() if hasattr(engine, "env"))
    return engine.from_string('{% import "ui/components.html" as ui %}' + source).render(context)


def draw(source: str, **context) -> Tree:
    return Tree(html(source, **context))


def test_a_field_is_bound_to_its_label_help_and_error():
    tree = draw('{{ ui.field("phone", "手机", help="11 位", error="太短", required=true) }}')
    field = tree.first("input")
    assert tree.first("label")["for"] == field["id"] == "id_phone"
    assert field["aria-describedby"] == "id_phone-error id_phone-help"
    assert field["aria-invalid"] == "true"
    assert {attributes.get("id") for attributes in tree.all("p")} == {"id_phone-help", "id_phone-error"}


@pytest.mark.parametrize("kind", ["text", "textarea", "select", "date", "file", "checkbox", "number"])
def test_every_field_has_a_label(kind):
    tree = draw(f'{{{{ ui.field("a", "甲", type="{kind}", options=[("1", "一")]) }}}}')
    labels = tree.all("label")
    assert labels
    control = (tree.all("input") + tree.all("textarea") + tree.all("select"))[0]
    assert labels[0].get("for") == control["id"] or labels[0]["class"] == "check"


def test_a_choice_is_a_fieldset_with_a_legend():
    tree = draw(
        '{{ ui.field("level", "要求", type="radio", options=[(1, "已读"), (2, "确认", "点一下")], value="2") }}'
    )
    assert tree.all("fieldset")
    assert tree.all("legend")
    assert [attributes.get("checked", "no") for attributes in tree.all("input")] == ["no", None]


def test_what_people_wrote_is_escaped_everywhere():
    attack = '"><script>alert(1)</script>'
    drawn = html(
        "{{ ui.field('a', x, value=x, help=x, error=x, placeholder=x) }}{{ ui.button(x, attrs={'data-x': x}) }}"
        "{{ ui.item_card(x, href='/', sender=x, lead=x, child=x, tags=[ui.tag(x)]) }}{{ ui.avatar(x) }}"
        "{{ ui.table(x, [{'key': 'a', 'label': x, 'main': true}], [{'a': x, 'href': x}]) }}{{ ui.alert(x) }}"
        "{{ ui.person_label(x, x) }}{{ ui.copy_button(x) }}{{ icon('home', x) }}"
        "{{ ui.funnel([{'label': x, 'count': 1}]) }}",
        x=attack,
    )
    assert "<script" not in drawn


def test_an_icon_is_silent_unless_it_speaks():
    assert draw("{{ icon('home') }}").first("svg")["aria-hidden"] == "true"
    spoken = draw("{{ icon('home', '首页') }}").first("svg")
    assert (spoken["role"], spoken["aria-label"]) == ("img", "首页")


def test_an_icon_button_says_what_it_does():
    button = draw("{{ ui.icon_button('trash', '删除') }}").first("button")
    assert button["aria-label"] == button["title"] == "删除"
    assert button["type"] == "button"


def test_a_table_names_its_columns_for_the_phone():
    rows = [{"name": "张小雨", "state": None, "href": "/pupils/1/"}]
    columns = [{"key": "name", "label": "学生", "main": True}, {"key": "state", "label": "状态"}]
    tree = draw("{{ ui.table('名单', columns, rows) }}", columns=columns, rows=rows)
    assert tree.all("caption")
    assert {attributes["scope"] for attributes in tree.all("th")} == {"col", "row"}
    assert tree.first("td")["data-label"] == "状态"


def test_an_empty_table_says_so():
    assert "这里还没有内容" in html("{{ ui.table('名单', [], []) }}")


def test_a_time_is_for_machines_too():
    tree = draw("{{ ui.time(at) }}", at=NOON)
    assert tree.first("time")["datetime"] == "2026-11-23T04:00:00+00:00"
    assert tree.all("relative-time")


def test_progress_has_a_name_and_never_rounds_to_done():
    drawn = html("{{ ui.progress(1999, 2000, '已确认') }}")
    assert Tree(drawn).first("progress")["aria-label"] == "已确认"
    assert ">99%<" in drawn


def test_a_dialog_is_named_and_can_be_closed():
    tree = draw("{% call ui.dialog('recall', '撤回？') %}x{% endcall %}")
    assert tree.first("dialog")["aria-labelledby"] == tree.first("h2")["id"]
    assert "data-close" in tree.first("button")


def test_form_errors_lead_to_their_fields():
    tree = draw("{{ ui.form_errors({'title': '请填写标题'}) }}")
    assert tree.first("a")["href"] == "#id_title"
    assert tree.first("div")["role"] == "alert"


def test_a_django_form_is_drawn_with_our_fields():
    class SignIn(forms.Form):
        login = forms.CharField(
            label="手机号", max_length=20, widget=forms.TextInput(attrs={"autocomplete": "username"})
        )
        role = forms.ChoiceField(label="身份", choices=[("a", "甲")])
        keep = forms.BooleanField(label="记住我", required=False)

    form = SignIn({"login": "", "role": "a"})
    tree = draw(
        "{{ ui.form_field(form['login']) }}{{ ui.form_field(form['role']) }}{{ ui.form_field(form['keep']) }}",
        form=form,
    )
    login = tree.first("input")
    assert (login["name"], login["autocomplete"], login["aria-invalid"]) == ("login", "username", "true")
    assert tree.all("select")
    assert [attributes["type"] for attributes in tree.all("input")] == ["text", "checkbox"]


def test_a_misspelt_name_is_an_error_while_testing():
    with pytest.raises(Exception, match="undefined"):
        html("{{ ui.button(lable) }}")
    assert html("{{ row.missing }}", row={}) == ""


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("王慧敏", "慧敏"),
        ("张小雨妈妈", "张"),
        ("王老师 · 班主任 · 语文", "王"),
        ("Teacher 王 · Class teacher · 语文", "王"),
        ("Anna Berg", "AB"),
        ("", ""),
    ],
)
def test_a_person_without_a_picture_is_shown_by_their_name(name, letters):
    assert initials(name) == letters
