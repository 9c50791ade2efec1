"""No visible text outside gettext, in Python, templates and ES modules; and every message has its Chinese."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.jslexer import tokenize
from django.template import engines
from jinja2 import nodes

from homeroom.ui import messages

PACKAGE = messages.PACKAGE
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LETTERS = re.compile(r"[A-Za-z]*[a-z\u4e00-\u9fff][A-Za-z\u4e00-\u9fff]+")

# Files whose Chinese is data that is read or matched, or names and days as they are, not text of a page.
DATA = {
    "site/settings.py": "each language's name in itself",
    "people/labels.py": "compound family names",
    "people/naming.py": "names matched in rosters",
    "people/contact.py": "names matched in rosters",
    "people/devices.py": "products by their own names",
    "wording/variables.py": "the names by which a teacher writes a variable",
    "ui/jinja.py": "words that end a staff member's label",
    "school/services.py": "what follows the number in the name of a new class, stored in the database",
    "home/lookup.py": "the words by which a family's short question is recognised",
    "home/known.py": "the words by which a family's short question is recognised",
    "conversations/metrics.py": "the other words people use for a figure",
    "questions/metrics.py": "the other words people use for a figure",
    "school/dimensions.py": "the other words people use for what a figure is told by",
    "people/dimensions.py": "the other words people use for what a figure is told by",
    "semantics/moments.py": "the other words people use for what a figure is told by",
    "conversations/finding.py": "我 and 王老师 as somebody types whose messages they look for",
    "questions/dates.py": "the words by which a promise with a day is recognised in a Chinese reply",
    "questions/retrieval.py": "politeness of a Chinese question that tells nothing about it",
    "school/presets.py": "the names new classes and subjects get, stored in the database",
}
DATA_FOLDERS = {
    "demo": "the invented school's own people and notices",
    "roster": "headers and words read in Excel files",
}
ERRORS = {"denied", "Trouble", "NotAllowed", "NotVisible", "Invalid", "Stale"}
MESSAGES = {"success", "error", "warning", "info"}
VISIBLE = {"label", "help_text", "verbose_name", "verbose_name_plural", "empty_label", "default_message"}


def python_files() -> list[Path]:
    return [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if not {"tests", "migrations", "commands"} & set(path.relative_to(PACKAGE).parts)
    ]


def templates() -> list[Path]:
    return sorted(path for path in PACKAGE.glob("*/templates/**/*") if path.suffix in {".html", ".txt"})


def scripts() -> list[Path]:
    return sorted(PACKAGE.glob("*/static/*/*.js"))


def shown(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


# --- Python


def _docstrings(tree: ast.AST) -> set[int]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(id(node.value))
    return found


def _inside_gettext(tree: ast.AST) -> set[int]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in messages.KEYWORDS:
            found.update(id(child) for child in ast.walk(node))
    return found


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _python_faults(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    fine = _docstrings(tree) | _inside_gettext(tree)
    is_data = shown(path) in DATA or path.relative_to(PACKAGE).parts[0] in DATA_FOLDERS
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in fine:
            if CHINESE.search(node.value) and not is_data:
                yield f"{shown(path)}:{node.lineno}: Chinese outside gettext: {node.value!r}"
        elif isinstance(node, ast.Call):
            name, first = _name(node.func), node.args[0] if node.args else None
            said = name in ERRORS or (
                name in MESSAGES and isinstance(node.func, ast.Attribute) and _name(node.func.value) == "messages"
            )
            if name in MESSAGES:
                first = node.args[1] if len(node.args) > 1 else None
            if said and _plain_words(first):
                yield f"{shown(path)}:{node.lineno}: {name}() with text outside gettext"
            for keyword in node.keywords if not is_data else ():
                if keyword.arg in VISIBLE and _plain_words(keyword.value):
                    yield f"{shown(path)}:{node.lineno}: {keyword.arg}= with text outside gettext"
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None and _plain_words(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(_name(target) in VISIBLE for target in targets):
                yield f"{shown(path)}:{node.lineno}: text outside gettext"


def _plain_words(node: ast.expr | None) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.Constant) and LETTERS.search(str(part.value)) for part in node.values)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(LETTERS.search(node.value))


def test_python_says_nothing_outside_gettext():
    faults = [fault for path in python_files() for fault in _python_faults(path)]
    assert not faults, "\n".join(faults)


# --- templates

ADDRESS = re.compile(r"[?/#&][\w=&?./#-]*")  # put together with {% set %}
VISIBLE_ATTRIBUTES = {"title", "alt", "aria-label", "placeholder", "aria-description", "data-busy"}
SILENT_TAGS = {"script", "style", "code", "svg", "pre"}
# Macros whose first argument is not shown: names, ids, numbers. {macro: positions of shown arguments}
SHOWN_ARGUMENTS: dict[str, tuple[int, ...]] = {
    "icon_button": (1,),
    "read_aloud": (1,),
    "switch": (1,),
    "field": (1,),
    "segmented": (1,),
    "dialog": (1,),
    "person_label": (1,),
    "stat": (1,),
    "progress": (2,),
    "funnel": (),
    "facts": (),
    "form_field": (),
    "form_errors": (1,),
    "draft": (),
    "kind_icon": (),
    "avatar": (),
    "time": (),
    "badge": (1,),
    "toast_region": (),
    "timeline": (),
    "stepper": (),
    "card": (),
    "actions": (),
    "search_box": (2,),
    "pagination": (),
    "copy_button": (1,),
    "breadcrumb": (1,),
    "child_chip": (),
}
SHOWN_KEYWORDS = {
    "label",
    "title",
    "lead",
    "text",
    "help",
    "placeholder",
    "back_label",
    "legend",
    "empty",
    "note",
    "role",
    "busy_label",
    "closing",
    "summary",
    "caption",
    "error",
}
# Names of things that are the same in every language, and samples on the page of components.
SAME_EVERYWHERE = {"中文", "English", "Ms. Zhao"}


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.silent: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT_TAGS:
            self.silent.append(tag)
        self.found += [value for name, value in attrs if name in VISIBLE_ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data)


def _without_code(source: str) -> str:
    """The template's own text: what stands between the code, without translated blocks and attributes of the frame."""
    written: list[str] = []
    silent = block = ""
    name = False
    for _line, kind, value in _environment().lex(source):
        if kind == "block_begin":
            name = True
        elif kind == "name" and name:
            name = False
            if value in {"trans", "endtrans"}:
                silent = "trans" if value == "trans" else ""
            block = value
        elif kind == "name" and not silent and block == "block" and value == "body_class":
            silent = "body_class"
        elif kind == "block_end" and block == "endblock" and silent == "body_class":
            silent = ""
        elif kind == "variable_begin" and written and written[-1].endswith(("<", "</")):
            written.append("div")
        elif kind == "data" and not silent:
            written.append(value)
    return "".join(written)


