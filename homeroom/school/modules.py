"""The parts of Homeroom a school may switch off. Each says so by one line in `site/reactions.py`."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class SwitchableModule:
    """`name` is the module's folder, or a feature of it: notices.fees."""

    name: str
    label: str | Promise
    help: str | Promise = ""


_modules: dict[str, SwitchableModule] = {}


def register_module(module: SwitchableModule) -> None:
    """Let schools switch `module`; the same name again replaces it."""
    _modules[module.name] = module


def switchable_modules() -> list[SwitchableModule]:
    """In the order in which they were registered."""
    return list(_modules.values())
