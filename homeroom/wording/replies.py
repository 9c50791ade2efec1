"""Canned replies as one writer is offered them in one conversation: filled, so that what is inserted can be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from homeroom.people.models import Person

from .access import visible_templates
from .services import REPLY
from .variables import render, variables_in


@dataclass(frozen=True, slots=True)
class Canned:
    """`keys` is all a reply is found by, in lower case: name, shortcut, the name's syllables and their initials."""

    name: str
    shortcut: str
    text: str
    keys: str
    of_school: bool


def canned_replies(person: Person, values: Mapping[str, str]) -> list[Canned]:
    """The person's own replies, then the school's, with variables filled from `values`; one statement.

    A reply with a variable that has no value here is left out: nobody should send a gap. An own reply hides the
    school's of the same name.
    """
    found: dict[str, Canned] = {}
    rows = visible_templates(person, REPLY).order_by("name")
    for row in sorted(rows, key=lambda one: one.owner_id is None):
        if row.name not in found and variables_in(row.text) <= values.keys():
            syllables = row.pinyin.split(" ")
            spoken = "".join(syllables[:-1])
            keys = " ".join([row.shortcut, row.name, *syllables[-1:], spoken]).lower()
            found[row.name] = Canned(row.name, row.shortcut, render(row.text, values), keys, row.owner_id is None)
    return list(found.values())