def _constants(node: nodes.Node) -> Iterator[str]:
    """The literal strings an expression may show: itself, or a branch of a condition; not what is passed on."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, nodes.CondExpr):
        for branch in (node.expr1, node.expr2):
            if branch is not None:
                yield from _constants(branch)
    elif isinstance(node, (nodes.Concat, nodes.Or)):
        for part in node.iter_child_nodes():
            yield from _constants(part)
    elif isinstance(node, (nodes.List, nodes.Tuple)):
        for part in node.items:
            yield from _constants(part)


def _template_faults(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    words = [_without_code(source)]
    if path.suffix == ".html":
        parser = _Text()
        parser.feed(words[0])
        words = parser.found
    for text in words:
        text = re.sub(r'[\w-]+=""', "", text)  # noqa: PLW2901  (a macro that writes part of a tag)
        for name in SAME_EVERYWHERE:
            text = text.replace(name, "")  # noqa: PLW2901
        if LETTERS.search(text) and not ADDRESS.fullmatch(text.strip()):
            yield f"{shown(path)}: text outside gettext: {' '.join(text.split())!r}"
    tree = _environment().parse(source)
    for call in tree.find_all(nodes.Call):
        if not (isinstance(call.node, nodes.Getattr) and isinstance(call.node.node, nodes.Name)):
            continue
        if call.node.node.name not in {"ui", "ui_frame"}:
            continue
        places = SHOWN_ARGUMENTS.get(call.node.attr, (0,))
        said = [part for at in places if at < len(call.args) for part in _constants(call.args[at])]
        for keyword in call.kwargs:
            if keyword.key in SHOWN_KEYWORDS:
                said += _constants(keyword.value)
        for text in said:
            if LETTERS.search(text) and text not in SAME_EVERYWHERE and not text.startswith("http"):
                yield f"{shown(path)}:{call.lineno}: ui.{call.node.attr}() with text outside gettext: {text!r}"


def _environment():
    return next(engine.env for engine in engines.all() if hasattr(engine, "env"))


def test_templates_say_nothing_outside_gettext():
    faults = [fault for path in templates() for fault in _template_faults(path)]
    assert not faults, "\n".join(faults)


# --- scripts

SAYING = re.compile(
    r"""(?:\.(?:textContent|innerText|title|placeholder|ariaLabel)\s*=\s*|toast\(\s*|(?:alert|confirm)\(\s*"""
    r"""|setAttribute\(\s*["'](?:aria-label|title|placeholder)["']\s*,\s*)(["'`])(?P<text>[^"'`]*)\1"""
)


def _script_faults(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    for token in tokenize(source):
        if token.type in {"string", "template_string"} and CHINESE.search(token.value):
            yield f"{shown(path)}:{token.lineno}: Chinese outside gettext: {token.value}"
    for match in SAYING.finditer(source):
        if LETTERS.search(re.sub(r"\$\{.*?\}", "", match["text"])):
            yield f"{shown(path)}: text outside gettext: {match['text']!r}"


def test_scripts_say_nothing_outside_gettext():
    faults = [fault for path in scripts() for fault in _script_faults(path)]
    assert not faults, "\n".join(faults)


# --- the tests above find what they should


@pytest.mark.parametrize(
    "source",
    ['raise NotAllowed("Only a teacher may.")', 'x = {"name": "张三"}', 'f = CharField(label="Title")'],
)
def test_python_outside_gettext_is_found(tmp_path, monkeypatch, source):
    monkeypatch.setattr("homeroom.ui.tests.test_words.PACKAGE", tmp_path)
    path = tmp_path / "notices" / "pages.py"
    path.parent.mkdir()
    path.write_text(source, encoding="utf-8")
    assert list(_python_faults(path))


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello there</p>",
        '<img alt="{{ x }} picture">',
        '{{ ui.button("Save") }}',
        '{{ ui.field("a", label="Name") }}',
    ],
)
def test_templates_outside_gettext_are_found(tmp_path, monkeypatch, source):
    monkeypatch.setattr("homeroom.ui.tests.test_words.PACKAGE", tmp_path)
    path = tmp_path / "notices" / "x.html"
    path.parent.mkdir()
    path.write_text(source, encoding="utf-8")
    assert list(_template_faults(path))


@pytest.mark.parametrize("source", ['box.textContent = "Saved";', "toast('Saved');", 'const a = "已保存";'])
def test_scripts_outside_gettext_are_found(tmp_path, monkeypatch, source):
    monkeypatch.setattr("homeroom.ui.tests.test_words.PACKAGE", tmp_path)
    path = tmp_path / "x.js"
    path.write_text(source, encoding="utf-8")
    assert list(_script_faults(path))


# --- catalogues


@pytest.mark.parametrize("module", messages.modules())
def test_every_message_has_its_chinese(module):
    faults = [str(fault) for fault in messages.check(module)]
    assert not faults, "\n".join(faults)


def test_a_message_is_the_same_everywhere():
    """Django merges the modules' catalogues: two translations of one msgid would depend on the order of modules."""
    said: dict[tuple[str, str | None, object], dict[object, list[str]]] = defaultdict(lambda: defaultdict(list))
    for module in messages.modules():
        for domain in ("django", "djangojs"):
            path = messages.po_path(module, messages.COMPLETE, domain)
            if not path.exists():
                continue
            for message in messages.read(path, messages.COMPLETE):
                if message.id and message.string:
                    msgid = message.id if isinstance(message.id, str) else message.id[0]
                    text = message.string if isinstance(message.string, str) else message.string[0]
                    said[domain, message.context, msgid][text].append(module)
    twice = [f"{key}: {dict(texts)}" for key, texts in said.items() if len(texts) > 1]
    assert not twice, "\n".join(twice)
