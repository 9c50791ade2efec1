"""Jinja2 for the pages: `templates/` of Homeroom's own modules, with translation, autoescape and a few helpers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.template.backends.jinja2 import Jinja2
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.functional import cached_property
from jinja2 import Environment, Undefined
from jinja2.exceptions import UndefinedError
from jinja2.utils import missing

from . import icons, moments
from .public import fixed_address


class ModuleTemplates(Jinja2):
    """Django's Jinja2 backend, looking in `templates/` of the homeroom modules only.

    The packages beside us (allauth, axes) have Django templates under the same folder name, which Jinja2 must not try.
    """

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


def environment(**options: Any) -> Environment:
    """The Jinja2 environment of every page."""
    # A misspelt name is an error while developing and testing; a family's page in use rather shows a gap.
    options["undefined"] = CarefulUndefined if settings.DEBUG or settings.TESTING else Undefined
    options["extensions"] = ["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"]
    options["trim_blocks"] = options["lstrip_blocks"] = True
    options["cache_size"] = -1
    env = Environment(**options)  # noqa: S701  (the backend passes autoescape=True)
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


def initials(name: str) -> str:
    """One or two characters that stand for a person: the given name of a Chinese name, the initials of a Latin one."""
    name = str(name).strip()
    if not name:
        return ""
    if name[0] <= "\u024f":
        words = name.split()
        return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
    if len(name) > 4 or name.endswith(("老师", "主任", "校长")):  # a label such as 张小雨妈妈, 李老师
        return name[:1]
    return name[-2:]


def tone(name: str) -> int:
    """One of six colours, always the same for the same name."""
    return sum(map(ord, str(name))) % 6
