"""Jinja2 for the pages: `templates/` of Homeroom's own modules, with translation, autoescape and a few helpers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, cast

from django.apps import apps
from django.conf import settings
from django.template.backends.jinja2 import Jinja2
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.functional import cached_property
from jinja2 import Environment, Template, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import TemplateModule
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Context, Macro
from jinja2.utils import internalcode, missing
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape
from markupsafe import _escape_inner as escape_text  # type: ignore[attr-defined]

from . import icons, moments
from .public import fixed_address


class ModuleTemplates(Jinja2):
    """Django's Jinja2 backend, looking in `templates/` of the homeroom modules only.

    The packages beside us (allauth, axes) have Django templates under the same folder name, which Jinja2 must not try.
    A template is compiled once for each language, with the words of that language in it (see WordedEnvironment).
    """

    @property
    def env(self) -> Environment:
        return self._worded.get(translation.get_language() or "", self._plain)

    @env.setter
    def env(self, made: Environment) -> None:
        self._plain = cast("WordedEnvironment", made)
        self._worded = {code: self._plain.in_language(code) for code, _name in settings.LANGUAGES}

    def forget_words(self) -> None:
        """Compile the templates anew when they are next asked for: the catalogues have changed."""
        self.env = self._plain

    @cached_property
    def template_dirs(self) -> tuple[str, ...]:
        return tuple(
            str(folder)
            for config in apps.get_app_configs()
            if config.name.startswith("homeroom.") and (folder := Path(config.path) / "templates").is_dir()
        )


class CarefulUndefined(Undefined):
    """An error for a name or an attribute that does not exist; a key missing from a dict is merely absent."""

    __slots__ = ()

    def _check(self) -> None:
        if self._undefined_obj is missing or not isinstance(self._undefined_obj, Mapping):
            raise UndefinedError(self._undefined_message)

    def __str__(self) -> str:
        self._check()
        return ""

    def __bool__(self) -> bool:
        self._check()
        return False

    def __iter__(self) -> Iterator[Any]:
        self._check()
        return iter(())


def text(value: object) -> str:
    """`value` escaped for a page. As markupsafe's `escape`, without making an object of each piece to be joined."""
    if type(value) is str:
        return escape_text(value)
    return value if type(value) is Markup else escape(value)


class PlainOutput(CodeGenerator):
    """Escapes what a template puts out with `text`, and reads attributes at once: a page has eight hundred of each."""

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        # What has no such attribute, a dict or a misspelt name, goes Jinja's own way.
        self.write("(found if (found := getattr((owner := ")
        self.visit(node.node, frame)
        self.write(f"), {node.attr!r}, missing)) is not missing else environment.getattr(owner, {node.attr!r}))")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile:
            self.write("environment.text(")
            if finalize.src is not None:
                self.write(finalize.src)
        else:
            super()._output_child_pre(node, frame, finalize)


class ShortWay(Context):
    """Calls a macro at once: what the general way looks for first, ours never have, and a page calls a hundred."""

    @internalcode
    def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        if type(called) is not Macro:
            return super().call(called, *args, **kwargs)
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        names = called.arguments[len(args) :]
        if called.caller or called.catch_kwargs or called.catch_varargs or not kwargs.keys() <= set(names):
            return called(*args, **kwargs)
        return str.__new__(Markup, called._func(*args, *[kwargs.get(name, missing) for name in names]))


class OwnTemplate(Template):
    """Imported by another, it is the same module on every page: nothing but the environment's globals is in it."""

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        if self._module is None:
            self._module = self.make_module()
        return self._module


class WordedEnvironment(Environment):
    """An environment whose templates have the words of one language in them, translated while they are compiled.

    A page has a hundred fixed words; looked up while it is rendered they take a tenth of its time.
    """

    code_generator_class = PlainOutput
    context_class = ShortWay
    template_class = OwnTemplate
    text = staticmethod(text)
    language = ""  # empty: every word is looked up while the page is rendered

    def in_language(self, code: str) -> WordedEnvironment:
        """The same environment with templates of its own, in that language."""
        worded = self.overlay(cache_size=-1)
        worded.language = code
        return worded

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        if self.language:
            with translation.override(self.language):
                source = _Wording().visit(source)
        return super()._generate(source, *args, **kwargs)


class _Wording(NodeTransformer):
    """Puts in the place of `_("Save")` what it says, and of `icon("check")` its drawing. Calls with values stay."""

    CALLS: ClassVar[dict[str, Callable[..., str]]] = {
        "_": translation.gettext, "gettext": translation.gettext, "pgettext": translation.pgettext,
    }  # fmt: skip

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        fixed = not (node.kwargs or node.dyn_args or node.dyn_kwargs)
        if not fixed or not all(isinstance(word, nodes.Const) for word in node.args):
            return self.generic_visit(node)
        given = [word.value for word in node.args if isinstance(word, nodes.Const)]
        if name == "icon":
            return nodes.Const(icons.icon(*given), lineno=node.lineno)
        translate = self.CALLS.get(name)
        if translate is None:
            return self.generic_visit(node)
        words = translate(*given)
        # As the i18n extension's own callables: trusted, and %% stands for %.
        return nodes.Const(Markup(words) % {}, lineno=node.lineno)  # noqa: S704  (our own catalogues)


def environment(**options: Any) -> WordedEnvironment:
    """The Jinja2 environment of every page."""
    # A misspelt name is an error while developing and testing; a family's page in use rather shows a gap.
    options["undefined"] = CarefulUndefined if settings.DEBUG or settings.TESTING else Undefined
    options["extensions"] = ["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"]
    options["trim_blocks"] = options["lstrip_blocks"] = True
    options["cache_size"] = -1
    env = WordedEnvironment(**options)
    env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=translation.gettext,
        ngettext=translation.ngettext,
        pgettext=translation.pgettext,
        npgettext=translation.npgettext,
        newstyle=True,
    )
    env.globals.update(static=static if settings.DEBUG else lru_cache(maxsize=512)(static), url=_url, icon=icons.icon)
    env.filters.update(
        local_time=moments.local_time,
        local_date=moments.local_date,
        relative=moments.relative,
        deadline=moments.deadline,
        clock=moments.clock,
        weekday=moments.weekday_name,
        number=moments.number,
        percent=moments.percent,
        initials=initials,
        tone=tone,
    )
    return env


def _url(name: str, *args: Any, **kwargs: Any) -> str:
    if not args and not kwargs:
        return fixed_address(name)
    return reverse(name, args=args or None, kwargs=kwargs or None)


_CHINESE = re.compile("[\u4e00-\u9fff]")


def initials(name: str) -> str:
    """One or two characters that stand for a person: the given name of a Chinese name, the initials of a Latin one."""
    name = str(name).strip()
    if not name:
        return ""
    if name[0] <= "\u024f":
        if (chinese := _CHINESE.search(name)) is not None:  # a label in English: Teacher 王
            return chinese[0]
        words = name.split()
        return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
    if len(name) > 4 or name.endswith(("老师", "主任", "校长")):  # a label such as 张小雨妈妈, 李老师
        return name[:1]
    return name[-2:]


def tone(name: str) -> int:
    """One of six colours, always the same for the same name."""
    return sum(map(ord, str(name))) % 6
